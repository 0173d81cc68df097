import { afterEach, expect, test, vi } from "vitest";

import type { BitcoinStatus, EventFrame, System, UpdateStatus, Volume } from "../api/types";
import { applyEvent, boxState, forgetAll } from "./box_state";

const NODE: BitcoinStatus = {
  state: "running",
  detail: null,
  chain: "regtest",
  blocks: 4,
  headers: 4,
  best_block_hash: "aa",
  sync_progress: 1,
  initial_block_download: false,
  peers: { inbound: 0, outbound: 0 },
  version: "/Satoshi:31.99.0/",
  implementation: "Bitcoin Core",
  rules: { verdict: "bitcoin", reason: null },
  source: "",
  restarts: 0,
  uptime_seconds: 1,
  block_source: ["long_poll"],
};

afterEach(() => forgetAll());

const event = (body: object) => applyEvent({ id: 1, at: "2026-11-21T09:00:10Z", ...body } as EventFrame);

test("a new block changes the height", () => {
  boxState.bitcoin.put(NODE);
  event({ type: "block_connected", height: 5, hash: "bb" });
  expect(boxState.bitcoin.snapshot().value).toMatchObject({ blocks: 5, headers: 5, best_block_hash: "bb" });
});

test("a reading of the board comes with the service's age", () => {
  boxState.system.put({ started_at: "2026-11-21T09:00:00Z", uptime_seconds: 1 } as System);
  boxState.storage.put({ volume: { size_bytes: 100, free_bytes: 50 } as Volume });
  event({ type: "system_sampled", board: { load_1min: 0.5, data_disk: { available_bytes: 40 } } });
  expect(boxState.system.snapshot().value).toMatchObject({ uptime_seconds: 10, board: { load_1min: 0.5 } });
  expect(boxState.storage.snapshot().value?.volume).toEqual({ size_bytes: 100, free_bytes: 40 });
});

test("what is shown is asked anew after missed events, what is not shown is forgotten", () => {
  const fetch = vi.spyOn(globalThis, "fetch").mockImplementation(() => new Promise<Response>(() => undefined));
  const leave = boxState.tokens.subscribe(() => undefined);
  boxState.bitcoin.put(NODE);
  event({ type: "lagged", missed: 3 });
  expect(fetch.mock.calls.map(([path]) => path)).toEqual(["/api/v1/security/tokens"]);
  expect(boxState.bitcoin.snapshot().value).toBeNull();
  leave();
});

test("a download moves by events alone, and any other change is asked about", () => {
  const fetch = vi.spyOn(globalThis, "fetch").mockImplementation(() => new Promise<Response>(() => undefined));
  const asked = () => fetch.mock.calls.filter(([path]) => path === "/api/v1/updates").length;
  const downloading = (done: number) => ({ phase: "downloading", version: "1.3.0", done, total: 100 });
  const change = (phase: object) => event({ type: "update_changed", phase });
  const leave = boxState.updates.subscribe(() => undefined);
  boxState.updates.put({ running: "1.2.0", phase: { phase: "available", version: "1.3.0" } } as UpdateStatus);

  change(downloading(1));
  expect(boxState.updates.snapshot().value?.phase).toMatchObject({ done: 1 });
  expect(asked()).toBe(1);
  change(downloading(2));
  expect(boxState.updates.snapshot()).toMatchObject({ asking: true, value: { phase: { done: 1 } } });
  boxState.updates.put({ running: "1.2.0", phase: downloading(3) } as UpdateStatus);
  change(downloading(4));
  expect(boxState.updates.snapshot()).toMatchObject({ asking: false, value: { running: "1.2.0", phase: { done: 4 } } });
  expect(asked()).toBe(1);
  change({ phase: "ready", version: "1.3.0" });
  expect(boxState.updates.snapshot().value?.phase.phase).toBe("ready");
  expect(asked()).toBe(2);
  leave();
});
