/** Tokens, and what they want of people. */
import { Problem } from "../api/problem";
import type { Token } from "../api/types";
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

export type TokenState = Token["state"];

/** How a token is. The box's own ones are never plugged in, and nobody enters their PIN. */
export function tokenState(token: Token): TokenState {
  return token.state === "ready" || isPluggedIn(token.name) ? token.state : "failing";
}

export function tokenWords(token: Token): Words {
  switch (tokenState(token)) {
    case "ready":
      return { tone: "good", headline: "Healthy", explanation: "" };
    case "needs_pin":
      return {
        tone: "warning",
        headline: "Needs its PIN",
        explanation:
          triesWords(token) ?? "It can be used once its PIN is entered. The box asks for it after every restart.",
      };
    case "locked":
      return {
        tone: "bad",
        headline: "Locked",
        explanation:
          "Too many wrong PINs were entered. Unlock it with its maker’s program, then plug it in again. The keys on it are not lost.",
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

/** What a token tells of the tries that its PIN has left; null when it tells nothing. */
export function triesWords({ pin_tries }: Token): string | null {
  switch (pin_tries) {
    case "one":
      return "One try is left: the next wrong PIN locks the token.";
    case "fewer":
      return "A wrong PIN was entered since the last right one, so fewer tries are left.";
    default:
      return null;
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
  switch (problem.slug) {
    case "wrong-pin":
      return "wrong";
    case "token-locked":
      return "locked";
    // A token that nobody used yet is not listed any more once it is pulled out.
    case "token-gone":
    case "not-found":
      return "gone";
    case "unavailable":
      return "silent";
    default:
      return "other";
  }
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

/** `tries`: how many wrong PINs were entered in a row here. Not every token tells how many are left. */
export function wrongPinWords(tries: number, token: Token | undefined): string {
  if (token?.pin_tries === "one") {
    return "This PIN is wrong, and one try is left: the next wrong PIN locks the token. Stop here unless you are sure.";
  }
  if (tries <= 1) return "This PIN is wrong. The token has counted the try. Compare the PIN with what you wrote down.";
  return `This PIN is wrong as well, the ${ordinal(tries)} one in a row. The next wrong one may lock the token: if you are not sure, stop here and look the PIN up.`;
}

const ordinal = (count: number): string => ["first", "second", "third", "fourth", "fifth"][count - 1] ?? `${count}th`;
