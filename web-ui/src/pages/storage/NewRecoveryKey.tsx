import { useEffect, useId, useState } from "react";

import { CopyButton } from "../../parts/CopyButton";
import { Modal } from "../../parts/Modal";
import { recoveryKeyGroups } from "../../words/recovery_key";

/** Shows the new recovery key, this once: it stays in front of everything until it was written down. */
export function NewRecoveryKey({ secret, onDone }: { secret: string; onDone: () => void }) {
  const [written, setWritten] = useState(false);
  const [early, setEarly] = useState(false);
  const id = useId();
  useEffect(() => {
    // Leaving the page would lose the key; the browser asks first.
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", stay);
    return () => window.removeEventListener("beforeunload", stay);
  }, []);
  const close = () => {
    if (written) onDone();
    else setEarly(true);
  };
  return (
    <Modal title="Your recovery key" className="key-window" onEscape={() => setEarly(!written)}>
      <p>
        It is shown only now. Write it down or print it, and keep it away from the box. Read it once more against what
        you wrote: every letter counts.
      </p>
      <ol className="recovery-key" aria-label="The recovery key, in groups">
        {recoveryKeyGroups(secret).map((group, place) => (
          <li key={place}>{group}</li>
        ))}
      </ol>
      <div className="actions not-printed">
        <CopyButton text={secret} what="the recovery key" />
        <button type="button" className="button small" onClick={() => window.print()}>
          Print
        </button>
        <button type="button" className="button small" onClick={() => save(secret)}>
          Save as a file
        </button>
      </div>
      <div className="field not-printed">
        <label className="check" htmlFor={id}>
          <input
            id={id}
            type="checkbox"
            checked={written}
            aria-invalid={early}
            aria-describedby={early ? `${id}-error` : undefined}
            onChange={(event) => {
              setWritten(event.target.checked);
              setEarly(false);
            }}
          />
          I have written it down
        </label>
        <div role="alert">
          {early && (
            <p className="field-error" id={`${id}-error`}>
              Write the key down first, then tick this. Nobody can show it again.
            </p>
          )}
        </div>
      </div>
      <div className="actions not-printed">
        <button type="button" className="button primary" aria-disabled={!written || undefined} onClick={close}>
          Close
        </button>
      </div>
    </Modal>
  );
}

/** Gives the key as a text file, made here: it goes nowhere else. */
function save(secret: string): void {
  const text = `Recovery key of the Anya Box at ${location.host}, made ${new Date().toLocaleDateString()}:\n\n${secret}\n\nKeep it away from the box. Whoever has both has your data.\n`;
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "anya-box-recovery-key.txt";
  link.click();
  URL.revokeObjectURL(address);
}
