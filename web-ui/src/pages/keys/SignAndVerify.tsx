import { useId, useState, type SyntheticEvent } from "react";

import { textToBase64 } from "../../api/base64";
import * as box from "../../api/box";
import type { Key, Signature, SignatureScheme } from "../../api/types";
import { CopyButton } from "../../parts/CopyButton";
import { Icon } from "../../parts/Icon";
import { ProblemNote } from "../../parts/ProblemNote";
import { SubmitButton } from "../../parts/SubmitButton";
import { useAction } from "../../parts/use_action";
import { schemeName } from "../../words/key_words";

/** Signs a text with the key, and checks signatures. */
export function SignAndVerify({ of }: { of: Key }) {
  const [text, setText] = useState("");
  const [scheme, setScheme] = useState<SignatureScheme | undefined>(of.schemes[0]);
  const [signed, setSigned] = useState<Signature | null>(null);
  const [signature, setSignature] = useState("");
  const [valid, setValid] = useState<boolean | null>(null);
  const id = useId();
  const message = textToBase64(text);
  const how = scheme === undefined ? {} : { scheme };

  const signing = useAction(async () => {
    setSigned(null);
    setValid(null);
    const made = await box.sign(of.id, { message, ...how });
    setSigned(made);
    setSignature(made.signature);
  });
  const verifying = useAction(async () => {
    setValid(null);
    const body = { message, signature: signature.replace(/\s/g, ""), ...how };
    setValid((await box.verify(of.id, body)).valid);
  });
  const on = (start: () => void) => (event: SyntheticEvent) => {
    event.preventDefault();
    start();
  };

  return (
    <section className="card" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Sign and check</h2>
      <form className="stack" onSubmit={on(signing.start)}>
        <div className="field">
          <label htmlFor={`${id}-text`}>Text</label>
          <textarea
            id={`${id}-text`}
            rows={5}
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setValid(null);
            }}
          />
        </div>
        {of.schemes.length > 1 && (
          <div className="field">
            <label htmlFor={`${id}-scheme`}>How</label>
            <select
              id={`${id}-scheme`}
              value={scheme}
              onChange={(event) => {
                setScheme(event.target.value as SignatureScheme);
                setValid(null);
              }}
            >
              {of.schemes.map((name) => (
                <option key={name} value={name}>
                  {schemeName(name)}
                </option>
              ))}
            </select>
          </div>
        )}
        {signing.problem !== null && <ProblemNote problem={signing.problem} />}
        <SubmitButton busy={signing.busy} busyText="Signing…">
          Sign the text
        </SubmitButton>
        {signed !== null && (
          <p className="small" role="status">
            Signed with {schemeName(signed.scheme)}. The signature is below.
          </p>
        )}
      </form>
      <form className="stack" onSubmit={on(verifying.start)}>
        <div className="field">
          <div className="block-head">
            <label htmlFor={`${id}-signature`}>Signature</label>
            {signature !== "" && <CopyButton text={signature} what="the signature" />}
          </div>
          <textarea
            id={`${id}-signature`}
            className="mono"
            rows={4}
            spellCheck={false}
            placeholder="Sign a text above, or paste a signature"
            value={signature}
            onChange={(event) => {
              setSignature(event.target.value);
              setSigned(null);
              setValid(null);
            }}
          />
        </div>
        {verifying.problem !== null && <ProblemNote problem={verifying.problem} />}
        <SubmitButton busy={verifying.busy} busyText="Checking…" disabled={signature.trim() === ""}>
          Check the signature
        </SubmitButton>
        {valid !== null && <Verdict valid={valid} />}
      </form>
    </section>
  );
}

function Verdict({ valid }: { valid: boolean }) {
  return (
    <p className={valid ? "note note-good" : "note note-bad"} role="status">
      <Icon name={valid ? "good" : "bad"} />
      {valid
        ? "Valid: this key signed exactly this text."
        : "Not valid: the text was changed, or another key made the signature."}
    </p>
  );
}
