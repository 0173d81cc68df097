import type { SyntheticEvent } from "react";

import * as box from "../../api/box";
import { ProblemNote } from "../../parts/ProblemNote";
import { SubmitButton } from "../../parts/SubmitButton";
import { countdown } from "../../words/format";
import { CodeField } from "./CodeField";
import { useCodeAction } from "./use_code_action";

/** Restarts the box from here. */
export function RestartForm({ onRestarts }: { onRestarts: () => void }) {
  const action = useCodeAction(box.restart, onRestarts);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    action.start();
  };
  return (
    <form className="stack" onSubmit={submit} noValidate aria-label="Restart the box">
      <p>
        Nothing is lost by it. The code shows that you are at the box; without a screen, switch the box off, wait ten
        seconds, and switch it on again.
      </p>
      {action.problem !== null && <ProblemNote problem={action.problem} />}
      <CodeField of={action} />
      <div className="actions">
        <SubmitButton busy={action.busy} busyText="Restarting…" disabled={action.wait > 0}>
          {action.wait > 0 ? `Try again in ${countdown(action.wait)}` : "Restart the box"}
        </SubmitButton>
      </div>
    </form>
  );
}
