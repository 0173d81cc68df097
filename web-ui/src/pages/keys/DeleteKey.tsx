import { useState } from "react";
import { useLocation } from "wouter";

import * as box from "../../api/box";
import type { Key } from "../../api/types";
import { boxState } from "../../live/box_state";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { useAction } from "../../parts/use_action";

/** Deletes a key for good, after asking. */
export function DeleteKey({ of }: { of: Key }) {
  const [asking, setAsking] = useState(false);
  const [, go] = useLocation();
  const { start, busy, problem, clearProblem } = useAction(async () => {
    await box.deleteKey(of.id);
    boxState.keys.forget();
    boxState.tokens.forget();
    go("/keys");
  });
  return (
    <section className="card" aria-labelledby="delete-key">
      <h2 id="delete-key">Delete this key</h2>
      <p className="muted small">
        Nothing can be signed with it any more, and nobody can bring it back. Signatures made before stay valid.
      </p>
      <button
        type="button"
        className="button danger start"
        onClick={() => {
          clearProblem();
          setAsking(true);
        }}
      >
        Delete…
      </button>
      {asking && (
        <ConfirmDialog
          title={`Delete the key “${of.label}”?`}
          action="Delete the key"
          busy={busy}
          busyText="Deleting…"
          problem={problem}
          onConfirm={start}
          onClose={() => setAsking(false)}
        >
          <p>It is removed from {of.token} for good. There is no copy of it.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
