import type { BitcoinStatus } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Known } from "../../parts/Known";
import { PageTitle } from "../../parts/PageTitle";
import { Status } from "../../parts/Status";
import { duration, number, percent, plural } from "../../words/format";
import {
  blockSourceWords,
  canMakeBlocks,
  chainIsPrivate,
  chainName,
  nodeTrouble,
  nodeWords,
  rulesWords,
  versionOf,
} from "../../words/node_words";
import { ChainHeight, ChainProgress } from "./ChainHeight";
import { LetOthersCall } from "./LetOthersCall";
import { MakeBlock } from "./MakeBlock";
import { NodeTrouble } from "./NodeTrouble";

/** The Bitcoin node: how it is, what it has, what it is, and what the owner decides about it. */
export function NodePage() {
  const node = useResource(boxState.bitcoin);
  const words = node.value && nodeWords(node.value);
  return (
    <>
      <PageTitle aside={words && <Status tone={words.tone}>{words.headline}</Status>}>Bitcoin node</PageTitle>
      <p className="lead">
        The node keeps its own copy of Bitcoin’s chain and checks every block itself, so that this box takes nobody’s word
        for what was paid.
      </p>
      <Known of={node} what="Asking the node">
        {(status) => (status.state === "off" ? <SwitchedOff node={status} /> : <Running node={status} />)}
      </Known>
    </>
  );
}

function SwitchedOff({ node }: { node: BitcoinStatus }) {
  return (
    <section className="card" aria-label="The node">
      <p>{nodeWords(node).explanation}</p>
      <p className="muted small">
        Keys, models and everything else work without it. Who set the box up can switch the node on in its
        configuration, with <code>bitcoin.enabled</code>.
      </p>
    </section>
  );
}

function Running({ node }: { node: BitcoinStatus }) {
  const trouble = nodeTrouble(node);
  return (
    <>
      {trouble !== null && <NodeTrouble trouble={trouble} />}
      <div className="columns">
        <Chain node={node} explained={trouble === null} />
        <div className="stack">
          <Program node={node} told={trouble?.happened ?? null} />
          <LetOthersCall node={node} />
        </div>
      </div>
    </>
  );
}

function Chain({ node, explained }: { node: BitcoinStatus; explained: boolean }) {
  const { inbound, outbound } = node.peers;
  return (
    <section className="card" aria-labelledby="chain">
      <h2 id="chain">Chain</h2>
      <ChainHeight node={node} />
      {explained && <p className="muted small">{nodeWords(node).explanation}</p>}
      <ChainProgress node={node} />
      <Facts
        of={[
          ["Chain", chainName(node.chain)],
          ["Headers known", number(node.headers)],
          ...(node.sync_progress === null ? [] : ([["Checked", checked(node.sync_progress)]] as const)),
          ["Peers it called", chainIsPrivate(node) ? "none, the chain is private" : number(outbound)],
          ["Peers that called", number(inbound)],
          ["New blocks", blockSourceWords(node.block_source) ?? "not known until the node runs"],
        ]}
      />
      {canMakeBlocks(node) && <MakeBlock />}
    </section>
  );
}

/** A node that has caught up says so with a little less than all of it. */
const checked = (share: number): string => (share > 0.99999 ? "all of it" : percent(share, 2));

/** `told`: what is said above already. */
function Program({ node, told }: { node: BitcoinStatus; told: string | null }) {
  const rules = rulesWords(node.rules);
  return (
    <section className="card" aria-labelledby="program">
      <div className="block-head">
        <h2 id="program">Program</h2>
        <Status tone={rules.tone}>{rules.headline}</Status>
      </div>
      {rules.explanation !== told && <p>{rules.explanation}</p>}
      <Facts
        of={[
          ["Program", node.implementation ?? "not known yet"],
          ["Version", versionOf(node.version) ?? "not known yet"],
          ["Comes from", node.source],
          ["Running for", node.uptime_seconds === null ? "it does not run" : duration(node.uptime_seconds)],
          ["Started again", node.restarts === 0 ? "never, since the box started" : plural(node.restarts, "time")],
        ]}
      />
      <p className="muted small">
        The box uses only a program that follows Bitcoin’s rules. It checks that at every start of the node, and again at
        known blocks of the chain.
      </p>
    </section>
  );
}
