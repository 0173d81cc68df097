/** Faults that keep the box from working, for people who know nothing of chips and disks. */
import type { ClosedReason, Fault } from "../api/types";

/** What to do, the most useful first; what happened is told by the box itself. */
const STEPS: Record<ClosedReason, readonly string[]> = {
  tpm_missing: [
    "Restart the box: often the chip answers again.",
    "If this page comes back, open your data with the recovery key.",
  ],
  tpm_refused: [
    "Did you repair or change something yourself? Then open your data with the recovery key.",
    "Did nobody change anything? Then find out first who could have been at the box.",
  ],
  opens_without_key: [
    "Was the disk changed? Switch the box off, put the right disk in, and switch it on again.",
    "If this disk is meant to be used, erase it: the box then begins anew on it.",
  ],
  damaged: [
    "Restart the box once: it checks the disk at every start and repairs what it can.",
    "If this page comes back, the disk is probably worn out. Have it looked at before you erase anything.",
  ],
  no_room: ["Switch the box off, put a larger or an empty disk in, and switch it on again."],
  no_disk: ["Switch the box off, see that the disk is plugged in well, and switch it on again."],
};

const UNKNOWN: readonly string[] = ["Restart the box.", "If this page comes back, note what it says and ask for help."];

/** What an owner does about a fault; there is always something. */
export function faultSteps({ reason }: Fault): readonly string[] {
  // A newer box may know reasons that this page does not.
  const known: Partial<typeof STEPS> = STEPS;
  return (reason === null ? null : known[reason]) ?? UNKNOWN;
}

/** What erasing takes away. */
export const LOST_BY_ERASING: readonly string[] = [
  "All keys that are on this box, and with them everything that only they open or sign for, coins included.",
  "The owner’s account, all API keys and the record of actions. Whoever has the new claim code becomes the owner.",
  "The Bitcoin node’s copy of the chain, which it can fetch again.",
  "All settings. An old recovery key opens nothing any more.",
];
