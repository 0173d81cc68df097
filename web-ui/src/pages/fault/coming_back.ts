/** How a box that restarts, or starts with its data open, is seen from the page that waits for it. */

export type Doing = "opened" | "restarting" | "erased";

/** What one look shows: no fault any more, still or again a fault, no answer. */
export type Seen = "works" | "fault" | "nothing";

export type Coming = {
  /**
   * `unseen`: it has not answered for some time, perhaps because of its other certificate. `slow`: it says
   * the fault for longer than it should. `fault`: it was away and came back with a fault.
   */
  stage: "waiting" | "unseen" | "slow" | "ready" | "fault";
  /** Looks without an answer, in a row. */
  silent: number;
  /** Looks that showed the fault. */
  faulty: number;
};

export const INITIAL: Coming = { stage: "waiting", silent: 0, faulty: 0 };

/** So many looks without an answer are no hiccup. */
const SILENT = 3;
/** A start or a shutdown takes less than so many looks. */
const SLOW = 30;

export function next(doing: Doing, before: Coming, seen: Seen): Coming {
  if (seen === "works") return { ...before, stage: "ready", silent: 0 };
  if (seen === "nothing") {
    const silent = before.silent + 1;
    return { ...before, silent, stage: silent >= SILENT ? "unseen" : before.stage };
  }
  // Before a restart the fault is still said for a moment; after it, it is news.
  if (doing !== "opened" && before.silent > 0) return { ...before, stage: "fault", silent: 0 };
  const faulty = before.faulty + 1;
  return { stage: faulty >= SLOW ? "slow" : "waiting", silent: 0, faulty };
}
