/** The whole box in one line: how it is and what to do. */
import type { Component, Readiness, Token } from "../api/types";
import { isPluggedIn } from "./token_words";
import type { Tone } from "./tone";

export type Overall = {
  tone: Tone;
  headline: string;
  /** What is not as it should be, each with what it means. */
  notes: { name: string; tone: Tone; text: string; advice: string | null }[];
};

/** A part's name as people know it: "token:softhsm" is "Key store softhsm". */
export function componentName(name: string): string {
  const [kind = "", which = ""] = name.split(/:(.*)/s);
  switch (kind) {
    case "store":
      return "Storage";
    case "token":
      return isPluggedIn(which) ? `Token ${which}` : `Key store ${which}`;
    case "bitcoin":
      return "Bitcoin node";
    case "model":
      return `AI model ${which}`;
    case "accelerators":
    case "gpu":
      return "Graphics hardware";
    default:
      return name;
  }
}

/** `tokens`: as far as they are known. */
export function overall(readiness: Readiness, tokens: readonly Token[] = []): Overall {
  const notes = readiness.components.filter((c) => isNews(c)).map((c) => note(c, tokens));
  const failing = readiness.components.filter((c) => c.state === "failed" || c.state === "degraded");
  const starting = readiness.components.some((c) => c.state === "starting");
  if (readiness.status === "not_ready" && failing.some((c) => c.required)) {
    return { tone: "bad", headline: "The box cannot work properly", notes };
  }
  if (readiness.status === "not_ready") return { tone: "busy", headline: "The box is starting", notes };
  if (failing.length > 0) {
    const things = failing.length === 1 ? "one thing needs" : `${failing.length} things need`;
    return { tone: "warning", headline: `Working, but ${things} attention`, notes };
  }
  if (starting) return { tone: "busy", headline: "Working, some parts are still starting", notes };
  return { tone: "good", headline: "Everything is working", notes };
}

function isNews(component: Component): boolean {
  return component.state === "failed" || component.state === "degraded" || component.state === "starting";
}

function note(component: Component, tokens: readonly Token[]) {
  const tone: Tone = component.state === "starting" ? "busy" : component.required ? "bad" : "warning";
  const text = component.detail === "" ? defaultText(component) : component.detail;
  const words = pluggedInWords(component, tokens) ?? { text, advice: advice(component) };
  return { name: componentName(component.name), tone, ...words };
}

/** Tokens that people plug in come back without a restart; null for everything else. */
function pluggedInWords({ name, detail }: Component, tokens: readonly Token[]): { text: string; advice: string } | null {
  const which = name.startsWith("token:") ? name.slice("token:".length) : "";
  if (!isPluggedIn(which)) return null;
  switch (tokens.find((token) => token.name === which)?.state) {
    case "gone":
      return { text: "It was pulled out.", advice: "Plug it in again. The keys on it are not lost." };
    case "needs_pin":
      return { text: "Its keys cannot be used until its PIN is entered.", advice: "Enter it here or under Keys." };
    case "locked":
      return {
        text: "It locked itself after too many wrong PINs.",
        advice: "Unlock it with its maker’s program, then plug it in again. The keys on it are not lost.",
      };
    default:
      return { text: detail, advice: "Pull it out and plug it in again. The keys on it are not lost." };
  }
}

function defaultText(component: Component): string {
  return component.state === "starting" ? "Starting; this goes by itself." : "It does not work just now.";
}

/** What people can do; null where waiting is enough. */
function advice(component: Component): string | null {
  if (component.state === "starting") return null;
  switch (component.name.split(":")[0]) {
    case "store":
      return "Make sure the disk is not full, then restart the box.";
    case "token":
      return "Check that the key device is plugged in, then restart the box. Keys on it are not lost.";
    case "bitcoin":
      return "Keys and models work without it. Look under Activity, Logs, for the reason.";
    case "model":
      return "Everything else works without it. Restart the box to load it again.";
    default:
      return "Look under Activity, Logs, for the reason.";
  }
}
