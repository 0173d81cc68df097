import { Link } from "wouter";

import type { BitcoinStatus } from "../../api/types";
import * as box from "../../api/box";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Icon } from "../../parts/Icon";
import { Known } from "../../parts/Known";
import { Meter } from "../../parts/Meter";
import { ProblemNote } from "../../parts/ProblemNote";
import { Status } from "../../parts/Status";
import { Tile } from "../../parts/Tile";
import { useAction } from "../../parts/use_action";
import { duration, number, percent, plural } from "../../words/format";
import { chainName, nodeTrouble, nodeWords, rulesWords } from "../../words/node_words";

/** The Bitcoin node, live. */
export function NodeTile() {
  const node = useResource(boxState.bitcoin);
  const words = node.value && nodeWords(node.value);
  return (
    <Tile title="Bitcoin node" icon="node" aside={words && <Status tone={words.tone}>{words.headline}</Status>}>
      <Known of={node} what="Asking the node">
        {(status) => <NodeDetails node={status} />}
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
      <div className="big-figure">
        <strong data-testid="height">{number(node.blocks)}</strong>
        <span className="muted">
          {node.blocks === 1 ? "block" : "blocks"}
          {node.headers > node.blocks && ` of ${number(node.headers)}`}
        </span>
      </div>
      {trouble === null ? (
        <p className="muted small">{nodeWords(node).explanation}</p>
      ) : (
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
      )}
      {syncing && <Meter share={node.sync_progress ?? 0} label="Part of the chain that is checked" full={2} />}
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
      {node.chain === "regtest" && node.state === "running" && <MakeBlock />}
    </>
  );
}

function peers(node: BitcoinStatus): string {
  const total = node.peers.inbound + node.peers.outbound;
  return total === 0 && node.chain === "regtest" ? "none, the chain is private" : number(total);
}

/** "/Satoshi:31.99.0/" as "31.99.0". */
function versionOf(version: string | null): string | null {
  return version === null ? null : (/:([^/(]+)/.exec(version)?.[1] ?? version);
}

function MakeBlock() {
  const { start, busy, problem } = useAction(async () => {
    const { height, hashes } = await box.makeBlocks(1);
    boxState.bitcoin.patch((node) => ({
      ...node,
      blocks: Math.max(node.blocks, height),
      headers: Math.max(node.headers, height),
      best_block_hash: height >= node.blocks ? (hashes.at(-1) ?? node.best_block_hash) : node.best_block_hash,
    }));
  });
  return (
    <div className="stack tile-actions">
      {problem !== null && <ProblemNote problem={problem} />}
      <button type="button" className="button" aria-disabled={busy || undefined} onClick={start}>
        {busy && <span className="spinner" aria-hidden="true" />}
        {busy ? "Making a block…" : "Make a test block"}
      </button>
    </div>
  );
}
