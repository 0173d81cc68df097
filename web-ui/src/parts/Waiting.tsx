import { useEffect, useState } from "react";

import { plural } from "../words/format";

/** Something takes a while: says what, and from the third second on, for how long already. */
export function Waiting({ what }: { what: string }) {
  const seconds = useSecondsSinceShown();
  return (
    <p className="waiting" role="status">
      <span className="spinner" aria-hidden="true" />
      <span>{what}</span>
      {seconds >= 3 && (
        <span className="muted" aria-hidden="true">
          {plural(seconds, "second")}
        </span>
      )}
    </p>
  );
}

function useSecondsSinceShown(): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const start = Date.now();
    const timer = setInterval(() => setSeconds(Math.floor((Date.now() - start) / 1000)), 1000);
    return () => clearInterval(timer);
  }, []);
  return seconds;
}
