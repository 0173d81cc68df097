import { Link } from "wouter";

import type { Volume } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Gauge } from "../../parts/Gauge";
import { Known } from "../../parts/Known";
import { Status } from "../../parts/Status";
import { Tile } from "../../parts/Tile";
import { bytes } from "../../words/format";
import { protectionWords, recoveryKeyWords, roomWords } from "../../words/storage_words";

/** Where the data lies, what protects it, and how much room is left. */
export function StorageTile() {
  const storage = useResource(boxState.storage);
  const volume = storage.value?.volume;
  return (
    <Tile
      title="Storage"
      icon="storage"
      aside={volume && <span className="tile-figure">{bytes(volume.free_bytes)} free</span>}
    >
      <Known of={storage} what="Looking at the disk">
        {(value) => <Details volume={value.volume} />}
      </Known>
    </Tile>
  );
}

function Details({ volume }: { volume: Volume }) {
  const protection = protectionWords(volume);
  const key = recoveryKeyWords(volume);
  const short = roomWords(volume);
  return (
    <>
      <Gauge name="Disk" used={volume.size_bytes - volume.free_bytes} total={volume.size_bytes} />
      {short !== null && <p className="note">{short}</p>}
      <ul className="rows">
        <Row name="Protection" {...protection} />
        {key !== null && <Row name="Recovery key" {...key} />}
      </ul>
      <div className="actions tile-actions">
        <Link href="/storage" className="button">
          Open the storage page
        </Link>
      </div>
    </>
  );
}

function Row({ name, tone, headline, explanation }: { name: string } & ReturnType<typeof protectionWords>) {
  return (
    <li className="row">
      <div className="row-main">
        <strong>{name}</strong>
        <span className="muted small">{explanation}</span>
      </div>
      <div className="row-end">
        <Status tone={tone}>{headline}</Status>
      </div>
    </li>
  );
}
