import { useState } from "react";

import type { Fault } from "../../api/types";
import { Mark } from "../../parts/Mark";
import { PageTitle } from "../../parts/PageTitle";
import { faultSteps } from "../../words/fault_words";
import { BoxComesBack, type Doing } from "./BoxComesBack";
import { EraseForm } from "./EraseForm";
import { RecoveryKeyForm } from "./RecoveryKeyForm";
import { RestartForm } from "./RestartForm";

/** The box cannot work: what happened, what to do, and the ways out. Nothing else is there then. */
export function FaultPage({ fault }: { fault: Fault }) {
  const [doing, setDoing] = useState<Doing | null>(null);
  return (
    <main className="fault">
      <div className="brand-title">
        <Mark /> Anya Box
      </div>
      {doing === null ? (
        <WaysOut fault={fault} onDone={setDoing} />
      ) : (
        <BoxComesBack doing={doing} onFault={() => setDoing(null)} />
      )}
    </main>
  );
}

function WaysOut({ fault, onDone }: { fault: Fault; onDone: (doing: Doing) => void }) {
  const offered = (way: Fault["ways_out"][number]) => fault.ways_out.includes(way);
  return (
    <>
      <PageTitle>{fault.title}</PageTitle>
      <p>{fault.text}</p>
      <section aria-labelledby="what-to-do">
        <h2 id="what-to-do">What to do</h2>
        <ol className="steps">
          {faultSteps(fault).map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </section>
      {offered("recovery_key") && <RecoveryKeyForm onOpened={() => onDone("opened")} />}
      {offered("restart") ? (
        <details className="card way-out">
          <summary>Restart the box</summary>
          <RestartForm onRestarts={() => onDone("restarting")} />
        </details>
      ) : (
        <p className="muted">To restart the box, switch it off, wait ten seconds, and switch it on again.</p>
      )}
      {offered("erase") && (
        <details className="card way-out">
          <summary>Erase everything and begin anew</summary>
          <EraseForm onErased={() => onDone("erased")} />
        </details>
      )}
      <p className="muted small">
        For support: {fault.kind}
        {fault.reason !== null && `, ${fault.reason}`}
      </p>
    </>
  );
}
