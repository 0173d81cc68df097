/** What the owner decides about updates, as the form has it: times in this device's time zone, rates in kB. */
import type { UpdateSettings } from "../api/types";

export type Draft = {
  automatic: UpdateSettings["automatic"];
  /** Empty: none. */
  server: string;
  channel: string;
  hours: number;
  when: UpdateSettings["restart"]["when"];
  /** `HH:MM` in this device's time zone. */
  at: string;
  /** Thousands of bytes per second; empty: no limit. */
  rate: string;
};

/** The least that the box takes, rounded up to whole kB. */
export const LEAST_RATE = 17;
const USUAL_TIME = "03:00";

/** How far the clock of this device is ahead of UTC now, minutes. */
export const clockOffset = (now = new Date()): number => -now.getTimezoneOffset();

/** `HH:MM` by a clock that is `minutes` ahead. Null when it is no time. */
export function shifted(time: string, minutes: number): string | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)(?::\d\d)?$/.exec(time);
  if (match === null) return null;
  const day = 24 * 60;
  const total = (((Number(match[1]) * 60 + Number(match[2]) + minutes) % day) + day) % day;
  return [Math.floor(total / 60), total % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

export function draftOf(settings: UpdateSettings, offset = clockOffset()): Draft {
  return {
    automatic: settings.automatic,
    server: settings.server ?? "",
    channel: settings.channel,
    hours: settings.check_every_hours,
    when: settings.restart.when,
    at: shifted(settings.restart.at ?? USUAL_TIME, offset) ?? USUAL_TIME,
    rate: settings.bandwidth === null ? "" : String(Math.max(LEAST_RATE, Math.round(settings.bandwidth / 1000))),
  };
}

export type Wrong = Partial<Record<"at" | "channel" | "rate" | "server", string>>;

/** What is wrong with a draft before the box is asked; an empty object when nothing is. */
export function wrongWith(draft: Draft): Wrong {
  const wrong: Wrong = {};
  if (draft.when === "at" && shifted(draft.at, 0) === null) wrong.at = "Choose a time, such as 03:30.";
  if (draft.channel.trim() === "") wrong.channel = "Name the channel; usually it is “stable”.";
  const rate = draft.rate.trim();
  if (rate !== "" && !(/^\d{1,9}$/.test(rate) && Number(rate) >= LEAST_RATE)) {
    wrong.rate = `Give a whole number from ${LEAST_RATE} on, or leave it empty.`;
  }
  return wrong;
}

/** The settings of a draft that nothing is wrong with. `before`: what is kept now. */
export function settingsOf(draft: Draft, before: UpdateSettings, offset = clockOffset()): UpdateSettings {
  const server = draft.server.trim();
  const rate = draft.rate.trim();
  const unchanged = rate === draftOf(before, offset).rate;
  return {
    automatic: draft.automatic,
    server: server === "" ? null : server,
    channel: draft.channel.trim(),
    check_every_hours: draft.hours,
    restart: { when: draft.when, at: draft.when === "at" ? shifted(draft.at, -offset) : null },
    bandwidth: unchanged ? before.bandwidth : rate === "" ? null : Number(rate) * 1000,
  };
}

export const AUTOMATIC: readonly { value: UpdateSettings["automatic"]; name: string; means: string }[] = [
  { value: "install", name: "Keep the box up to date", means: "New versions are downloaded and installed, and the box restarts when you say below." },
  { value: "download", name: "Download, and let me install", means: "New versions wait on the box until you install them." },
  { value: "check", name: "Only tell me", means: "The box says that there is a new version, and does nothing more." },
  { value: "off", name: "Do nothing", means: "The box looks for new versions only when you ask it to. It then stays without what makes it safer." },
];

/** When the box restarts into an update, to follow "The box restarts". */
export function restartWords({ restart }: UpdateSettings, offset = clockOffset()): string {
  switch (restart.when) {
    case "now":
      return "at once";
    case "manual":
      return "when you say so";
    case "at":
      return `at ${shifted(restart.at ?? USUAL_TIME, offset) ?? USUAL_TIME}`;
  }
}

export function everyWords(hours: number): string {
  if (hours === 1) return "Every hour";
  if (hours === 24) return "Once a day";
  if (hours === 168) return "Once a week";
  return hours % 24 === 0 ? `Every ${hours / 24} days` : `Every ${hours} hours`;
}

/** How often people may choose, and what is chosen now. */
export const hoursOffered = (now: number): number[] => [...new Set([1, 6, 12, 24, 72, 168, now])].sort((a, b) => a - b);
