/** Answers in the box's place, for states that the real service cannot be put in here. */
import type { Page, Route } from "@playwright/test";

import type { Fault, Volume } from "../src/api/types";

export const OPEN_VOLUME: Volume = {
  state: "open",
  protection: "tpm",
  recovery_key: "missing",
  size_bytes: 500e9,
  free_bytes: 320e9,
  resealed: false,
};

export const CHIP_REFUSES: Fault = {
  kind: "data_closed",
  reason: "tpm_refused",
  title: "The box's data is locked: the security chip does not open it",
  text: "The chip of this machine does not give the key. The recovery key opens the data.",
  ways_out: ["recovery_key", "restart", "erase"],
};

/** In the form in which systemd makes one. */
export const RECOVERY_KEY = Array<string>(8).fill("cbdefghi").join("-");

/** A box whose data is `volume`; change it as the test goes. */
export async function stubStorage(page: Page, volume: Volume): Promise<{ volume: Volume }> {
  const box = { volume };
  await page.route("**/api/v1/storage", (route) => route.fulfill({ json: { volume: box.volume } }));
  return box;
}

/** A box with `fault`, or without one; change it as the test goes. */
export async function stubFault(page: Page, fault: Fault | null): Promise<{ fault: Fault | null }> {
  const box = { fault };
  await page.route("**/api/v1/system/fault", (route) => route.fulfill({ json: { fault: box.fault } }));
  return box;
}

/** Refuses as the box does. */
export function refuse(route: Route, status: number, slug: string, title: string): Promise<void> {
  return route.fulfill({
    status,
    contentType: "application/problem+json",
    body: JSON.stringify({
      type: `urn:anya:problem:${slug}`,
      title,
      status,
      detail: `${title}.`,
      next: "Try again.",
      request_id: "0",
    }),
  });
}
