import { useCallback, useRef, useState } from "react";

import { Problem } from "../api/problem";

/** Something that a person sets off: at most once at a time, with its failure kept for showing. */
export function useAction<A extends unknown[]>(run: (...args: A) => Promise<void>): {
  start: (...args: A) => void;
  busy: boolean;
  problem: Problem | null;
  clearProblem: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const running = useRef(false);

  const start = (...args: A): void => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setProblem(null);
    run(...args)
      .catch((error: unknown) => setProblem(Problem.from(error)))
      .finally(() => {
        running.current = false;
        setBusy(false);
      });
  };
  const clearProblem = useCallback(() => setProblem(null), []);
  return { start, busy, problem, clearProblem };
}
