import { useState } from "react";

import * as box from "../../api/box";
import type { UpdateStatus } from "../../api/types";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { Facts } from "../../parts/Facts";
import { useAction } from "../../parts/use_action";
import type { Leaving } from "./use_leaving";

type OnLeave = (leaving: Leaving) => void;

/** What runs, and the way back to the version before. `onLeave`: null while there is no going back. */
export function ThisBox({ status, onLeave }: { status: UpdateStatus; onLeave: OnLeave | null }) {
  const { running, board, good, previous, availability } = status;
  const slots = availability.state !== "unsupported";
  return (
    <section className="card" aria-labelledby="this-box">
      <h2 id="this-box">On this box</h2>
      <Facts
        of={[
          ["Version", running],
          ...(board === null ? [] : ([["Board", board]] as const)),
          ...(slots ? ([["State", good ? "everything works" : "still being checked"]] as const) : []),
          ...(slots ? ([["Version before", previous === null ? "none" : previous.version]] as const) : []),
        ]}
      />
      {previous !== null && <WayBack previous={previous} from={running} onLeave={onLeave} />}
    </section>
  );
}

function WayBack({
  previous: { version, refused },
  from,
  onLeave,
}: {
  previous: NonNullable<UpdateStatus["previous"]>;
  from: string;
  onLeave: OnLeave | null;
}) {
  if (refused !== null) {
    return (
      <p className="muted small">
        There is no way back to version {version}: {refused}
      </p>
    );
  }
  return onLeave !== null && <GoBack to={version} from={from} onLeave={onLeave} />;
}

function GoBack({ to, from, onLeave }: { to: string; from: string; onLeave: OnLeave }) {
  const [asking, setAsking] = useState(false);
  const { start, busy, problem, clearProblem } = useAction(async () => {
    await box.rollBackUpdate();
    setAsking(false);
    onLeave({ version: to, back: true });
  });
  return (
    <>
      <button
        type="button"
        className="button start"
        onClick={() => {
          clearProblem();
          setAsking(true);
        }}
      >
        Go back to version {to}…
      </button>
      {asking && (
        <ConfirmDialog
          title={`Go back to version ${to}?`}
          action="Go back and restart"
          keep={`Stay with ${from}`}
          busy={busy}
          busyText="Going back…"
          problem={problem}
          onConfirm={start}
          onClose={() => setAsking(false)}
        >
          <p>
            The box restarts with version {to}, which takes a minute or two. Your keys, data and settings stay as they
            are; what version {from} can do and {to} cannot is gone until you install it again. The box does not install it
            again by itself.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
