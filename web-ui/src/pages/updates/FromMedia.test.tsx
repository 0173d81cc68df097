// @vitest-environment jsdom
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import type { UpdateMedia, UpdateOffer, UpdateOnMedium, UpdateStatus } from "../../api/types";
import { applyEvent, boxState, forgetAll } from "../../live/box_state";
import { FromMedia } from "./FromMedia";

const file = "anya-1.3.0-generic-x86_64.update";
const RELEASE: UpdateOnMedium = { medium: "sdb1", file, version: "1.3.0", board: "generic-x86_64", size: 700e6, fit: "newer" };
const STATUS = {
  availability: { state: "ready" },
  running: "1.2.0",
  board: "generic-x86_64",
  activity: null,
  phase: { phase: "idle" },
  offer: null,
} as UpdateStatus;

let media: UpdateMedia;
/** What was asked of the box, but for reading. */
let orders: [string, unknown][];
/** What the box refuses the next order with. */
let refusal: Response | null;

beforeEach(() => {
  forgetAll();
  media = { releases: [RELEASE], taking: null };
  orders = [];
  refusal = null;
  vi.spyOn(globalThis, "fetch").mockImplementation((path, init) => {
    if (init?.method !== "POST") return Promise.resolve(Response.json(media));
    orders.push([(path as string).replace("/api/v1/updates", ""), typeof init.body === "string" ? JSON.parse(init.body) : null]);
    return Promise.resolve(refusal ?? Response.json(STATUS, { status: 202 }));
  });
});

const show = async (parts: Partial<UpdateStatus> = {}) => {
  render(<FromMedia status={{ ...STATUS, ...parts }} />);
  await screen.findByRole("region", { name: /^A USB stick with Anya/ });
};
const tell = (now: UpdateMedia) => {
  media = now;
  act(() => applyEvent({ id: 1, at: "2026-11-21T09:00:10Z", type: "update_media_changed", media: now }));
};
const noButton = () => expect(screen.queryByRole("button")).toBeNull();

test("a stick that is plugged in is seen, copied from by a click, and told how far it is", async () => {
  media = { releases: [], taking: null };
  const { container } = render(<FromMedia status={STATUS} />);
  await vi.waitFor(() => expect(boxState.updateMedia.snapshot().value).not.toBeNull());
  expect(container.textContent).toBe("");

  tell({ releases: [RELEASE], taking: null });
  screen.getByRole("heading", { name: "A USB stick with Anya 1.3.0 is plugged in" });
  // By keyboard alone.
  await userEvent.tab();
  await userEvent.keyboard("{Enter}");
  expect(orders).toEqual([["/media", { medium: "sdb1", file }]]);

  tell({ releases: [RELEASE], taking: { medium: "sdb1", file, done: 175e6, total: 700e6 } });
  expect(screen.getByRole("progressbar", { name: `Copying ${file}` }).getAttribute("aria-valuenow")).toBe("25");
  screen.getByText(/Leave the stick in/);
  tell({ releases: [RELEASE], taking: { medium: "sdb1", file, done: 700e6, total: 700e6 } });
  screen.getByText(/checks who signed it/);
  await userEvent.click(screen.getByRole("button", { name: "Stop" }));
  expect(orders.at(-1)).toEqual(["/cancel", null]);

  tell({ releases: [], taking: null });
  expect(container.textContent).toBe("");
});

test("what is copied already says so, and the stick can go", async () => {
  await show({ offer: { version: "1.3.0", source: "file" } as UpdateOffer, phase: { phase: "ready", version: "1.3.0" } });
  screen.getByText(/You can pull the stick out now/);
  noButton();
});

test("of several versions the one that fits is offered", async () => {
  media.releases = [{ ...RELEASE, version: "1.4.0", board: "qemu-x86_64", fit: "other_board" }, RELEASE];
  await show();
  screen.getByRole("heading", { name: /Anya 1.3.0/ });
  screen.getByRole("button", { name: "Copy it to the box" });
});

test.each([
  ["other_board", /another kind of box, generic-x86_64. This one needs the file for qemu-x86_64/],
  ["older", /older than version 1.2.0/],
  ["running", /there is nothing to do/],
  ["not_whole", /only a part/],
  ["too_large", /larger than any version/],
] as const)("a version that is of no use (%s) says why, and has no button", async (fit, words) => {
  media.releases = [{ ...RELEASE, fit }];
  await show({ board: "qemu-x86_64" });
  screen.getByText(words);
  noButton();
});

test("while another update is under way, nothing can be copied", async () => {
  await show({ phase: { phase: "downloading", version: "1.3.0", done: 0, total: 1 } });
  screen.getByText(/Another update is under way/);
  noButton();
});

test("a refusal is told where the click was", async () => {
  const body = { type: "urn:anya:problem:update-refused", title: "t", detail: "The update needs 900 MiB." };
  refusal = Response.json(body, { status: 422, headers: { "Content-Type": "application/problem+json" } });
  await show();
  await userEvent.click(screen.getByRole("button", { name: "Copy it to the box" }));
  await screen.findByText(/needs 900 MiB/);
});
