/** Answers in the box's place, for states that the real service cannot be put in here. */
import type { Page, Route, WebSocketRoute } from "@playwright/test";

import type { Fault, UpdateMedia, UpdatePhase, UpdateSettings, UpdateStatus, Volume } from "../src/api/types";

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

export const OFFER: NonNullable<UpdateStatus["offer"]> = {
  version: "1.3.0",
  source: "server",
  notes: "The node starts twice as fast.\n\n- Keys: Ed25519 on YubiHSM.\n- Fixed: <b>bold</b> promises.",
  signed_by: ["Ada Lovelace", "Grace Hopper"],
  signed: "2026-11-20T10:00:00Z",
  expires: "2027-11-20T10:00:00Z",
  epoch: 2,
  size: 712e6,
  download: 31.4e6,
  set_aside: null,
};

/** A box in its image, with a newer version. */
export const UPDATES: UpdateStatus = {
  availability: { state: "ready" },
  running: "1.2.0",
  board: "generic-x86_64",
  good: true,
  activity: null,
  phase: { phase: "available", version: "1.3.0" },
  problem: null,
  offer: OFFER,
  last_check: { at: "2026-11-21T09:00:00Z", problem: null },
  next_check: "2026-11-21T21:14:00Z",
  previous: { version: "1.1.0", refused: null },
  history: [
    { version: "1.2.0", at: "2026-11-01T03:02:00Z", outcome: "installed", reason: "" },
    { version: "1.1.5", at: "2026-10-11T03:09:00Z", outcome: "rolled_back", reason: "The key store did not answer." },
  ],
};

export const UPDATE_SETTINGS: UpdateSettings = {
  automatic: "install",
  server: "https://updates.example/anya",
  channel: "stable",
  check_every_hours: 12,
  restart: { when: "at", at: "03:00" },
  bandwidth: null,
};

export type StubbedUpdates = {
  status: UpdateStatus;
  settings: UpdateSettings;
  media: UpdateMedia;
  /** What was ordered, in turn. */
  orders: string[];
  /** Goes on to a phase, and tells of it as the box does. */
  tell: (phase: UpdatePhase, parts?: Partial<UpdateStatus>) => void;
  /** Plugs a stick in or pulls it out, or goes on copying from it, and tells of it. */
  tellMedia: (media: UpdateMedia) => void;
  /** Ends the connection of events, as a box does that restarts. */
  hangUp: () => void;
};

/** A box whose updates are `status`, on pages that are loaded from now on. */
export async function stubUpdates(page: Page, status: UpdateStatus): Promise<StubbedUpdates> {
  let events: WebSocketRoute | null = null;
  const box: StubbedUpdates = {
    status,
    settings: UPDATE_SETTINGS,
    media: { releases: [], taking: null },
    orders: [],
    tell(phase, parts = {}) {
      box.status = { ...box.status, ...parts, phase };
      events?.send(JSON.stringify({ id: 1, at: new Date().toISOString(), type: "update_changed", phase }));
    },
    tellMedia(media) {
      box.media = media;
      events?.send(JSON.stringify({ id: 1, at: new Date().toISOString(), type: "update_media_changed", media }));
    },
    hangUp: () => void events?.close(),
  };
  await page.routeWebSocket("**/api/v1/events", (route) => {
    events = route;
  });
  await page.route("**/api/v1/updates", (route) => route.fulfill({ json: box.status }));
  await page.route("**/api/v1/updates/*", (route) => {
    const request = route.request();
    const what = new URL(request.url()).pathname.split("/").at(-1) ?? "";
    if (what === "settings") {
      if (request.method() === "PUT") box.settings = request.postDataJSON() as UpdateSettings;
      return route.fulfill({ json: box.settings });
    }
    if (what === "media" && request.method() === "GET") return route.fulfill({ json: box.media });
    box.orders.push(what === "install" || what === "media" ? `${what} ${request.postData() ?? ""}` : what);
    return route.fulfill({ status: 202, json: box.status });
  });
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
