import { Link } from "wouter";

import { boxState } from "../../live/box_state";
import { Icon } from "../../parts/Icon";
import type { nodeTrouble } from "../../words/node_words";

/** Why the node does not run, and what to do. */
export function NodeTrouble({ trouble }: { trouble: NonNullable<ReturnType<typeof nodeTrouble>> }) {
  return (
    <div className="note note-bad" role="status">
      <Icon name="bad" />
      <div>
        <p>{trouble.happened}</p>
        <p>{trouble.advice}</p>
        <div className="actions">
          <Link href="/audit/logs" className="button small">
            See the logs
          </Link>
          <button type="button" className="button small" onClick={() => void boxState.bitcoin.reload()}>
            Look again
          </button>
        </div>
      </div>
    </div>
  );
}
