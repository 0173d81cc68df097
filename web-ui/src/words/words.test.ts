import { describe, expect, test } from "vitest";

import type { AuditEntry, Component, LogLine, Token } from "../api/types";
import { auditWords } from "./audit_words";
import { ago, bytes, countdown, duration, percent } from "./format";
import { offeredAlgorithms } from "./key_words";
import { logText } from "./log_words";
import { overall } from "./readiness_words";

describe("figures", () => {
  test.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1_500_000, "1.5 MB"],
    [999_600, "1 MB"],
    [207e9, "207 GB"],
  ])("%d bytes", (count, words) => expect(bytes(count)).toBe(words));

  test.each([
    [0, "0 seconds"],
    [61, "1 minute"],
    [3_600, "1 hour"],
    [93_784, "1 day 2 hours"],
  ])("%d seconds", (seconds, words) => expect(duration(seconds)).toBe(words));

  test("a share is never rounded up to all of it", () => expect(percent(0.99999, 1)).toBe("99.9 %"));
  test("countdown", () => expect(countdown(65)).toBe("1:05"));
  test("ago", () => {
    const now = Date.parse("2026-11-21T09:00:00Z");
    expect(ago("2026-11-21T08:59:50Z", now)).toBe("just now");
    expect(ago("2026-11-21T08:55:00Z", now)).toBe("5 minutes ago");
  });
});

describe("the whole box in one line", () => {
  const part = (name: string, state: Component["state"], required: boolean, detail = ""): Component => ({
    name,
    state,
    required,
    detail,
  });
  const store = part("store", "ready", true);

  test("all is well, with a part that is switched off", () => {
    const words = overall({ status: "ready", components: [store, part("bitcoin", "off", false)] });
    expect(words).toEqual({ tone: "good", headline: "Everything is working", notes: [] });
  });
  test("something fails that the box can do without: it says what, and what to do", () => {
    const components = [store, part("bitcoin", "failed", false, "it ended five times in a row")];
    const words = overall({ status: "degraded", components });
    expect(words).toMatchObject({ tone: "warning", headline: "Working, but one thing needs attention" });
    expect(words.notes).toEqual([
      {
        name: "Bitcoin node",
        tone: "warning",
        text: "it ended five times in a row",
        advice: "Keys and models work without it. Look under Activity, Logs, for the reason.",
      },
    ]);
  });
  test("something that is needed fails", () => {
    const words = overall({ status: "not_ready", components: [store, part("token:softhsm", "failed", true)] });
    expect(words).toMatchObject({ tone: "bad", headline: "The box cannot work properly" });
    expect(words.notes[0]?.name).toBe("Key store softhsm");
  });
  test.each([
    ["degraded", "needs_pin", "Enter it here or under Keys."],
    ["failed", "gone", "Plug it in again. The keys on it are not lost."],
    ["failed", "locked", "Unlock it with its maker’s program, then plug it in again. The keys on it are not lost."],
    ["failed", "failing", "Pull it out and plug it in again. The keys on it are not lost."],
  ] as const)("a plugged-in token is %s, %s: no restart is asked for", (state, wants, advice) => {
    const token = { name: "usb-1", state: wants } as Token;
    const words = overall({ status: "degraded", components: [store, part("token:usb-1", state, false, "why")] }, [token]);
    expect(words.notes).toMatchObject([{ name: "Token usb-1", tone: "warning", advice }]);
  });
  test("starting is no failure", () => {
    expect(overall({ status: "not_ready", components: [part("store", "starting", true)] }).tone).toBe("busy");
  });
});

describe("the record of actions", () => {
  const entry = (parts: Partial<AuditEntry>): AuditEntry => ({
    sequence: 1,
    at: "2026-11-21T09:00:00Z",
    actor: "user:ada",
    action: "key.sign",
    subject: "key:0199aabbccdd",
    outcome: "ok",
    detail: {},
    request_id: null,
    hash: "",
    previous_hash: "",
    ...parts,
  });
  const say = (parts: Partial<AuditEntry>, labels = new Map<string, string>()) => {
    const { who, what, object, outcome } = auditWords(entry(parts), labels);
    return [who, what, object, outcome].filter((word) => word !== null).join(" ");
  };

  test.each([
    [{}, "ada signed with the key 0199aabb…"],
    [{ action: "access.claim", subject: "box" }, "ada took ownership of the box"],
    [
      { actor: "stranger", action: "access.sign_in", subject: "user:ada", outcome: "denied" as const },
      "Somebody as ada tried to sign in Refused",
    ],
    [
      { actor: "api_key:ci@night@ada", action: "key.create", detail: { label: "invoices" } },
      "API key ci@night of ada made the key invoices",
    ],
    [
      { actor: "system", action: "key.create", outcome: "failed" as const, detail: { label: "x", reason: "no room" } },
      "The box tried to make the key x It failed: no room",
    ],
    [{ action: "wallet.spend", subject: "wallet:1" }, 'ada did "wallet.spend" on 1'],
  ])("%o", (parts, words) => expect(say(parts)).toBe(words));

  /** Every action that the service records; its API has no list of them. */
  const ACTIONS = [
    "access.claim",
    "access.sign_in",
    "access.sign_out",
    "access.api_key.create",
    "access.api_key.delete",
    "key.create",
    "key.delete",
    "key.discard",
    "key.sign",
    "node.settings",
    "storage.recovery_key",
    "storage.reseal",
    "storage.unlock",
    "token.login",
  ];
  test.each(ACTIONS)("%s has words, done and tried", (action) => {
    const [done, tried] = [say({ action }), say({ action, outcome: "failed" })];
    expect(`${done} ${tried}`).not.toContain(action);
    expect(tried).toContain("tried to");
  });

  test("unlocking a token names it", () => {
    const parts = { action: "token.login", subject: "token:usb-denk0100042" };
    expect(say(parts)).toBe("ada unlocked the token usb-denk0100042");
    expect(say({ ...parts, outcome: "failed" })).toBe("ada tried to unlock the token usb-denk0100042 It failed");
  });

  test("a key is called by its name where that is known", () => {
    expect(say({}, new Map([["0199aabbccdd", "Invoices"]]))).toBe("ada signed with the key Invoices");
  });
});

test("a key store that fails offers no kinds of keys", () => {
  const token = { algorithms: [{ algorithm: "rsa2048" }, { algorithm: "p256" }], health: { state: "healthy" } } as Token;
  expect(offeredAlgorithms([token])).toEqual(["p256", "rsa2048"]);
  expect(offeredAlgorithms([{ ...token, health: { state: "failing", reason: "gone" } }])).toEqual([]);
});

test("an answered request is told as one", () => {
  const line = { message: "answered", fields: { method: "GET", route: "/readyz", status: "200" } } as unknown as LogLine;
  expect(logText(line)).toBe("Answered GET /readyz with 200");
  expect(logText({ ...line, fields: {} })).toBe("Answered");
});
