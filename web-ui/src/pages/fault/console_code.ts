/** The code that only the box's own screen shows, for what only somebody at the box may do. */
import { Problem } from "../../api/problem";

const WHERE = "the screen that is connected to the box";

export const CODE_HINT = `Eight letters and digits, shown on ${WHERE}.`;
export const CODE_MISSING = `Type the code that ${WHERE} shows.`;

/** What is wrong with the code itself; null when something else is. */
export function codeError(problem: Problem | null): string | null {
  if (problem === null) return null;
  const field = problem.fields.get("code");
  if (problem.status === 403 || field !== undefined) return `This is not the code on ${WHERE}. It may have changed: look again.`;
  return null;
}

/** Until when the box wants to be left alone, milliseconds since 1970, if it said so. */
export function waitUntil(error: unknown): number | null {
  const seconds = Problem.from(error).retryAfter;
  return seconds === null ? null : Date.now() + seconds * 1000;
}
