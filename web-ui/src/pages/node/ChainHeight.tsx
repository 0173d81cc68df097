import type { BitcoinStatus } from "../../api/types";
import { Meter } from "../../parts/Meter";
import { number } from "../../words/format";

/** How many blocks the node has checked, of how many that it knows of. */
export function ChainHeight({ node }: { node: BitcoinStatus }) {
  return (
    <div className="big-figure">
      <strong data-testid="height">{number(node.blocks)}</strong>
      <span className="muted">
        {node.blocks === 1 ? "block" : "blocks"}
        {node.headers > node.blocks && ` of ${number(node.headers)}`}
      </span>
    </div>
  );
}

/** The same as a bar, while the node catches up. */
export function ChainProgress({ node }: { node: BitcoinStatus }) {
  if (node.state !== "syncing" || node.sync_progress === null) return null;
  return <Meter share={node.sync_progress} label="Part of the chain that is checked" full={2} />;
}
