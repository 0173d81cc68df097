/** Where an update is, and what became of earlier ones, in plain words. */
import type { UpdateEntry, UpdateOffer, UpdateOnMedium, UpdatePhase, UpdateStatus, UpdateStep } from "../api/types";
import { bytes, minute, percent } from "./format";
import type { Words } from "./node_words";
import type { Tone } from "./tone";

/** How updates are, in a few words and a sentence. */
export function updateWords(status: UpdateStatus): Words {
  switch (status.availability.state) {
    case "unsupported":
      return {
        tone: "quiet",
        headline: "Not on this machine",
        explanation: "This box runs as a program on a computer, and not from its own image, so it takes no updates.",
      };
    case "blocked":
      return { tone: "warning", headline: "Not possible now", explanation: status.availability.reason };
    case "ready":
      return isPreparing(status)
        ? { tone: "busy", headline: "Preparing the update", explanation: "The box works out what it has of the new version already." }
        : phaseWords(status);
  }
}

/** Whether the box does what it was told to, and has not come to the first step of it. */
export const isPreparing = ({ activity, phase }: UpdateStatus): boolean =>
  (activity === "downloading" || activity === "installing") && isAtRest(phase);

function phaseWords(status: UpdateStatus): Words {
  const { phase } = status;
  switch (phase.phase) {
    case "idle":
      return idleWords(status);
    case "checking":
      return { tone: "busy", headline: "Looking for a new version", explanation: "This takes a few seconds." };
    case "available":
    case "ready":
      return offerWords(status.offer, phase.version, phase.phase === "ready");
    case "downloading":
      return {
        tone: "busy",
        headline: `Downloading version ${phase.version}, ${percent(share(phase.done, phase.total))}`,
        explanation: "You can go on using the box. What is here already is not fetched twice.",
      };
    case "installing":
      return {
        tone: "busy",
        headline: `Installing version ${phase.version}`,
        explanation:
          "You can go on using the box: the new version is written beside the one that runs. Nothing happens to it even if the power fails now.",
      };
    case "restart_pending":
      return phase.at === null
        ? {
            tone: "warning",
            headline: "Waits for a restart",
            explanation: `Version ${phase.version} is installed. It starts when you restart the box.`,
          }
        : {
            tone: "busy",
            headline: "Restart planned",
            explanation: `Version ${phase.version} is installed. The box restarts into it on ${minute(phase.at)}.`,
          };
    case "trial":
      return {
        tone: "busy",
        headline: `Trying version ${phase.version} out`,
        explanation:
          "It runs, and the box checks that everything works. If something does not, the box goes back to the version before by itself.",
      };
    case "good":
      return {
        tone: "good",
        headline: "Up to date",
        explanation: `Version ${phase.version} is installed, and everything works. That was on ${minute(phase.at)}.`,
      };
    case "rolled_back":
      return {
        tone: "warning",
        headline: `Went back to version ${phase.to}`,
        explanation: `Version ${phase.version} did not work, so the box went back to ${phase.to} by itself. Nothing was lost: your keys, data and settings are as they were.`,
      };
  }
}

function idleWords({ problem, offer, last_check }: UpdateStatus): Words {
  if (problem !== null) return { tone: "warning", headline: "That did not work", explanation: problem.text };
  if (offer !== null) return offerWords(offer, offer.version, false);
  if (last_check === null) {
    return { tone: "quiet", headline: "Not looked yet", explanation: "The box has not looked for a new version so far." };
  }
  if (last_check.problem?.code === "stopped") {
    return { tone: "quiet", headline: "The look was stopped", explanation: "Whether there is a newer version is not known. Look again when it suits you." };
  }
  if (last_check.problem !== null) {
    return { tone: "warning", headline: "Could not look", explanation: last_check.problem.text };
  }
  return { tone: "good", headline: "Up to date", explanation: "There is no newer version." };
}

function offerWords(offer: UpdateOffer | null, version: string, here: boolean): Words {
  if (offer !== null && offer.set_aside !== null) {
    return {
      tone: "quiet",
      headline: `Version ${version} is set aside`,
      explanation: "The box does not install it by itself. You can, if you want it all the same.",
    };
  }
  return here
    ? { tone: "good", headline: `Version ${version} is ready`, explanation: "All of it is on the box. Install it when it suits you." }
    : { tone: "good", headline: `Version ${version} is available`, explanation: "Read what is new, and install it when it suits you." };
}

export const share = (done: number, total: number): number => (total > 0 ? Math.min(1, done / total) : 0);

/** What still has to be fetched, in words. */
export function downloadWords({ source, download, size }: UpdateOffer, measuring: boolean): string {
  if (source === "file") return "nothing, it came in a file";
  if (download === null) return measuring ? `at most ${bytes(size)}; it is being worked out` : `at most ${bytes(size)}`;
  return download === 0 ? "nothing more" : bytes(download);
}

/** What is on a stick, and whether it is of use here. */
export function mediumWords({ fit, version, board }: UpdateOnMedium, status: UpdateStatus): string {
  switch (fit) {
    case "newer":
      return "The box can copy it, and check who signed it. Nothing is installed before you say so.";
    case "running":
      return `The box runs version ${version} already, so there is nothing to do.`;
    case "older":
      return `It is older than version ${status.running}, which runs, so the box does not take it.`;
    case "other_board":
      return `It is for another kind of box, ${board}. This one needs the file for ${status.board ?? "its own kind"}.`;
    case "not_whole":
      return "The file holds only a part of the version. Bring the whole one.";
    case "too_large":
      return "The file is larger than any version. Check that it is the right one.";
  }
}

/** Names as people list them: "Ada, Grace and Linus". */
export function names(of: readonly string[]): string {
  if (of.length < 2) return of.join("");
  return `${of.slice(0, -1).join(", ")} and ${of.at(-1) ?? ""}`;
}

/** What an installation does, one after the other, and which steps of the box belong to it. */
const STAGES: readonly { name: string; steps: readonly UpdateStep[] }[] = [
  { name: "Make room for it beside the present version", steps: ["forget", "label_empty"] },
  { name: "Write it", steps: ["write_root", "write_verity"] },
  { name: "Read it back, and compare every part", steps: ["verify_read_back"] },
  { name: "Make it ready to start", steps: ["set_identity", "stage_kernel", "arm", "restart"] },
];

export type Stage = { name: string; state: "done" | "now" | "later" };

/** The stages of an installation that is at `step`. */
export function stages(step: UpdateStep): Stage[] {
  const now = STAGES.findIndex(({ steps }) => steps.includes(step));
  return STAGES.map(({ name }, place) => ({ name, state: place < now ? "done" : place === now ? "now" : "later" }));
}

const OUTCOMES: Record<UpdateEntry["outcome"], { tone: Tone; words: string }> = {
  installed: { tone: "good", words: "was installed, and works" },
  refused: { tone: "warning", words: "was not taken" },
  failed: { tone: "warning", words: "could not be installed" },
  rolled_back: { tone: "warning", words: "did not work, so the box went back" },
  taken_back: { tone: "quiet", words: "was taken back by its owner" },
};

export const outcomeWords = ({ outcome }: UpdateEntry): { tone: Tone; words: string } => OUTCOMES[outcome];

/** Whether something is under way that can be ended. */
export const canBeCancelled = (status: UpdateStatus): boolean =>
  ["checking", "downloading", "installing"].includes(status.phase.phase) || isPreparing(status);

/** Whether nothing is being done for an update, and none waits to be finished. */
const isAtRest = ({ phase }: UpdatePhase): boolean =>
  phase === "idle" || phase === "available" || phase === "ready" || phase === "good" || phase === "rolled_back";

/** Whether what is offered can be installed now. Nobody has to wait for the box to measure it. */
export const canInstall = ({ activity, phase }: UpdateStatus): boolean =>
  isAtRest(phase) && (activity === null || activity === "measuring");
