/** Faults that keep the box from working, for people who know nothing of chips and disks. */
import type { ClosedReason, Fault } from "../api/types";

export type FaultWords = {
  title: string;
  /** What happened, and what that means for the data. */
  text: string;
  /** What to do, the most useful first. */
  steps: readonly string[];
};

const WORDS: Record<ClosedReason, FaultWords> = {
  tpm_missing: {
    title: "The box does not find its security chip",
    text: "Your data is locked with a chip inside the box, and the chip does not answer. The data is still there, closed; nothing is lost.",
    steps: [
      "Restart the box: often the chip answers again.",
      "If this page comes back, open your data with the recovery key.",
    ],
  },
  tpm_refused: {
    title: "The security chip does not open your data",
    text: "The chip noticed that something about this box is not as it was: another chip or main board, a changed setting of the machine, or a program that is not the box’s own. The data is still there, closed; nothing is lost.",
    steps: [
      "Did you repair or change something yourself? Then open your data with the recovery key.",
      "Did nobody change anything? Then find out first who could have been at the box.",
    ],
  },
  opens_without_key: {
    title: "The box does not trust the disk it found",
    text: "The disk opens without any key, although this box locks its data with a security chip. Somebody may have put in another disk, so the box does not use it.",
    steps: [
      "Was the disk changed? Switch the box off, put the right disk in, and switch it on again.",
      "If this disk is meant to be used, erase it: the box then begins anew on it.",
    ],
  },
  damaged: {
    title: "Your data cannot be read",
    text: "What is on the disk is damaged, for instance because the disk is failing, and the box could not repair it by itself.",
    steps: [
      "Restart the box once: it checks the disk at every start and repairs what it can.",
      "If this page comes back, the disk is probably worn out. Have it looked at before you erase anything.",
    ],
  },
  no_room: {
    title: "The disk has no room for your data",
    text: "The box could not make the place where it keeps its data: the disk is too small, or something else is on it.",
    steps: ["Switch the box off, put a larger or an empty disk in, and switch it on again."],
  },
  no_disk: {
    title: "The box does not find a disk for your data",
    text: "No disk answers on which the box could keep its data. It may be loose, or broken.",
    steps: ["Switch the box off, see that the disk is plugged in well, and switch it on again."],
  },
};

const UNKNOWN: FaultWords = {
  title: "The box cannot open your data",
  text: "Something keeps the box from using its disk. It changed nothing on it.",
  steps: ["Restart the box.", "If this page comes back, note what it says and ask for help."],
};

/** What the box itself says comes first; what to do is always there. */
export function faultWords(fault: Fault): FaultWords {
  // A newer box may know reasons that this page does not.
  const known: Partial<typeof WORDS> = WORDS;
  const own = (fault.reason === null ? null : known[fault.reason]) ?? UNKNOWN;
  return { title: said(fault.title) ?? own.title, text: said(fault.text) ?? own.text, steps: own.steps };
}

function said(text: string | null | undefined): string | null {
  return text === undefined || text === null || text.trim() === "" ? null : text;
}

/** What erasing takes away. */
export const LOST_BY_ERASING: readonly string[] = [
  "All keys that are on this box, and with them everything that only they open or sign for, coins included.",
  "The owner’s account, all API keys and the record of actions. Whoever has the new claim code becomes the owner.",
  "The Bitcoin node’s copy of the chain, which it can fetch again.",
  "All settings. An old recovery key opens nothing any more.",
];
