import * as box from "../../api/box";
import { boxState } from "../../live/box_state";
import { ProblemNote } from "../../parts/ProblemNote";
import { useAction } from "../../parts/use_action";

/** Makes a block, on a chain whose blocks are made at will. */
export function MakeBlock() {
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
    <div className="stack">
      {problem !== null && <ProblemNote problem={problem} />}
      <button type="button" className="button" aria-disabled={busy || undefined} onClick={start}>
        {busy && <span className="spinner" aria-hidden="true" />}
        {busy ? "Making a block…" : "Make a test block"}
      </button>
    </div>
  );
}
