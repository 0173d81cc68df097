import { describe, expect, test } from "vitest";

import type { UpdateOffer, UpdatePhase, UpdateSettings, UpdateStatus } from "../api/types";
import { auditWords } from "./audit_words";
import { draftOf, everyWords, hoursOffered, restartWords, settingsOf, shifted, wrongWith } from "./update_settings";
import { canBeCancelled, canInstall, downloadWords, names, outcomeWords, share, stages, updateWords } from "./update_words";

const OFFER = { version: "1.3.0", source: "server", size: 700e6, download: 31e6, set_aside: null } as UpdateOffer;

const status = (parts: Partial<UpdateStatus>): UpdateStatus => ({
  availability: { state: "ready" },
  running: "1.2.0",
  board: "generic-x86_64",
  good: true,
  activity: null,
  phase: { phase: "idle" },
  problem: null,
  offer: null,
  last_check: { at: "2026-11-21T09:00:00Z", problem: null },
  next_check: null,
  previous: null,
  history: [],
  ...parts,
});

const problem = { code: "slow_server", text: "The server is too slow." };

describe("how updates are", () => {
  test.each([
    ["nothing new", {}, "good", "Up to date", /no newer version/],
    ["never looked", { last_check: null }, "quiet", "Not looked yet", /has not looked/],
    ["a look that failed", { last_check: { at: "", problem } }, "warning", "Could not look", /too slow/],
    ["a look that was stopped", { last_check: { at: "", problem: { code: "stopped", text: "It was stopped." } } }, "quiet", "The look was stopped", /is not known/],
    ["a try that failed", { problem, offer: OFFER }, "warning", "That did not work", /too slow/],
    ["an offer after a try", { offer: OFFER }, "good", "Version 1.3.0 is available", /Read what is new/],
    ["one that is set aside", { offer: { ...OFFER, set_aside: "It failed." } }, "quiet", "Version 1.3.0 is set aside", /not install it by itself/],
    ["a developer's machine", { availability: { state: "unsupported" } }, "quiet", "Not on this machine", /not from its own image/],
    ["no room", { availability: { state: "blocked", reason: "The disk is full." } }, "warning", "Not possible now", /disk is full/],
  ] as const)("%s", (_, parts, tone, headline, explanation) => {
    const words = updateWords(status(parts));
    expect(words).toMatchObject({ tone, headline });
    expect(words.explanation).toMatch(explanation);
  });

  const version = "1.3.0";
  const phases: [UpdatePhase, string, RegExp][] = [
    [{ phase: "checking", since: "2026-11-21T09:00:00Z" }, "Looking for a new version", /few seconds/],
    [{ phase: "available", version }, "Version 1.3.0 is available", /Read what is new/],
    [{ phase: "downloading", version, done: 45, total: 100 }, "Downloading version 1.3.0, 45 %", /not fetched twice/],
    [{ phase: "downloading", version, done: 0, total: 0 }, "Downloading version 1.3.0, 0 %", /go on using/],
    [{ phase: "ready", version }, "Version 1.3.0 is ready", /All of it is on the box/],
    [{ phase: "installing", version, step: "arm" }, "Installing version 1.3.0", /even if the power fails/],
    [{ phase: "restart_pending", version, at: null }, "Waits for a restart", /when you restart/],
    [{ phase: "restart_pending", version, at: "2026-11-22T03:00:00Z" }, "Restart planned", /2026/],
    [{ phase: "trial", version, since: "2026-11-22T03:01:00Z" }, "Trying version 1.3.0 out", /goes back .* by itself/],
    [{ phase: "good", version, at: "2026-11-22T03:02:00Z" }, "Up to date", /everything works/],
    [{ phase: "rolled_back", version, to: "1.2.0", reason: "r" }, "Went back to version 1.2.0", /Nothing was lost/],
  ];
  test.each(phases)("%j", (phase, headline, explanation) => {
    const words = updateWords(status({ phase }));
    expect(words.headline).toBe(headline);
    expect(words.explanation).toMatch(explanation);
  });

  test("what can be done now follows the phase", () => {
    const kinds = (can: (status: UpdateStatus) => boolean, activity: UpdateStatus["activity"] = null) =>
      phases.map(([phase]) => phase).filter((phase) => can(status({ activity, phase }))).map((p) => p.phase);
    expect(new Set(kinds(canBeCancelled))).toEqual(new Set(["checking", "downloading", "installing"]));
    expect(kinds(canInstall)).toEqual(["available", "ready", "good", "rolled_back"]);
    // Nobody has to wait for a figure; all else is finished first.
    expect(kinds(canInstall, "measuring")).toEqual(kinds(canInstall));
    expect(kinds(canInstall, "installing")).toEqual([]);
  });

  test("between an order and its first step it is said what goes on", () => {
    for (const phase of ["available", "ready"] as const) {
      const preparing = status({ activity: "installing", phase: { phase, version }, offer: OFFER });
      expect(updateWords(preparing)).toMatchObject({ tone: "busy", headline: "Preparing the update" });
      expect(canBeCancelled(preparing)).toBe(true);
    }
    const measuring = status({ activity: "measuring", phase: { phase: "available", version }, offer: OFFER });
    expect(updateWords(measuring).headline).toBe("Version 1.3.0 is available");
  });
});

test("the stages of an installation follow its steps", () => {
  const states = (step: Parameters<typeof stages>[0]) => stages(step).map(({ state }) => state);
  expect(states("forget")).toEqual(["now", "later", "later", "later"]);
  expect(states("write_verity")).toEqual(["done", "now", "later", "later"]);
  expect(states("verify_read_back")).toEqual(["done", "done", "now", "later"]);
  expect(states("restart")).toEqual(["done", "done", "done", "now"]);
});

test("what is to be downloaded", () => {
  expect(downloadWords(OFFER, false)).toBe("31 MB");
  expect(downloadWords({ ...OFFER, download: null }, true)).toBe("at most 700 MB; it is being worked out");
  expect(downloadWords({ ...OFFER, download: null }, false)).toBe("at most 700 MB");
  expect(downloadWords({ ...OFFER, download: 0 }, false)).toBe("nothing more");
  expect(downloadWords({ ...OFFER, source: "file" }, false)).toMatch(/came in a file/);
  expect([share(1, 0), share(5, 4), share(1, 4)]).toEqual([0, 1, 0.25]);
});

test("names are listed as people list them", () => {
  expect([[], ["Ada"], ["Ada", "Grace"], ["Ada", "Grace", "Linus"]].map(names)).toEqual([
    "",
    "Ada",
    "Ada and Grace",
    "Ada, Grace and Linus",
  ]);
});

test("every outcome has its words, here and in the record of actions", () => {
  const outcomes = ["installed", "refused", "failed", "rolled_back", "taken_back"] as const;
  const said = outcomes.map((outcome) => outcomeWords({ version: "1.3.0", at: "", outcome, reason: "" }).words);
  expect(new Set(said).size).toBe(outcomes.length);
  const entry = (action: string, outcome: "ok" | "failed", detail: Record<string, string>) =>
    auditWords({ actor: "system", action, subject: "box", outcome, detail } as never, new Map());
  expect(entry("update.rolled_back", "failed", { version: "1.3.0", reason: "It did not start." })).toEqual({
    who: "The box",
    what: "took back an update that did not work",
    object: "1.3.0",
    outcome: "It failed: It did not start.",
  });
  expect(entry("update.check", "ok", {})).toMatchObject({ what: "looked for updates", object: null });
});

describe("the settings", () => {
  const SETTINGS: UpdateSettings = {
    automatic: "install",
    server: "https://updates.example/anya",
    channel: "stable",
    check_every_hours: 12,
    restart: { when: "at", at: "03:00" },
    bandwidth: 65_536,
  };

  test.each([
    ["03:00", 60, "04:00"],
    ["23:30", 60, "00:30"],
    ["00:30", -330, "19:00"],
    ["12:00:00", 0, "12:00"],
    ["24:00", 0, null],
    ["", 0, null],
  ])("%s by a clock that is %d minutes ahead", (time, minutes, shown) => expect(shifted(time, minutes)).toBe(shown));

  test("what is not changed stays as it is, to the byte, in every time zone", () => {
    for (const offset of [-720, -210, 0, 60, 345, 840]) {
      expect(settingsOf(draftOf(SETTINGS, offset), SETTINGS, offset)).toEqual(SETTINGS);
    }
    const least = { ...SETTINGS, bandwidth: 16_384 };
    expect(settingsOf(draftOf(least), least)).toEqual(least);
  });

  test("what is typed is kept in the box's units", () => {
    const draft = { ...draftOf(SETTINGS, 60), server: "  ", when: "at" as const, at: "00:30", rate: " 500 " };
    expect(settingsOf(draft, SETTINGS, 60)).toEqual({
      ...SETTINGS,
      server: null,
      restart: { when: "at", at: "23:30" },
      bandwidth: 500_000,
    });
    expect(settingsOf({ ...draft, when: "manual", rate: "" }, SETTINGS, 60)).toMatchObject({
      restart: { when: "manual", at: null },
      bandwidth: null,
    });
  });

  test("what cannot be is said before the box is asked", () => {
    const draft = draftOf(SETTINGS);
    expect(wrongWith(draft)).toEqual({});
    expect(Object.keys(wrongWith({ ...draft, at: "", channel: " ", rate: "3" }))).toEqual(["at", "channel", "rate"]);
    expect(wrongWith({ ...draft, at: "", when: "now", rate: "" })).toEqual({});
    expect(wrongWith({ ...draft, rate: "1.5" }).rate).toMatch(/whole number from 17/);
  });

  test("times and intervals in words", () => {
    expect(restartWords(SETTINGS, 60)).toBe("at 04:00");
    expect(restartWords({ ...SETTINGS, restart: { when: "now", at: null } })).toBe("at once");
    expect(restartWords({ ...SETTINGS, restart: { when: "manual", at: null } })).toBe("when you say so");
    expect([1, 12, 24, 72, 168, 5].map(everyWords)).toEqual([
      "Every hour",
      "Every 12 hours",
      "Once a day",
      "Every 3 days",
      "Once a week",
      "Every 5 hours",
    ]);
    expect(hoursOffered(5)).toEqual([1, 5, 6, 12, 24, 72, 168]);
    expect(hoursOffered(12)).toEqual([1, 6, 12, 24, 72, 168]);
  });
});
