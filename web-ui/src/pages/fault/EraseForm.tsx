import { useState, type SyntheticEvent } from "react";

import * as box from "../../api/box";
import { Field } from "../../parts/Field";
import { ProblemNote } from "../../parts/ProblemNote";
import { countdown } from "../../words/format";
import { LOST_BY_ERASING } from "../../words/fault_words";
import { CodeField } from "./CodeField";
import { useCodeAction } from "./use_code_action";

/** What has to be typed, so that nobody erases by accident. */
const WORD = "erase";

/** Erases everything, after it was said what that is. */
export function EraseForm({ onErased }: { onErased: () => void }) {
  const [word, setWord] = useState("");
  const [unsure, setUnsure] = useState(false);
  const action = useCodeAction(box.erase, onErased);
  const sure = word.trim().toLowerCase() === WORD;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setUnsure(!sure);
    if (sure) action.start();
  };
  return (
    <form className="stack" onSubmit={submit} noValidate aria-label="Erase everything and begin anew">
      <p>
        <strong>This cannot be undone, by anybody.</strong> It takes away:
      </p>
      <ul className="bullets">
        {LOST_BY_ERASING.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <p>Keys in a card or stick that can be pulled out are not touched. The box then starts as a new one.</p>
      {action.problem !== null && <ProblemNote problem={action.problem} />}
      <Field
        label={`Type the word “${WORD}”`}
        value={word}
        error={unsure ? `Type “${WORD}” if you really want to lose all of this.` : undefined}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        onChange={(event) => {
          setWord(event.target.value);
          setUnsure(false);
        }}
      />
      <CodeField of={action} />
      <div className="actions">
        <button
          type="submit"
          className="button danger"
          aria-disabled={action.busy || undefined}
          disabled={action.wait > 0}
        >
          {action.busy && <span className="spinner" aria-hidden="true" />}
          {action.busy ? "Erasing…" : action.wait > 0 ? `Try again in ${countdown(action.wait)}` : "Erase everything"}
        </button>
        <span className="unseen" role="status">
          {action.busy ? "Erasing…" : ""}
        </span>
      </div>
    </form>
  );
}
