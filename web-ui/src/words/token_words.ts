/** Tokens, and what they want of people. */
import { Problem } from "../api/problem";
import type { Component, Readiness, Token } from "../api/types";
import type { Words } from "./node_words";

const KINDS: Record<Token["kind"], string> = {
  pkcs11: "PKCS#11",
  tpm: "TPM chip",
  simulator: "Simulated",
};

/** Whether a token of this name comes and goes: the box names it by what it is plugged into. */
export const isPluggedIn = (name: string): boolean => name.startsWith("usb-");

/** What sort of key store a token is. SoftHSM is a program, and people should know. */
export function tokenKind(token: Token): string {
  if (/softhsm/i.test(`${token.manufacturer} ${token.model}`)) return "Software key store";
  return isPluggedIn(token.name) ? "Smart card or USB token" : KINDS[token.kind];
}

/** What the box says of a token as one of its parts. */
export const tokenComponent = (readiness: Readiness | null, name: string): Component | undefined =>
  readiness?.components.find((component) => component.name === `token:${name}`);

export type TokenState = "healthy" | "needs_pin" | "gone" | "failing";

/** How a token is. */
export function tokenState(token: Token, component: Component | undefined): TokenState {
  const reason = token.health.state === "failing" ? token.health.reason : null;
  if (!isPluggedIn(token.name)) return reason === null ? "healthy" : "failing";
  // What a token can do is known only once it was unlocked; from then on the box knows its PIN.
  const locked = reason !== null && token.algorithms.length === 0;
  // A program that speaks to the token may take some time to miss it; the box looks whether it is there.
  const told = locked ? reason : (component?.detail ?? "");
  if (told.includes("pulled out")) return "gone";
  if (reason === null) return "healthy";
  return locked ? "needs_pin" : "failing";
}

export function tokenWords(token: Token, component: Component | undefined): Words {
  switch (tokenState(token, component)) {
    case "healthy":
      return { tone: "good", headline: "Healthy", explanation: "" };
    case "needs_pin":
      return {
        tone: "warning",
        headline: "Needs its PIN",
        explanation: "It can be used once its PIN is entered. The box asks for it after every restart.",
      };
    case "gone":
      return {
        tone: "warning",
        headline: "Pulled out",
        explanation: "Plug it in again. The keys on it are not lost.",
      };
    case "failing":
      return {
        tone: "bad",
        headline: "Not working",
        explanation: token.health.state === "failing" ? token.health.reason : "",
      };
  }
}

/** What is typed as the PIN, where that is not plain. */
export function pinHint(token: Token): string {
  if (/yubihsm/i.test(`${token.manufacturer} ${token.model}`)) {
    return "For a YubiHSM: the number of the authentication key in four characters, then its password, such as 0001password.";
  }
  return "The one you chose when you set the token up, or that came with it. Capitals count.";
}

/** Why a PIN did not unlock a token. */
export type PinRefusal = "wrong" | "locked" | "gone" | "silent" | "other";

export function pinRefusal(problem: Problem): PinRefusal {
  const pin = problem.fields.get("pin");
  // The box gives no PIN to a token that it does not find: it was pulled out a moment ago.
  if (pin !== undefined) return pin.includes("not asked for") ? "gone" : "wrong";
  if (problem.fields.has("token")) return "gone";
  if (problem.slug !== "unavailable") return "other";
  if (problem.message.includes("is locked")) return "locked";
  return problem.message.includes("is gone") ? "gone" : "silent";
}

/** The token failed at it, for a reason that only the box's log knows. */
export function tokenSilent(): Problem {
  return new Problem({
    status: 0,
    slug: "token-silent",
    title: "The token does not answer",
    detail: "It was not unlocked.",
    next: "Pull it out, plug it in again, and enter its PIN once more.",
  });
}

/** `tries`: how many wrong PINs were entered in a row here. No token tells the box how many are left. */
export function wrongPinWords(tries: number): string {
  if (tries <= 1) return "This PIN is wrong. The token has counted the try. Compare the PIN with what you wrote down.";
  return `This PIN is wrong as well, the ${ordinal(tries)} one in a row. The next wrong one may lock the token: if you are not sure, stop here and look the PIN up.`;
}

const ordinal = (count: number): string => ["first", "second", "third", "fourth", "fifth"][count - 1] ?? `${count}th`;
