import { describe, expect, test } from "vitest";

import type { BitcoinStatus, ClosedReason, Fault, Volume } from "../api/types";
import { Problem } from "../api/problem";
import { faultSteps } from "./fault_words";
import { nodeTrouble } from "./node_words";
import { problemWords } from "./problem_words";
import { recoveryKeyGroups, tidyRecoveryKey, whyWrong } from "./recovery_key";
import { protectionWords, recoveryKeyWords, resealedWords, roomWords } from "./storage_words";

const KEY = Array<string>(8).fill("cbdefghi").join("-");

describe("a recovery key", () => {
  test.each([
    KEY,
    KEY.toUpperCase(),
    KEY.replaceAll("-", ""),
    KEY.replaceAll("-", " "),
    `  ${KEY.replaceAll("-", "–")}\n`,
    KEY.replaceAll("-", "\n"),
    KEY.replaceAll("", " "),
  ])("%j is the same key", (typed) => expect(tidyRecoveryKey(typed)).toBe(KEY));

  test("is shown in its groups", () => expect(recoveryKeyGroups(KEY)).toEqual(KEY.split("-")));

  test.each([
    [`${KEY.slice(0, -1)}o`, /“o” never occurs/],
    [`${KEY.slice(0, -1)}1`, /“1” never occurs/],
    [KEY.slice(0, -1), /has 64 letters, and this has 63/],
    [`${KEY}c`, /has 64 letters, and this has 65/],
    [KEY, /only the newest one works/],
  ])("why %j may be wrong", (typed, words) => expect(whyWrong(typed)).toMatch(words));
});

describe("a fault", () => {
  const fault = (reason: string | null, words: Partial<Fault> = {}): Fault =>
    ({ kind: "data_closed", reason, ways_out: [], ...words }) as Fault;

  const reasons: ClosedReason[] = ["tpm_missing", "tpm_refused", "opens_without_key", "damaged", "no_room", "no_disk"];
  test("each reason has something of its own to do", () => {
    const all = reasons.map((reason) => faultSteps(fault(reason)).join(" "));
    expect(new Set(all).size).toBe(reasons.length);
    expect(all).not.toContain("");
  });
  test.each([null, "not_known_yet"])("for the reason %j there is something to do as well", (reason) => {
    expect(faultSteps(fault(reason))).toContain("Restart the box.");
  });
});

describe("the data volume", () => {
  const volume = (parts: Partial<Volume>): Volume => ({
    state: "open",
    protection: "tpm",
    recovery_key: "made",
    size_bytes: 1000,
    free_bytes: 500,
    resealed: false,
    ...parts,
  });
  test.each([
    ["tpm", "good", /security chip of this box/],
    ["none", "warning", /no security chip/],
    ["developer", "quiet", /folder of this computer/],
  ] as const)("protection %s", (protection, tone, text) => {
    const words = protectionWords(volume({ protection }));
    expect(words.tone).toBe(tone);
    expect(words.explanation).toMatch(text);
  });
  test("a recovery key that is not needed is not spoken of", () => {
    expect(recoveryKeyWords(volume({ recovery_key: "not_needed" }))).toBeNull();
    expect(recoveryKeyWords(volume({ recovery_key: "missing" }))?.tone).toBe("warning");
  });
  test.each([
    [500, null],
    [40, /nearly full/],
    [0, /is full/],
  ])("%d of 1000 bytes free", (free_bytes, words) => {
    const said = roomWords(volume({ free_bytes }));
    if (words === null) expect(said).toBeNull();
    else expect(said).toMatch(words);
  });
  test("resealing is told", () => {
    expect(resealedWords(volume({}))).toBeNull();
    expect(resealedWords(volume({ resealed: true }))).toMatch(/at the last start/);
  });
});

test.each([
  [507, "anything"],
  [503, "storage-full"],
])("a full disk is told as one: %d %s", (status, slug) => {
  const problem = new Problem({ status, slug, title: "t", detail: "d", next: "n" });
  expect(problemWords(problem)).toMatchObject({
    title: "The disk is full",
    text: expect.stringContaining("what you typed is still here") as string,
  });
});

test("a node that cannot start says what happened and what still works", () => {
  const node = (state: BitcoinStatus["state"], detail: string | null) => ({ state, detail }) as BitcoinStatus;
  expect(nodeTrouble(node("running", null))).toBeNull();
  expect(nodeTrouble(node("stopped", "It died 5 times in a row."))).toMatchObject({
    happened: "It died 5 times in a row.",
    advice: expect.stringContaining("Keys, models and everything else work without it") as string,
  });
});
