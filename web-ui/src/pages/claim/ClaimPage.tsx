import type { ClaimState } from "../../api/types";
import { Mark } from "../../parts/Mark";
import { PageTitle } from "../../parts/PageTitle";
import { ClaimForm } from "./ClaimForm";
import { CompareCertificate } from "./CompareCertificate";

/** The first visit: somebody with the code from the console becomes the box's owner. */
export function ClaimPage({ first }: { first: ClaimState }) {
  return (
    <main className="claim">
      <div className="brand-title">
        <Mark /> Anya Box
      </div>
      <PageTitle>Make this box yours</PageTitle>
      <p className="lead">
        Nobody owns this box yet. Whoever types the claim code becomes its owner, so the code is shown only where the
        box itself is: <strong>on its console</strong>.
      </p>
      <div className="claim-steps">
        <section aria-labelledby="compare">
          <h2 id="compare">
            <span className="step">1</span> Is this really your box?
          </h2>
          <CompareCertificate certificate={first.certificate} />
        </section>
        <section aria-labelledby="form">
          <h2 id="form">
            <span className="step">2</span> Type the code, choose a name
          </h2>
          <ClaimForm first={first} />
        </section>
      </div>
    </main>
  );
}
