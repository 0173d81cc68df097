import { Link } from "wouter";

import type { UpdateStatus } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Known } from "../../parts/Known";
import { Progress } from "../../parts/Progress";
import { Status } from "../../parts/Status";
import { Tile } from "../../parts/Tile";
import { share, updateWords } from "../../words/update_words";

/** The box's own software, and whether there is something newer. */
export function SoftwareTile() {
  const updates = useResource(boxState.updates);
  const words = updates.value && updateWords(updates.value);
  return (
    <Tile title="Software" icon="update" aside={words && <Status tone={words.tone}>{words.headline}</Status>}>
      <Known of={updates} what="Looking at the box’s software">
        {(status) => (
          <>
            <Details status={status} />
            <div className="actions tile-actions">
              <Link href="/updates" className="button">
                Open the updates page
              </Link>
            </div>
          </>
        )}
      </Known>
    </Tile>
  );
}

function Details({ status }: { status: UpdateStatus }) {
  const { running, board, phase } = status;
  return (
    <>
      <Facts of={[["Version", running], ...(board === null ? [] : ([["Board", board]] as const))]} />
      <p className="muted small">{updateWords(status).explanation}</p>
      {phase.phase === "downloading" && (
        <Progress share={share(phase.done, phase.total)} label={`Download of version ${phase.version}`} />
      )}
    </>
  );
}
