import { useMemo } from "react";

import * as box from "../../api/box";
import { Resource } from "../../live/resource";
import { useResource } from "../../live/use_resource";
import { Known } from "../../parts/Known";
import { Fingerprint } from "../claim/CompareCertificate";

const DEVICES: readonly { name: string; steps: readonly string[] }[] = [
  {
    name: "Windows",
    steps: [
      "Open the downloaded file and choose “Install Certificate”.",
      "Choose “Current User”, then “Place all certificates in the following store”.",
      "Choose “Trusted Root Certification Authorities” and finish.",
    ],
  },
  {
    name: "Mac",
    steps: [
      "Open the downloaded file; Keychain Access adds it to the “login” keychain.",
      "Double-click “Anya Box” there, open “Trust” and choose “Always Trust”.",
    ],
  },
  {
    name: "iPhone and iPad",
    steps: [
      "Download the file with Safari and allow the profile.",
      "Settings, “Profile Downloaded”: install it.",
      "Settings, General, About, Certificate Trust Settings: switch it on.",
    ],
  },
  {
    name: "Android",
    steps: ["Settings, search for “CA certificate”, choose it, then the downloaded file."],
  },
  {
    name: "Firefox (any computer)",
    steps: [
      "Settings, search for “certificates”, “View Certificates”, “Authorities”, “Import”.",
      "Choose the file and tick “Trust this CA to identify websites”.",
    ],
  },
  {
    name: "Linux (Debian, Ubuntu)",
    steps: ["Run: sudo cp anya-box-ca.crt /usr/local/share/ca-certificates/anya-box.crt", "Run: sudo update-ca-certificates"],
  },
];

/** Ends the browser's warning: the box's own authority, and how to make a device trust it. */
export function TrustCertificate() {
  const claim = useResource(useMemo(() => new Resource(box.claimState), []));
  return (
    <section className="card" aria-labelledby="trust">
      <h2 id="trust">End the browser’s warning</h2>
      <p className="muted small">
        The box signs its own certificate. Once a device trusts the box, the warning is gone there. Do this on your own
        devices only.
      </p>
      <a className="button start" href="/ca.crt" download="anya-box-ca.crt">
        Download the certificate
      </a>
      <div className="stack-tight">
        {DEVICES.map(({ name, steps }) => (
          <details key={name}>
            <summary>{name}</summary>
            <ol className="steps">
              {steps.map((step) => (
                <li key={step}>{step}</li>
              ))}
            </ol>
          </details>
        ))}
      </div>
      <Known of={claim} what="Looking up the fingerprint">
        {({ certificate }) => (
          <div>
            <p className="small">Before you trust it, compare its SHA-256 fingerprint with what the device shows:</p>
            <Fingerprint hex={certificate.ca_sha256} />
          </div>
        )}
      </Known>
    </section>
  );
}
