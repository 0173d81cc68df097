import { useRef, useState, type SyntheticEvent } from "react";

import * as box from "../../api/box";
import { ProblemNote } from "../../parts/ProblemNote";
import { SubmitButton } from "../../parts/SubmitButton";
import { Waiting } from "../../parts/Waiting";
import { useAction } from "../../parts/use_action";
import { useCountdown } from "../../parts/use_countdown";
import { countdown } from "../../words/format";
import { tidyRecoveryKey, whyWrong } from "../../words/recovery_key";
import { waitUntil } from "./console_code";

const HINT = "What you wrote down or printed when you made the key. Dashes, spaces and capitals do not matter.";

/** Opens the data with the recovery key. */
export function RecoveryKeyForm({ onOpened }: { onOpened: () => void }) {
  const [typed, setTyped] = useState("");
  const [missing, setMissing] = useState(false);
  const [deadline, setDeadline] = useState<number | null>(null);
  const wait = useCountdown(deadline);
  const area = useRef<HTMLTextAreaElement>(null);
  const { start, busy, problem, clearProblem } = useAction(async () => {
    await box.unlock(tidyRecoveryKey(typed)).catch((error: unknown) => {
      setDeadline(waitUntil(error));
      area.current?.focus();
      throw error;
    });
    onOpened();
  });
  const wrong =
    problem !== null &&
    (problem.status === 422 || problem.slug.endsWith("recovery-key-wrong") || problem.fields.has("recovery_key"));
  const error = missing ? "Type the recovery key." : wrong ? `This key does not open the data. ${whyWrong(typed)}` : null;

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (wait > 0) return;
    setMissing(typed.trim() === "");
    if (typed.trim() === "") area.current?.focus();
    else start();
  };
  return (
    <form className="card" onSubmit={submit} noValidate>
      <h2>Open your data with the recovery key</h2>
      {problem !== null && !wrong && <ProblemNote problem={problem} />}
      <div className="field">
        <label htmlFor="recovery-key">Recovery key</label>
        <p className="hint" id="recovery-key-hint">
          {HINT}
        </p>
        <textarea
          id="recovery-key"
          ref={area}
          className="recovery-key-input"
          rows={4}
          value={typed}
          readOnly={busy}
          autoComplete="off"
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          aria-invalid={error !== null}
          aria-describedby={error === null ? "recovery-key-hint" : "recovery-key-hint recovery-key-error"}
          onChange={(event) => {
            setTyped(event.target.value);
            setMissing(false);
            if (wrong) clearProblem();
          }}
          onKeyDown={(event) => {
            // A key has no line ends; Enter sends it, as in any other field.
            if (event.key === "Enter" && !event.shiftKey) submit(event);
          }}
        />
        <div role="alert">
          {error !== null && (
            <p className="field-error" id="recovery-key-error">
              {error}
            </p>
          )}
        </div>
      </div>
      <SubmitButton busy={busy} busyText="Opening your data…" disabled={wait > 0}>
        {wait > 0 ? `Try again in ${countdown(wait)}` : "Open the data"}
      </SubmitButton>
      {busy && <Waiting what="The box tries the key. This may take up to a minute." />}
    </form>
  );
}
