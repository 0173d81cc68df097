import { describe, expect, test } from "vitest";

import { Problem } from "../api/problem";
import type { Component, Token } from "../api/types";
import { pinHint, pinRefusal, tokenKind, tokenState, tokenWords, wrongPinWords } from "./token_words";

const CARD = {
  name: "usb-denk0100042",
  kind: "pkcs11",
  label: "Ada’s card",
  manufacturer: "CardContact",
  model: "SmartCard-HSM",
  algorithms: [],
  health: { state: "failing", reason: "it is locked; enter its PIN" },
} as unknown as Token;
const USED: Token = { ...CARD, algorithms: [{ algorithm: "p256", schemes: [] }] };
const OPEN: Token = { ...USED, health: { state: "healthy" } };
const failing = (reason: string) => ({ health: { state: "failing" as const, reason } });
const part = (detail: string): Component => ({ name: `token:${CARD.name}`, state: "failed", required: false, detail });

describe("a token", () => {
  test.each([
    ["its PIN is not known", CARD, undefined, "needs_pin"],
    ["pulled out before its PIN was entered", { ...CARD, ...failing("it was pulled out; plug it in again") }, undefined, "gone"],
    ["pulled out later", { ...USED, ...failing("log in anew") }, part("it was pulled out; plug it in again"), "gone"],
    ["pulled out, which only the box has noticed", OPEN, part("it was pulled out; plug it in again"), "gone"],
    ["plugged in again, as the box may not have told yet", CARD, part("it was pulled out; plug it in again"), "needs_pin"],
    ["broken", { ...USED, ...failing("no answer") }, part("no answer"), "failing"],
    ["the box’s own one", { ...CARD, name: "softhsm" }, undefined, "failing"],
    ["unlocked", OPEN, part(""), "healthy"],
  ] as const)("%s", (_, token, component, state) => {
    expect(tokenState(token, component)).toBe(state);
    expect(tokenWords(token, component).headline).not.toBe("");
  });

  test("is called what it is", () => {
    expect(tokenKind(CARD)).toBe("Smart card or USB token");
    expect(tokenKind({ ...CARD, model: "SoftHSM v2" })).toBe("Software key store");
    expect(tokenKind({ ...CARD, name: "tpm", kind: "tpm" })).toBe("TPM chip");
  });

  test("a YubiHSM's PIN is explained", () => {
    expect(pinHint({ ...CARD, manufacturer: "Yubico", model: "YubiHSM" })).toContain("0001password");
    expect(pinHint(CARD)).not.toContain("YubiHSM");
  });
});

describe("why a PIN did not unlock a token", () => {
  const refused = (slug: string, detail: string, fields: Record<string, string> = {}) =>
    pinRefusal(new Problem({ status: 0, slug, title: "", detail, next: "", fields: new Map(Object.entries(fields)) }));

  test.each([
    ["invalid-request", "", { pin: "The pin is not this token's." }, "wrong"],
    ["invalid-request", "", { pin: "The pin is not asked for: the box opens this token by itself." }, "gone"],
    ["invalid-request", "", { token: "The token is usb-1, and has to be one of softhsm." }, "gone"],
    ["unavailable", "token:usb-1 is locked after too many wrong PINs.", {}, "locked"],
    ["unavailable", "token:usb-1 is gone.", {}, "gone"],
    ["unavailable", "token:usb-1 did not answer in time when asked to log in.", {}, "silent"],
    ["busy", "token:usb-1 is busy and could not log in.", {}, "other"],
  ])("%s: %s %o", (slug, detail, fields, refusal) => expect(refused(slug, detail, fields)).toBe(refusal));

  test("the second wrong PIN warns more than the first", () => {
    expect(wrongPinWords(1)).not.toContain("may lock");
    expect(wrongPinWords(2)).toMatch(/second one in a row.*may lock the token/);
  });
});
