import type { Certificate } from "../../api/types";

/** The certificate's fingerprint, to be compared with the console and with what the browser says. */
export function CompareCertificate({ certificate }: { certificate: Certificate }) {
  return (
    <div className="card">
      <p>
        Look at the box’s console: the screen connected to it, or the terminal in which it was started. Beside{" "}
        <em>Certificate</em> it has to show these six words:
      </p>
      <ol className="words" aria-label="The certificate in six words">
        {certificate.words.map((word, place) => (
          <li key={`${place} ${word}`}>{word}</li>
        ))}
      </ol>
      <p>
        <strong>Other words?</strong> Then do not go on: you are connected to something else. Check the address, and
        that you are on the right network.
      </p>
      <details>
        <summary>Why does the browser warn about this page?</summary>
        <p>
          The box makes its own certificate, so that no company has to vouch for it. The browser does not know it yet
          and says so. Comparing it once, here, is safer than clicking the warning away.
        </p>
      </details>
      <details>
        <summary>Compare with what the browser itself sees</summary>
        <p>
          A forged page could show any words. The browser’s own certificate window cannot be forged by a page, so this
          is the check that counts:
        </p>
        <ol className="steps">
          <li>Click the sign left of the address (a lock, or “Not secure”).</li>
          <li>
            Open the certificate: in Chrome and Edge under “Certificate details”, in Firefox under “Connection not
            secure”, “More information”, “View certificate”; in Safari “Show certificate”.
          </li>
          <li>
            Find <strong>SHA-256 fingerprint</strong> of the certificate. It has to be the same as on the console:
          </li>
        </ol>
        <Fingerprint hex={certificate.sha256} />
      </details>
    </div>
  );
}

/** A fingerprint, so broken that people can compare it piece by piece. */
export function Fingerprint({ hex }: { hex: string }) {
  const bytes = hex.split(":");
  const groups = Array.from({ length: Math.ceil(bytes.length / 4) }, (_, i) => bytes.slice(i * 4, i * 4 + 4).join(":"));
  return (
    <p className="fingerprint">
      {groups.map((group, place) => (
        <span key={`${place} ${group}`}>{group}</span>
      ))}
    </p>
  );
}
