import { describe, expect, test } from "vitest";

import type { BitcoinStatus } from "../api/types";
import { blockSourceWords, canMakeBlocks, nodeTrouble, nodeWords, usualPort, versionOf } from "./node_words";

const NODE = { state: "running", detail: null, chain: "main", sync_progress: null } as BitcoinStatus;

describe("a node", () => {
  test.each([
    ["waiting", "The box restarts it by itself.", "Nothing has to be done"],
    ["stopped", "several times in a row", "Look at the logs"],
    ["refused", "follows other rules than Bitcoin's", "Put Bitcoin Core in its place"],
  ] as const)("that is %s says why, and what to do", (state, happened, advice) => {
    const trouble = nodeTrouble({ ...NODE, state });
    expect(trouble?.happened).toContain(happened);
    expect(trouble?.advice).toContain(advice);
    expect(nodeTrouble({ ...NODE, state, detail: "It was killed." })?.happened).toBe("It was killed.");
  });

  test.each(["off", "starting", "syncing", "running"] as const)("that is %s is no trouble", (state) => {
    expect(nodeTrouble({ ...NODE, state })).toBeNull();
    expect(nodeWords({ ...NODE, state }).headline).not.toBe("");
  });

  test("tells how new blocks become known", () => {
    expect(blockSourceWords([])).toBeNull();
    expect(blockSourceWords(["long_poll", "zmq"])).toBe("told at once (long poll, ZMQ)");
    expect(blockSourceWords(["smoke"])).toBe("told at once (smoke)");
  });

  test("has a version, and a port by its chain", () => {
    expect(versionOf("/Satoshi:31.99.0/")).toBe("31.99.0");
    expect(versionOf("other")).toBe("other");
    expect(versionOf(null)).toBeNull();
    expect([usualPort("main"), usualPort("regtest")]).toEqual([8333, 18444]);
  });

  test("makes blocks at will on regtest alone, while it runs", () => {
    expect(canMakeBlocks(NODE)).toBe(false);
    expect(canMakeBlocks({ ...NODE, chain: "regtest" })).toBe(true);
    expect(canMakeBlocks({ ...NODE, chain: "regtest", state: "starting" })).toBe(false);
  });
});
