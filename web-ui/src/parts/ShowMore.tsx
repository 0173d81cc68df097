import { ProblemNote } from "./ProblemNote";
import type { Older } from "./use_older";

/** Fetches the next page of a list, where there is one. */
export function ShowMore({ of, what }: { of: Older<unknown>; what: string }) {
  return (
    <>
      {of.problem !== null && <ProblemNote problem={of.problem} retry={of.showMore} />}
      {of.more && (
        <p className="centred">
          <button type="button" className="button" aria-disabled={of.busy || undefined} onClick={of.showMore}>
            {of.busy ? "Looking…" : `Show ${what}`}
          </button>
        </p>
      )}
    </>
  );
}
