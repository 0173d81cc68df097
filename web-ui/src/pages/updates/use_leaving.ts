import { useState } from "react";

import type { UpdateStatus } from "../../api/types";
import { useLive } from "../../live/LiveProvider";

/** The box goes away, and comes back with `version`. */
export type Leaving = { version: string; back: boolean };

/** Whether the box is away for a restart: because somebody asked for it here, or because its time had come. */
export function useLeaving({ phase }: UpdateStatus): { leaving: Leaving | null; leave: (leaving: Leaving) => void } {
  const { state } = useLive();
  const [asked, setAsked] = useState<(Leaving & { gone: boolean }) | null>(null);
  const lost = state.kind === "lost";
  if (asked !== null && lost && !asked.gone) setAsked({ ...asked, gone: true });
  // It is there again, and its own words count.
  if (asked !== null && asked.gone && state.kind === "live") setAsked(null);
  const leave = (leaving: Leaving) => setAsked({ ...leaving, gone: false });
  if (asked !== null) return { leaving: asked, leave };
  const due = lost && phase.phase === "restart_pending" && phase.at !== null;
  return { leaving: due ? { version: phase.version, back: false } : null, leave };
}
