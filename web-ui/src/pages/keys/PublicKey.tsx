import type { Key } from "../../api/types";
import { CopyButton } from "../../parts/CopyButton";

/** The public half, in the two ways in which programs take it. */
export function PublicKey({ of, label }: { of: Key["public_key"]; label: string }) {
  const jwk = JSON.stringify(of.jwk, null, 2);
  return (
    <section className="card" aria-labelledby="public-key">
      <h2 id="public-key">Public key</h2>
      <p className="muted small">Give this to anybody who is to check signatures of this key. It is no secret.</p>
      <div className="block-head">
        <h3>PEM</h3>
        <CopyButton text={of.pem} what={`the public key of ${label} as PEM`} />
      </div>
      <pre className="code-block">{of.pem.trim()}</pre>
      <details>
        <summary>As JSON Web Key</summary>
        <div className="stack">
          <div className="block-head">
            <h3>JWK</h3>
            <CopyButton text={jwk} what={`the public key of ${label} as JWK`} />
          </div>
          <pre className="code-block">{jwk}</pre>
        </div>
      </details>
    </section>
  );
}
