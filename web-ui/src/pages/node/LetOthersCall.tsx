import { useEffect, useId, useState } from "react";

import * as box from "../../api/box";
import type { BitcoinStatus } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Icon } from "../../parts/Icon";
import { Known } from "../../parts/Known";
import { ProblemNote } from "../../parts/ProblemNote";
import { useAction } from "../../parts/use_action";
import { Waiting } from "../../parts/Waiting";
import { usualPort } from "../../words/node_words";

/** The node tells of its changes; where that is missed, it is asked. */
const ASK_AGAIN_MS = 2_000;

/** Whether other nodes may call this one: what that means, and the switch. */
export function LetOthersCall({ node }: { node: BitcoinStatus }) {
  const settings = useResource(boxState.nodeSettings);
  return (
    <section className="card" aria-labelledby="let-others-call">
      <h2 id="let-others-call">Other nodes</h2>
      <p>
        This node calls others by itself, whatever is chosen here. If others may call it as well, they get the chain from
        it too: that helps Bitcoin’s network, and costs some of your Internet connection. Nobody gets at your keys or
        models that way.
      </p>
      <Known of={settings} what="Looking up the setting">
        {({ accepts_peers }) => <Switch on={accepts_peers} node={node} />}
      </Known>
      <p className="muted small">
        Changing this starts the node again, which takes some seconds. To be called, the box opens its port{" "}
        {usualPort(node.chain)}, unless it is set up with another one. For calls from the Internet, most routers also have
        to forward that port to the box: look for “port forwarding” in the router’s settings. Without that, only nodes in
        your own network can call.
      </p>
    </section>
  );
}

function Switch({ on, node }: { on: boolean; node: BitcoinStatus }) {
  const id = useId();
  /** How often the node had been started again before the change; null when none is under way. */
  const [startsBefore, setStartsBefore] = useState<number | null>(null);
  const { start, busy, problem } = useAction(async (accepts_peers: boolean) => {
    const { restarts, state } = node;
    boxState.nodeSettings.put(await box.changeNodeSettings({ accepts_peers }));
    // A node that does not run takes the setting when it starts.
    if (state === "starting" || state === "syncing" || state === "running") setStartsBefore(restarts);
    boxState.audit.forget();
    boxState.auditVerification.forget();
  });
  const runs = node.state === "syncing" || node.state === "running";
  const ended = node.state === "waiting" || node.state === "stopped" || node.state === "refused";
  const starting = startsBefore !== null && !ended && !(runs && node.restarts > startsBefore);
  useEffect(() => {
    if (!starting) return;
    const timer = setInterval(() => void boxState.bitcoin.reload(), ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [starting]);

  return (
    <>
      <label className="check" htmlFor={id}>
        <input
          id={id}
          type="checkbox"
          role="switch"
          checked={on}
          aria-checked={on}
          disabled={busy || starting}
          onChange={(event) => start(event.target.checked)}
        />
        Let other nodes call this one
      </label>
      {problem !== null && problem.status === 409 ? <KeptOff /> : problem !== null && <ProblemNote problem={problem} />}
      {busy && <Waiting what="Keeping the setting" />}
      {starting && <Waiting what="The node starts again with it, which takes some seconds" />}
      {startsBefore !== null && !starting && !ended && (
        <p className="note note-good" role="status">
          <Icon name="good" />
          <span>{on ? "The node runs again. Others may call it now." : "The node runs again. Nobody can call it any more."}</span>
        </p>
      )}
    </>
  );
}

/** The box's configuration stands above what is chosen here. */
function KeptOff() {
  return (
    <div className="note" role="alert">
      <Icon name="warning" />
      <div>
        <strong>This node is kept off every network</strong>
        <p>
          The box was set up that way, so nobody can call the node, and nothing was changed. Who set the box up can take{" "}
          <code>bitcoin.offline</code> out of its configuration.
        </p>
      </div>
    </div>
  );
}
