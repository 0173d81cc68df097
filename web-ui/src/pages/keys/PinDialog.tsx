import { useRef, useState, type SyntheticEvent } from "react";

import * as box from "../../api/box";
import { Problem } from "../../api/problem";
import type { Token } from "../../api/types";
import { boxState } from "../../live/box_state";
import { Icon } from "../../parts/Icon";
import { Modal } from "../../parts/Modal";
import { PasswordField } from "../../parts/PasswordField";
import { ProblemNote } from "../../parts/ProblemNote";
import { SubmitButton } from "../../parts/SubmitButton";
import { useAction } from "../../parts/use_action";
import { pinHint, pinRefusal, tokenSilent, tokenState, triesWords, wrongPinWords } from "../../words/token_words";

/** Asks for a token's PIN, gives it to the token, and says how that went. */
export function PinDialog({
  of,
  now,
  onUnlocked,
  onClose,
}: {
  /** The token when it was asked for. */
  of: Token;
  /** The same token now; undefined when it is gone. */
  now: Token | undefined;
  onUnlocked: () => void;
  onClose: () => void;
}) {
  const [pin, setPin] = useState("");
  const [missing, setMissing] = useState(false);
  /** The PINs that the token refused. None is sent twice: each would cost another try. */
  const [refused, setRefused] = useState<readonly string[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const { start, busy, problem, clearProblem } = useAction(async () => {
    try {
      await box.unlockToken(of.name, pin);
    } catch (error) {
      // What the token tells of the tries it has left.
      await boxState.tokens.reload();
      if (pinRefusal(Problem.from(error)) === "wrong") {
        setRefused([...refused, pin]);
        form.current?.querySelector("input")?.select();
      }
      throw error;
    } finally {
      // Every try is in the record.
      boxState.audit.forget();
      boxState.auditVerification.forget();
    }
    onUnlocked();
  });

  const refusal = problem === null ? null : pinRefusal(problem);
  const gone = now === undefined || tokenState(now) === "gone" || refusal === "gone";
  const locked = refusal === "locked" || (now !== undefined && tokenState(now) === "locked");
  const tries = refused.length === 0 && now !== undefined ? triesWords(now) : null;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setMissing(pin === "");
    if (pin !== "" && !refused.includes(pin)) {
      start();
    } else {
      clearProblem();
      form.current?.querySelector("input")?.focus();
    }
  };

  return (
    <Modal
      title={`Enter the PIN of ${of.name}`}
      onEscape={() => {
        if (!busy) onClose();
      }}
    >
      <p className="muted small break">{about(of)}</p>
      {gone ? (
        <Stopped title="The token was pulled out" onClose={onClose}>
          Nothing is lost. Plug it in again, and enter its PIN then.
        </Stopped>
      ) : locked ? (
        <Stopped title="The token has locked itself" onClose={onClose}>
          Too many wrong PINs were entered, so it takes none any more, not even the right one. Only its maker’s own
          program unlocks it, usually with a second code that came with it (PUK or SO-PIN). The box cannot do that.
        </Stopped>
      ) : (
        <form className="stack" ref={form} onSubmit={submit} noValidate>
          {problem !== null && refusal === "other" && <ProblemNote problem={problem} />}
          {refusal === "silent" && <ProblemNote problem={tokenSilent()} />}
          <p>
            <strong>Wrong PINs lock a token</strong>, usually the third in a row. If you are not sure of the PIN, look it
            up first.
            {tries !== null && <> {tries}</>}
          </p>
          {/* What is wrong is said aloud: the next try may be the last. */}
          <div aria-live="polite">
            <PasswordField
              label="PIN"
              hint={pinHint(of)}
              value={pin}
              readOnly={busy}
              autoComplete="off"
              required
              error={error()}
              onChange={(event) => {
                setPin(event.target.value);
                setMissing(false);
                clearProblem();
              }}
            />
          </div>
          <p className="muted small">The box keeps the PIN in memory until it restarts, and writes it nowhere.</p>
          <div className="actions">
            <button type="button" className="button" onClick={onClose} disabled={busy}>
              Cancel
            </button>
            <SubmitButton busy={busy} busyText="Unlocking the token…">
              Unlock
            </SubmitButton>
          </div>
        </form>
      )}
    </Modal>
  );

  function error(): string | undefined {
    if (missing) return "Type the PIN.";
    if (refusal === "wrong") return wrongPinWords(refused.length, now);
    if (refused.includes(pin)) return "The token refused this very PIN before. It is not sent again: that would cost a try.";
    return undefined;
  }
}

/** Which token it is, as people find it on the device itself. */
function about({ label, manufacturer, model, serial }: Token): string {
  const device = [manufacturer, model].filter(Boolean).join(" ");
  return [label === "" ? null : `“${label}”`, device, serial === "" ? null : `serial number ${serial}`]
    .filter(Boolean)
    .join(", ");
}

/** Why the PIN cannot be entered any more. */
function Stopped({ title, children, onClose }: { title: string; children: string; onClose: () => void }) {
  return (
    <>
      <div className="note note-bad" role="alert">
        <Icon name="bad" />
        <div>
          <strong>{title}</strong>
          <p>{children}</p>
        </div>
      </div>
      <div className="actions">
        <button type="button" className="button primary" onClick={onClose}>
          Close
        </button>
      </div>
    </>
  );
}
