import { useEffect, useId, useRef, useState, type SyntheticEvent } from "react";

import * as box from "../../api/box";
import type { Key, KeyAlgorithm, Token } from "../../api/types";
import { Field } from "../../parts/Field";
import { ProblemNote } from "../../parts/ProblemNote";
import { SubmitButton } from "../../parts/SubmitButton";
import { useAction } from "../../parts/use_action";
import { ALGORITHMS, offeredAlgorithms } from "../../words/key_words";

/** Makes a key inside of a key store. */
export function MakeKeyForm({
  tokens,
  onMade,
  onClose,
}: {
  tokens: readonly Token[];
  onMade: (key: Key) => void;
  onClose: () => void;
}) {
  const algorithms = offeredAlgorithms(tokens);
  const [label, setLabel] = useState("");
  const [algorithm, setAlgorithm] = useState<KeyAlgorithm>(algorithms[0] ?? "p256");
  const [token, setToken] = useState("");
  const [missing, setMissing] = useState(false);
  // A try that is repeated after a lost answer makes no second key.
  const attempt = useRef({ text: "", id: "" });
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const able = tokens.filter((t) => t.health.state === "healthy" && t.algorithms.some((a) => a.algorithm === algorithm));
  const chosen = able.some((t) => t.name === token) ? token : "";

  useEffect(() => form.current?.querySelector("input")?.focus(), []);

  const { start, busy, problem } = useAction(async () => {
    const body = { label: label.trim(), algorithm, ...(chosen === "" ? {} : { token: chosen }) };
    const text = JSON.stringify(body);
    if (attempt.current.text !== text) attempt.current = { text, id: crypto.randomUUID() };
    const key = await box.createKey(body, attempt.current.id);
    attempt.current = { text: "", id: "" };
    onMade(key);
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setMissing(label.trim() === "");
    if (label.trim() === "") form.current?.querySelector("input")?.focus();
    else start();
  };

  if (algorithms.length === 0) {
    return <p className="note">No key store works just now, so no key can be made.</p>;
  }
  return (
    <form className="stack make-key" ref={form} onSubmit={submit} noValidate aria-label="Make a key">
      {problem !== null && !problem.fields.has("label") && <ProblemNote problem={problem} />}
      <Field
        label="Name of the key"
        hint="What it is for, such as “Invoices”."
        maxLength={64}
        value={label}
        error={missing ? "Give the key a name." : problem?.fields.get("label")}
        onChange={(event) => {
          setLabel(event.target.value);
          setMissing(false);
        }}
        required
        autoComplete="off"
      />
      <div className="field">
        <label htmlFor={`${id}-algorithm`}>Kind</label>
        <select
          id={`${id}-algorithm`}
          value={algorithm}
          aria-describedby={`${id}-use`}
          onChange={(event) => setAlgorithm(event.target.value as KeyAlgorithm)}
        >
          {algorithms.map((name) => (
            <option key={name} value={name}>
              {ALGORITHMS[name].name}
            </option>
          ))}
        </select>
        <p className="hint" id={`${id}-use`}>
          {ALGORITHMS[algorithm].use}
        </p>
      </div>
      {able.length > 1 && (
        <div className="field">
          <label htmlFor={`${id}-token`}>Where it is kept</label>
          <select id={`${id}-token`} value={chosen} onChange={(event) => setToken(event.target.value)}>
            <option value="">The box chooses</option>
            {able.map((t) => (
              <option key={t.name} value={t.name}>
                {t.name}
              </option>
            ))}
          </select>
        </div>
      )}
      <div className="actions">
        <SubmitButton busy={busy} busyText="Making the key…">
          Make the key
        </SubmitButton>
        <button type="button" className="button quiet" onClick={onClose} disabled={busy}>
          Cancel
        </button>
      </div>
    </form>
  );
}
