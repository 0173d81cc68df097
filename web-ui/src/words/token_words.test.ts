import { describe, expect, test } from "vitest";

import { Problem } from "../api/problem";
import type { Token } from "../api/types";
import { pinHint, pinRefusal, tokenKind, tokenState, tokenWords, wrongPinWords } from "./token_words";

const CARD = {
  name: "usb-denk0100042",
  kind: "pkcs11",
  label: "Ada’s card",
  manufacturer: "CardContact",
  model: "SmartCard-HSM",
  algorithms: [],
  state: "needs_pin",
  health: { state: "failing", reason: "it is locked; enter its PIN" },
  pin_tries: "untold",
} as unknown as Token;
const OWN: Token = { ...CARD, name: "softhsm" };

describe("a token", () => {
  test.each([
    ["its PIN is not known", CARD, "needs_pin", "Needs its PIN"],
    ["takes no PIN any more", { ...CARD, state: "locked" }, "locked", "Locked"],
    ["pulled out", { ...CARD, state: "gone" }, "gone", "Pulled out"],
    ["broken", { ...CARD, state: "failing" }, "failing", "Not working"],
    ["unlocked", { ...CARD, state: "ready" }, "ready", "Healthy"],
    ["the box’s own one, whose PIN nobody enters", OWN, "failing", "Not working"],
    ["the box’s own one, well", { ...OWN, state: "ready" }, "ready", "Healthy"],
  ] as const)("%s", (_, token, state, headline) => {
    expect(tokenState(token)).toBe(state);
    expect(tokenWords(token).headline).toBe(headline);
  });

  test("tells how near it is to locking itself", () => {
    expect(tokenWords(CARD).explanation).toContain("after every restart");
    expect(tokenWords({ ...CARD, pin_tries: "fewer" }).explanation).toContain("fewer tries are left");
    expect(tokenWords({ ...CARD, pin_tries: "one" }).explanation).toContain("One try is left");
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
  test.each([
    ["wrong-pin", "wrong"],
    ["token-locked", "locked"],
    ["token-gone", "gone"],
    ["not-found", "gone"],
    ["unavailable", "silent"],
    ["busy", "other"],
    ["invalid-request", "other"],
  ])("%s: %s", (slug, refusal) => {
    expect(pinRefusal(new Problem({ status: 0, slug, title: "", detail: "", next: "" }))).toBe(refusal);
  });

  test("the second wrong PIN warns more than the first, and most where the token tells", () => {
    expect(wrongPinWords(1, CARD)).not.toContain("may lock");
    expect(wrongPinWords(2, CARD)).toMatch(/second one in a row.*may lock the token/);
    expect(wrongPinWords(1, { ...CARD, pin_tries: "one" })).toMatch(/one try is left/);
  });
});
