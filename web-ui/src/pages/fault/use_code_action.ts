import { useState } from "react";

import type { Problem } from "../../api/problem";
import { useAction } from "../../parts/use_action";
import { useCountdown } from "../../parts/use_countdown";
import { tidyCode } from "../claim/claim_rules";
import { CODE_MISSING, codeError, waitUntil } from "./console_code";

export type CodeAction = {
  code: string;
  setCode: (typed: string) => void;
  /** What is wrong with the code. */
  error: string | undefined;
  /** What else went wrong. */
  problem: Problem | null;
  busy: boolean;
  /** Seconds until the box takes another try. */
  wait: number;
  /** Does it, or says that there is no code yet. */
  start: () => void;
};

/** Something that takes the code from the box's screen. */
export function useCodeAction(run: (code: string) => Promise<unknown>, done: () => void): CodeAction {
  const [code, setTyped] = useState("");
  const [missing, setMissing] = useState(false);
  const [deadline, setDeadline] = useState<number | null>(null);
  const wait = useCountdown(deadline);
  const { start, busy, problem, clearProblem } = useAction(async () => {
    await run(code).catch((error: unknown) => {
      setDeadline(waitUntil(error));
      throw error;
    });
    done();
  });
  const wrong = codeError(problem);
  return {
    code,
    setCode: (typed) => {
      setTyped(tidyCode(typed));
      setMissing(false);
      if (wrong !== null) clearProblem();
    },
    error: missing ? CODE_MISSING : (wrong ?? undefined),
    problem: wrong === null ? problem : null,
    busy,
    wait,
    start: () => {
      setMissing(code === "");
      if (code !== "" && wait === 0) start();
    },
  };
}
