import type { Volume } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Gauge } from "../../parts/Gauge";
import { Known } from "../../parts/Known";
import { PageTitle } from "../../parts/PageTitle";
import { Status } from "../../parts/Status";
import { bytes } from "../../words/format";
import { protectionWords, resealedWords, roomWords } from "../../words/storage_words";
import { RecoveryKeySection } from "./RecoveryKeySection";

/** Where the data lies, what protects it, how much room is left, and the recovery key. */
export function StoragePage() {
  const storage = useResource(boxState.storage);
  return (
    <>
      <PageTitle>Storage</PageTitle>
      <Known of={storage} what="Looking at the disk">
        {({ volume }) => (
          <>
            <Resealed volume={volume} />
            <div className="columns">
              <RecoveryKeySection volume={volume} />
              <div className="stack">
                <Protection volume={volume} />
                <Room volume={volume} />
              </div>
            </div>
          </>
        )}
      </Known>
    </>
  );
}

/** The data had to be opened with the recovery key: said calmly, as all is well again. */
export function Resealed({ volume }: { volume: Volume }) {
  const words = resealedWords(volume);
  return words !== null && <p className="note note-good">{words}</p>;
}

function Protection({ volume }: { volume: Volume }) {
  const words = protectionWords(volume);
  return (
    <section className="card" aria-labelledby="protection">
      <div className="block-head">
        <h2 id="protection">Protection</h2>
        <Status tone={words.tone}>{words.headline}</Status>
      </div>
      <p>{words.explanation}</p>
    </section>
  );
}

function Room({ volume }: { volume: Volume }) {
  const short = roomWords(volume);
  return (
    <section className="card" aria-labelledby="room">
      <h2 id="room">Room on the disk</h2>
      <Gauge name="Disk" used={volume.size_bytes - volume.free_bytes} total={volume.size_bytes} />
      {short !== null && <p className="note">{short}</p>}
      <Facts of={[["Free", bytes(volume.free_bytes)]]} />
      <details open={short !== null}>
        <summary>What takes room, and how to make some</summary>
        <ul className="bullets">
          <li>
            The Bitcoin node’s copy of the chain is by far the largest and grows every day, on Bitcoin’s own network by
            about 100 GB a year. A larger disk helps for years; a node that prunes keeps only the newest blocks.
          </li>
          <li>Keys, accounts and the record of actions are small, some kilobytes each. Deleting them frees next to nothing.</li>
          <li>Models come with the box and do not grow.</li>
        </ul>
      </details>
    </section>
  );
}
