/**
 * The recovery key as people write it. It is the one that systemd makes: 64 letters in eight groups, of an
 * alphabet that is at the same places on most keyboards.
 */

const LETTERS = "cbdefghijklnrtuv";
const LENGTH = 64;
const GROUP = 8;

/** What was typed, without what does not count: capitals, spaces, dashes and line ends. */
function bare(typed: string): string {
  return typed.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** A typed key in the form in which it was shown. */
export function tidyRecoveryKey(typed: string): string {
  return recoveryKeyGroups(bare(typed)).join("-");
}

/** A key in its groups, for showing. */
export function recoveryKeyGroups(key: string): string[] {
  return bare(key).match(new RegExp(`.{1,${GROUP}}`, "gu")) ?? [];
}

/** What may be wrong with a key that did not open the data, so far as the key itself tells. */
export function whyWrong(typed: string): string {
  const letters = Array.from(bare(typed));
  const strange = letters.find((letter) => !LETTERS.includes(letter));
  if (strange !== undefined) {
    return `The character “${strange}” never occurs in a recovery key. Look at that place again, and at those beside it.`;
  }
  if (letters.length !== LENGTH) {
    return `A recovery key has ${LENGTH} letters, and this has ${letters.length}. Something is missing or twice.`;
  }
  return "Compare it letter by letter with what you wrote down. If you made a new key later, only the newest one works.";
}
