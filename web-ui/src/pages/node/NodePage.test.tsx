// @vitest-environment jsdom
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import type { BitcoinStatus } from "../../api/types";
import { boxState, forgetAll } from "../../live/box_state";
import { NodePage } from "./NodePage";

const NODE: BitcoinStatus = {
  state: "running",
  detail: null,
  chain: "main",
  blocks: 935_000,
  headers: 935_000,
  best_block_hash: "aa",
  sync_progress: 1,
  initial_block_download: false,
  peers: { inbound: 2, outbound: 10 },
  version: "/Satoshi:31.99.0/",
  implementation: "Bitcoin Core",
  rules: { verdict: "bitcoin", reason: null },
  source: "Bitcoin Core 31.99, signed by five builders",
  restarts: 0,
  uptime_seconds: 7_300,
  block_source: ["long_poll", "zmq"],
};

let node: BitcoinStatus;
let accepts: boolean;
/** What the box says to another setting; null when it takes it. */
let refusal: Response | null;

beforeEach(() => {
  forgetAll();
  node = NODE;
  accepts = false;
  refusal = null;
  vi.spyOn(globalThis, "fetch").mockImplementation((path, init) => {
    if (path === "/api/v1/bitcoin/status") return Promise.resolve(Response.json(node));
    expect(path).toBe("/api/v1/bitcoin/settings");
    if (init?.method === "PUT") {
      if (refusal !== null) return Promise.resolve(refusal);
      ({ accepts_peers: accepts } = JSON.parse(init.body as string) as { accepts_peers: boolean });
    }
    return Promise.resolve(Response.json({ accepts_peers: accepts }));
  });
});

const theSwitch = () => screen.findByRole<HTMLInputElement>("switch", { name: "Let other nodes call this one" });

test("everything that is known of the node is told", async () => {
  render(<NodePage />);
  await screen.findByText("Running");
  for (const text of [
    "Bitcoin Core",
    "31.99.0",
    "Bitcoin Core 31.99, signed by five builders",
    "Bitcoin’s rules",
    "2 hours 1 minute",
    "never, since the box started",
    "all of it",
    "10",
  ]) {
    screen.getByText(text);
  }
  expect(screen.queryByRole("button", { name: "Make a test block" })).toBeNull();
});

test("a node that is refused says why and what to do", async () => {
  const reason = "This node does not follow Bitcoin's rules: it is Bitcoin Knots.";
  node = { ...NODE, state: "refused", detail: reason, rules: { verdict: "foreign", reason }, block_source: [] };
  render(<NodePage />);
  await screen.findByText(/Put Bitcoin Core in its place/);
  screen.getByText(reason);
  screen.getByText("Other rules");
  screen.getByText("not known until the node runs");
});

test("letting others call starts the node again, which is told until it runs", async () => {
  render(<NodePage />);
  expect((await theSwitch()).checked).toBe(false);
  await userEvent.click(await theSwitch());
  await screen.findByText(/The node starts again with it/);
  expect(accepts).toBe(true);
  expect((await theSwitch()).disabled).toBe(true);
  act(() => boxState.bitcoin.put({ ...NODE, state: "starting", restarts: 1 }));
  screen.getByText(/The node starts again with it/);
  act(() => boxState.bitcoin.put({ ...NODE, restarts: 1 }));
  await screen.findByText("The node runs again. Others may call it now.");
  expect((await theSwitch()).checked).toBe(true);
  expect((await theSwitch()).disabled).toBe(false);
});

test("a node that does not come back is not waited for", async () => {
  render(<NodePage />);
  await userEvent.click(await theSwitch());
  await screen.findByText(/The node starts again with it/);
  act(() => boxState.bitcoin.put({ ...NODE, state: "waiting", detail: "It ended with status 1.", restarts: 1 }));
  expect(screen.queryByText(/The node starts again with it/)).toBeNull();
  screen.getByText("It ended with status 1.");
});

test("a node that is kept off every network stays so, which is said plainly", async () => {
  const document = { type: "urn:anya:problem:conflict", title: "t", detail: "d", next: "n" };
  refusal = Response.json(document, { status: 409, headers: { "Content-Type": "application/problem+json" } });
  render(<NodePage />);
  await userEvent.click(await theSwitch());
  await screen.findByText("This node is kept off every network");
  expect((await theSwitch()).checked).toBe(false);
});
