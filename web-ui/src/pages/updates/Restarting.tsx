import { useEffect, useState } from "react";

import { loadAnew } from "../../live/load_anew";
import { Waiting } from "../../parts/Waiting";

/** A restart takes less, also on a slow board. */
const SLOW_MS = 240_000;

/** The box is away; the page goes on by itself once it is back. */
export function Restarting({ to, back }: { to: string; back: boolean }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <section className="card" aria-labelledby="restarting">
      <h2 id="restarting">{back ? `The box goes back to version ${to}` : `The box restarts into version ${to}`}</h2>
      <p>
        This takes a minute or two, and the box cannot be reached meanwhile. Leave this page open: it goes on by itself as
        soon as the box is back.
      </p>
      <Waiting what="Waiting for the box" />
      {slow && (
        <div className="note">
          <div>
            <strong>It takes longer than usual</strong>
            <p>
              If the new version does not start, the box goes back to the one before by itself, which takes some minutes
              more. The box’s own screen shows what it does.
            </p>
            <button type="button" className="button small" onClick={loadAnew}>
              Load the page again
            </button>
          </div>
        </div>
      )}
    </section>
  );
}
