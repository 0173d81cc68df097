import { useState } from "react";

import * as box from "../../api/box";
import type { Volume } from "../../api/types";
import { boxState } from "../../live/box_state";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { ProblemNote } from "../../parts/ProblemNote";
import { Status } from "../../parts/Status";
import { useAction } from "../../parts/use_action";
import { recoveryKeyWords } from "../../words/storage_words";
import { NewRecoveryKey } from "./NewRecoveryKey";

/** The key for the day on which the chip fails. */
export function RecoveryKeySection({ volume }: { volume: Volume }) {
  const words = recoveryKeyWords(volume);
  return (
    <section className="card" aria-labelledby="recovery-key">
      <div className="block-head">
        <h2 id="recovery-key">Recovery key</h2>
        {words !== null && <Status tone={words.tone}>{words.headline}</Status>}
      </div>
      {words === null ? <p>{whyNone(volume)}</p> : <Making volume={volume} />}
    </section>
  );
}

function whyNone({ protection }: Volume): string {
  if (protection === "developer") return "None is needed: the data is in a folder, which no chip locks.";
  return "None is needed: no chip locks the data. It can always be opened, by others as well.";
}

function Making({ volume }: { volume: Volume }) {
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const { start, busy, problem, clearProblem } = useAction(async () => {
    const { recovery_key } = await box.makeRecoveryKey();
    setAsking(false);
    setMade(recovery_key);
  });
  const done = () => {
    setMade(null);
    void boxState.storage.reload();
  };
  const again = volume.recovery_key === "made";
  return (
    <>
      <p>
        If the security chip of this box ever breaks or is replaced, the recovery key is the only way to your data. Keep it
        on paper, away from the box: whoever has both has your data.
      </p>
      {again ? (
        <>
          <p className="muted small">
            It was shown when it was made, and the box does not keep it. If it is lost, or somebody else saw it, make a
            new one.
          </p>
          <button
            type="button"
            className="button start"
            onClick={() => {
              clearProblem();
              setAsking(true);
            }}
          >
            Make a new one…
          </button>
        </>
      ) : (
        <>
          {problem !== null && <ProblemNote problem={problem} />}
          <button type="button" className="button primary start" aria-disabled={busy || undefined} onClick={start}>
            {busy && <span className="spinner" aria-hidden="true" />}
            {busy ? "Making the recovery key…" : "Make the recovery key"}
          </button>
        </>
      )}
      {asking && (
        <ConfirmDialog
          title="Make a new recovery key?"
          action="Make a new one"
          keep="Keep the old one"
          busy={busy}
          busyText="Making the recovery key…"
          problem={problem}
          onConfirm={start}
          onClose={() => setAsking(false)}
        >
          <p>The old recovery key opens nothing any more, wherever it is written down.</p>
        </ConfirmDialog>
      )}
      {made !== null && <NewRecoveryKey secret={made} onDone={done} />}
    </>
  );
}
