// @vitest-environment jsdom
import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import type { UpdateOffer, UpdatePhase, UpdateSettings, UpdateStatus } from "../../api/types";
import { boxState, forgetAll } from "../../live/box_state";
import type { LiveState } from "../../live/event_stream";
import { loadAnew } from "../../live/load_anew";
import { UpdatesPage } from "./UpdatesPage";

vi.mock("../../live/load_anew", () => ({ loadAnew: vi.fn() }));

let live: LiveState;
vi.mock("../../live/LiveProvider", () => ({ useLive: () => ({ state: live, retryNow: () => undefined }) }));

const version = "1.3.0";
const OFFER: UpdateOffer = {
  version,
  source: "server",
  notes: "Faster.\n<img src=x onerror=alert(1)>",
  signed_by: ["Ada", "Grace"],
  signed: "2026-11-20T00:00:00Z",
  expires: "2027-11-20T00:00:00Z",
  epoch: 2,
  size: 700e6,
  download: 31e6,
  set_aside: null,
};
const STATUS: UpdateStatus = {
  availability: { state: "ready" },
  running: "1.2.0",
  board: "generic-x86_64",
  good: true,
  activity: null,
  phase: { phase: "available", version },
  problem: null,
  offer: OFFER,
  last_check: { at: "2026-11-21T09:00:00Z", problem: null },
  next_check: "2026-11-21T21:00:00Z",
  previous: { version: "1.1.0", refused: null },
  history: [{ version: "1.2.0", at: "2026-11-01T03:00:00Z", outcome: "installed", reason: "" }],
};
const SETTINGS: UpdateSettings = {
  automatic: "install",
  server: "https://updates.example/anya",
  channel: "stable",
  check_every_hours: 12,
  restart: { when: "manual", at: null },
  bandwidth: null,
};

let status: UpdateStatus;
let settings: UpdateSettings;
/** What was asked of the box, but for reading. */
let orders: [string, unknown][];
/** What the box refuses the next order with. */
let refusal: Response | null;

const refuse = (statusCode: number, slug: string, detail: string, errors: object[] = []) =>
  Response.json(
    { type: `urn:anya:problem:${slug}`, title: slug, detail, next: "Next.", errors },
    { status: statusCode, headers: { "Content-Type": "application/problem+json" } },
  );

beforeEach(() => {
  forgetAll();
  vi.mocked(loadAnew).mockClear();
  live = { kind: "live" };
  status = STATUS;
  settings = SETTINGS;
  orders = [];
  refusal = null;
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const path = (input as string).replace("/api/v1/updates", "");
    const method = init?.method ?? "GET";
    const known = path === "/settings" ? settings : path === "/media" ? { releases: [], taking: null } : status;
    if (method === "GET") return Promise.resolve(Response.json(known));
    const body = typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : null;
    orders.push([path, body]);
    if (refusal !== null) return Promise.resolve(refusal);
    if (path === "/settings") {
      settings = body as UpdateSettings;
      return Promise.resolve(Response.json(settings));
    }
    return Promise.resolve(Response.json(status, { status: 202 }));
  });
});

const show = async (parts: Partial<UpdateStatus> = {}) => {
  status = { ...STATUS, ...parts };
  render(<UpdatesPage />);
  await screen.findByRole("heading", { level: 2, name: "On this box" });
};
const button = (name: string | RegExp) => screen.getByRole("button", { name });
const noButton = (name: string | RegExp) => expect(screen.queryByRole("button", { name })).toBeNull();
const turnsInto = (parts: Partial<UpdateStatus>) => {
  status = { ...status, ...parts };
  act(() => boxState.updates.put(status));
};

test("what is offered is told in full, its notes as plain text", async () => {
  await show();
  const offer = within(screen.getByRole("region", { name: "Version 1.3.0" }));
  offer.getByText(/<img src=x onerror=alert\(1\)>/);
  expect(document.querySelector("img")).toBeNull();
  offer.getByText("Ada and Grace");
  offer.getByText("31 MB");
  offer.getByText("700 MB");
  screen.getByText("generic-x86_64");
  screen.getByText(/Version 1.2.0 was installed, and works/);
});

test("installing goes from the click to the steps and the restart", async () => {
  await show();
  await screen.findByText(/it restarts when you say so/);
  await userEvent.click(button("Install it"));
  expect(orders).toEqual([["/install", { version, insist: false }]]);

  turnsInto({ phase: { phase: "downloading", version, done: 15.5e6, total: 31e6 } });
  expect(screen.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("50");
  screen.getByText("15.5 MB of 31 MB");
  noButton("Install it");
  await userEvent.click(button("Stop"));
  expect(orders.at(-1)).toEqual(["/cancel", null]);

  turnsInto({ phase: { phase: "installing", version, step: "verify_read_back" } });
  const steps = within(screen.getByRole("list", { name: "Steps of the installation" }));
  expect(steps.getAllByRole("listitem").map((step) => step.getAttribute("aria-current"))).toEqual([null, null, "step", null]);
  noButton(/Go back/);

  turnsInto({ phase: { phase: "restart_pending", version, at: new Date(Date.now() + 65_500).toISOString() }, offer: null });
  expect(screen.getByRole("timer").textContent).toMatch(/^1:0[56]$/);
  screen.getByRole("link", { name: "Change the time" });
  await userEvent.click(button("Restart now"));
  expect(orders.at(-1)).toEqual(["/restart", null]);
  screen.getByRole("heading", { name: "The box restarts into version 1.3.0" });
});

test("a restart that waits for its owner says so", async () => {
  await show({ phase: { phase: "restart_pending", version, at: null }, offer: null });
  screen.getByText(/It starts when you restart the box/);
  expect(screen.queryByRole("timer")).toBeNull();
  screen.getByRole("link", { name: "Choose a time instead" });
});

test("a box that goes away when its time has come is waited for, and the new page is loaded", async () => {
  const at = new Date(Date.now() + 1_000).toISOString();
  live = { kind: "lost", retryAt: null };
  status = { ...STATUS, phase: { phase: "restart_pending", version, at } };
  const { rerender } = render(<UpdatesPage />);
  await screen.findByRole("heading", { name: "The box restarts into version 1.3.0" });
  live = { kind: "live" };
  rerender(<UpdatesPage />);
  expect(loadAnew).not.toHaveBeenCalled();
  turnsInto({ running: version, phase: { phase: "trial", version, since: at } });
  screen.getByText("Checking that everything works");
  expect(loadAnew).toHaveBeenCalledOnce();
});

const AFTER: [UpdatePhase, RegExp][] = [
  [{ phase: "trial", version, since: "2026-11-22T03:00:00Z" }, /goes back to the version before by itself/],
  [{ phase: "good", version, at: "2026-11-22T03:00:00Z" }, /Version 1.3.0 is installed, and everything works/],
  [{ phase: "rolled_back", version, to: "1.2.0", reason: "The key store did not answer." }, /Nothing was lost/],
  [{ phase: "checking", since: "2026-11-22T03:00:00Z" }, /few seconds/],
  [{ phase: "idle" }, /no newer version/],
];
test.each(AFTER)("%j is told", async (phase, words) => {
  await show({ phase, offer: null });
  screen.getByText(words);
  if (phase.phase === "rolled_back") screen.getByText(/The key store did not answer/);
});

test("a version that is set aside is installed only by who insists", async () => {
  await show({ phase: { phase: "idle" }, offer: { ...OFFER, set_aside: "It did not start on 22 November." } });
  expect(screen.getAllByText("It did not start on 22 November.")).toHaveLength(1);
  await userEvent.click(button("Install it all the same…"));
  expect(orders).toEqual([]);
  const dialog = within(screen.getByRole("dialog"));
  dialog.getByText("It did not start on 22 November.");
  await userEvent.click(dialog.getByRole("button", { name: "Leave it" }));
  expect(screen.queryByRole("dialog")).toBeNull();
  await userEvent.click(button("Install it all the same…"));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Install it all the same" }));
  expect(orders).toEqual([["/install", { version, insist: true }]]);
});

test("what the box refuses is said where it was asked for", async () => {
  await show();
  refusal = refuse(409, "update-under-way", "An update is being read from a file.");
  await userEvent.click(button("Only download it"));
  await screen.findByText(/being read from a file/);
});

test("going back asks first, and says why when there is no way", async () => {
  await show();
  await userEvent.click(button("Go back to version 1.1.0…"));
  within(screen.getByRole("dialog")).getByText(/Your keys, data and settings stay/);
  await userEvent.click(button("Stay with 1.2.0"));
  expect(orders).toEqual([]);
  await userEvent.click(button("Go back to version 1.1.0…"));
  refusal = refuse(422, "update-refused", "It is not safe any more.");
  await userEvent.click(button("Go back and restart"));
  await within(screen.getByRole("dialog")).findByText(/It is not safe any more/);
  refusal = null;
  await userEvent.click(button("Go back and restart"));
  await screen.findByRole("heading", { name: "The box goes back to version 1.1.0" });
});

test("a way back that is closed is explained", async () => {
  await show({ previous: { version: "1.1.0", refused: "It is not safe any more." } });
  screen.getByText(/no way back to version 1.1.0: It is not safe/);
  noButton(/Go back/);
});

test("a machine that takes no updates says why, and what to do instead", async () => {
  await show({ availability: { state: "unsupported" }, board: null, offer: null, previous: null, phase: { phase: "idle" } });
  screen.getByText(/not from its own image, so it takes no updates/);
  screen.getByText("make run");
  noButton(/./);
  expect(screen.queryByText("How updates are installed")).toBeNull();
});

test("a box that cannot now says why, and offers nothing that would fail", async () => {
  await show({ availability: { state: "blocked", reason: "The slots cannot be looked at." } });
  screen.getByText("The slots cannot be looked at.");
  noButton(/Install|Look for/);
  expect(screen.queryByLabelText("Choose the file")).toBeNull();
});

test("looking, and why that is not possible without a server", async () => {
  await show({ phase: { phase: "idle" }, offer: null });
  await userEvent.click(await screen.findByRole("button", { name: "Look for a new version" }));
  expect(orders).toEqual([["/check", null]]);
  act(() => boxState.updateSettings.put({ ...SETTINGS, server: null }));
  noButton("Look for a new version");
  screen.getByText(/no server to look at/);
});

test("settings are kept, and what the box does not take is said at its field", async () => {
  await show();
  await userEvent.click(await screen.findByRole("radio", { name: /Only tell me/ }));
  await userEvent.selectOptions(screen.getByLabelText("When the box restarts into a new version"), "At once");
  await userEvent.click(button("Keep these settings"));
  await screen.findByText("Kept");
  expect(orders).toEqual([["/settings", { ...SETTINGS, automatic: "check", restart: { when: "now", at: null } }]]);

  refusal = refuse(400, "invalid-request", "d", [{ field: "server", reason: "cannot be: it has no host" }]);
  await userEvent.type(screen.getByLabelText("Address of the server"), "x");
  expect(screen.queryByText("Kept")).toBeNull();
  await userEvent.click(button("Keep these settings"));
  await screen.findByText("The server cannot be: it has no host.");
  await userEvent.type(screen.getByLabelText(/kilobytes a second/), "3");
  await userEvent.click(button("Keep these settings"));
  screen.getByText(/whole number from 17/);
  expect(orders).toHaveLength(2);
});
