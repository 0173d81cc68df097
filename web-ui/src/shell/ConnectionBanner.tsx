import { useLive } from "../live/LiveProvider";
import { useCountdown } from "../parts/use_countdown";
import { plural } from "../words/format";

/** Says when what is shown may be old, because the connection to the box is lost. */
export function ConnectionBanner() {
  const { state, retryNow } = useLive();
  const left = useCountdown(state.kind === "lost" ? state.retryAt : null);
  if (state.kind !== "lost") return null;
  return (
    <div className="banner">
      <span role="status">Connection to the box lost. What you see may be out of date.</span>
      {left > 0 ? <span>Trying again in {plural(left, "second")}.</span> : <span>Trying again…</span>}
      <button type="button" className="button small" onClick={retryNow}>
        Try now
      </button>
    </div>
  );
}
