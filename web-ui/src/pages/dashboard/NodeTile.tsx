import { Link } from "wouter";

import type { BitcoinStatus } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Known } from "../../parts/Known";
import { Status } from "../../parts/Status";
import { Tile } from "../../parts/Tile";
import { duration, number, percent, plural } from "../../words/format";
import { canMakeBlocks, chainIsPrivate, chainName, nodeTrouble, nodeWords, rulesWords, versionOf } from "../../words/node_words";
import { ChainHeight, ChainProgress } from "../node/ChainHeight";
import { MakeBlock } from "../node/MakeBlock";
import { NodeTrouble } from "../node/NodeTrouble";

/** The Bitcoin node, live. */
export function NodeTile() {
  const node = useResource(boxState.bitcoin);
  const words = node.value && nodeWords(node.value);
  return (
    <Tile title="Bitcoin node" icon="node" aside={words && <Status tone={words.tone}>{words.headline}</Status>}>
      <Known of={node} what="Asking the node">
        {(status) => (
          <>
            <NodeDetails node={status} />
            <div className="actions tile-actions">
              {canMakeBlocks(status) && <MakeBlock />}
              <Link href="/node" className="button quiet">
                Open the node’s page
              </Link>
            </div>
          </>
        )}
      </Known>
    </Tile>
  );
}

function NodeDetails({ node }: { node: BitcoinStatus }) {
  const rules = rulesWords(node.rules);
  const trouble = nodeTrouble(node);
  const syncing = node.state === "syncing" && node.sync_progress !== null;
  if (node.state === "off") return <p className="muted">{nodeWords(node).explanation}</p>;
  return (
    <>
      <ChainHeight node={node} />
      {trouble === null ? (
        <p className="muted small">{nodeWords(node).explanation}</p>
      ) : (
        <NodeTrouble trouble={trouble} />
      )}
      <ChainProgress node={node} />
      <Facts
        of={[
          ["Chain", chainName(node.chain)],
          ...(syncing ? ([["Checked", percent(node.sync_progress ?? 0, 2)]] as const) : []),
          ["Peers", peers(node)],
          [
            "Rules",
            <Status key="rules" tone={rules.tone}>
              {rules.headline}
            </Status>,
          ],
          ["Program", [node.implementation, versionOf(node.version)].filter(Boolean).join(" ") || "not known yet"],
          ...(node.uptime_seconds === null ? [] : ([["Running for", duration(node.uptime_seconds)]] as const)),
          ...(node.restarts === 0 ? [] : ([["Restarted", plural(node.restarts, "time")]] as const)),
        ]}
      />
      {node.rules.verdict === "foreign" && trouble === null && <p className="note note-bad">{rules.explanation}</p>}
    </>
  );
}

function peers(node: BitcoinStatus): string {
  return chainIsPrivate(node) ? "none, the chain is private" : number(node.peers.inbound + node.peers.outbound);
}
