import type { ReactNode } from "react";

import type { Snapshot } from "../live/resource";
import { ProblemNote } from "./ProblemNote";
import { Waiting } from "./Waiting";

/** Shows what is known; before that, that it is being asked for; and why it could not be asked. */
export function Known<T>({
  of: { value, problem, reload },
  what,
  children,
}: {
  of: Snapshot<T> & { reload: () => Promise<void> };
  /** What is asked for, as in "Looking up the keys". */
  what: string;
  children: (value: T) => ReactNode;
}) {
  return (
    <>
      {problem !== null && <ProblemNote problem={problem} retry={() => void reload()} />}
      {value !== null ? children(value) : problem === null && <Waiting what={what} />}
    </>
  );
}
