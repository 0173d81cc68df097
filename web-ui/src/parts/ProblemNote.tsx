import type { Problem } from "../api/problem";
import { problemWords } from "../words/problem_words";
import { Icon } from "./Icon";

/** A failure in plain words, what to do next, and a way to try again where there is one. */
export function ProblemNote({ problem, retry }: { problem: Problem; retry?: (() => void) | undefined }) {
  const { title, text, next } = problemWords(problem);
  return (
    <div className="note note-bad" role="alert">
      <Icon name="bad" />
      <div>
        <strong>{title}</strong>
        <p>
          {text} {next}
        </p>
        {problem.slug === "internal" && problem.requestId !== null && (
          <p className="muted small">
            Number of the request: <code>{problem.requestId}</code>
          </p>
        )}
        {retry && (
          <button type="button" className="button small" onClick={retry}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}
