/** Where the data lies and what protects it, in plain words. */
import type { Volume } from "../api/types";
import type { Words } from "./node_words";

/** Below this share of free room, people should make room. */
const NEARLY_FULL = 0.05;

export function protectionWords({ protection }: Volume): Words {
  switch (protection) {
    case "tpm":
      return {
        tone: "good",
        headline: "Sealed to this box",
        explanation: "The data is encrypted, and only the security chip of this box opens it. A stolen disk tells nothing.",
      };
    case "none":
      return {
        tone: "warning",
        headline: "Not protected",
        explanation:
          "This box has no security chip, so whoever takes the disk can read the data. Keep the box where nobody else gets at it.",
      };
    case "developer":
      return {
        tone: "quiet",
        headline: "A folder",
        explanation: "The data lies in a folder of this computer, and is protected as the computer’s other files are.",
      };
  }
}

/** Null where the box needs no recovery key. */
export function recoveryKeyWords({ recovery_key }: Volume): Words | null {
  switch (recovery_key) {
    case "made":
      return { tone: "good", headline: "Made", explanation: "Whoever has it can open the data without the chip." };
    case "missing":
      return {
        tone: "warning",
        headline: "Not made yet",
        explanation: "If the security chip fails, nobody can open your data.",
      };
    case "not_needed":
      return null;
  }
}

/** What is said after the recovery key had to open the data; null when it had not. */
export function resealedWords({ resealed }: Volume): string | null {
  if (!resealed) return null;
  return "Your data was opened with the recovery key at the last start. It is sealed to the security chip again.";
}

/** What is said when room gets short; null when there is enough. */
export function roomWords({ size_bytes, free_bytes }: Volume): string | null {
  if (size_bytes <= 0) return null;
  if (free_bytes <= 0) return "The disk is full. Nothing new can be stored until there is room.";
  if (free_bytes / size_bytes >= NEARLY_FULL) return null;
  return "The disk is nearly full. Make room soon, or the box stops storing.";
}
