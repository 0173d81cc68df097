import { useEffect } from "react";

import type { Problem } from "../api/problem";
import { Mark } from "../parts/Mark";
import { ProblemNote } from "../parts/ProblemNote";
import { useSession } from "../session/SessionProvider";

const RETRY_MS = 5_000;

/** The box does not answer: says so, and keeps trying. */
export function UnreachablePage({ problem }: { problem: Problem }) {
  const { ask } = useSession();
  useEffect(() => {
    const timer = setTimeout(() => void ask(), RETRY_MS);
    return () => clearTimeout(timer);
  }, [ask, problem]);
  return (
    <main className="narrow">
      <h1 className="brand-title">
        <Mark /> Anya Box
      </h1>
      <ProblemNote problem={problem} retry={() => void ask()} />
      <p className="muted">This page tries again by itself every few seconds.</p>
    </main>
  );
}
