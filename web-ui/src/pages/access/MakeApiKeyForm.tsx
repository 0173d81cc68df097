import { useEffect, useRef, useState, type SyntheticEvent } from "react";

import * as box from "../../api/box";
import type { CreatedApiKey } from "../../api/types";
import { Field } from "../../parts/Field";
import { ProblemNote } from "../../parts/ProblemNote";
import { SubmitButton } from "../../parts/SubmitButton";
import { useAction } from "../../parts/use_action";

const LIFETIMES = [
  { days: 30, name: "30 days" },
  { days: 90, name: "90 days" },
  { days: 365, name: "A year" },
  { days: 0, name: "Until I delete it" },
];

export function MakeApiKeyForm({ onMade, onClose }: { onMade: (key: CreatedApiKey) => void; onClose: () => void }) {
  const [label, setLabel] = useState("");
  const [days, setDays] = useState(90);
  const [missing, setMissing] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector("input")?.focus(), []);

  const { start, busy, problem } = useAction(async () => {
    onMade(await box.createApiKey({ label: label.trim(), ...(days === 0 ? {} : { expires_in_days: days }) }));
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setMissing(label.trim() === "");
    if (label.trim() !== "") start();
  };
  return (
    <form className="stack make-key" ref={form} onSubmit={submit} noValidate aria-label="Make an API key">
      {problem !== null && !problem.fields.has("label") && <ProblemNote problem={problem} />}
      <Field
        label="Which program is it for?"
        value={label}
        maxLength={64}
        required
        autoComplete="off"
        error={missing ? "Name the program." : problem?.fields.get("label")}
        onChange={(event) => {
          setLabel(event.target.value);
          setMissing(false);
        }}
      />
      <div className="field">
        <label htmlFor="api-key-days">How long is it good for?</label>
        <select id="api-key-days" value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {LIFETIMES.map(({ days: value, name }) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <div className="actions">
        <SubmitButton busy={busy} busyText="Making the API key…">
          Make the API key
        </SubmitButton>
        <button type="button" className="button quiet" onClick={onClose} disabled={busy}>
          Cancel
        </button>
      </div>
    </form>
  );
}
