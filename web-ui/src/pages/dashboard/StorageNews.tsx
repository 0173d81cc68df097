import { Link } from "wouter";

import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Icon } from "../../parts/Icon";
import { Resealed } from "../storage/StoragePage";

/** What an owner should know of the data's protection, above everything else; nothing while all is done. */
export function StorageNews() {
  const { value } = useResource(boxState.storage);
  if (value === null) return null;
  const { volume } = value;
  return (
    <>
      <Resealed volume={volume} />
      {volume.recovery_key === "missing" && (
        <aside className="note" aria-label="Recovery key">
          <Icon name="key" />
          <div>
            <strong>Write down your recovery key</strong>
            <p>
              If the security chip of this box ever fails, that key is the only way to your data. It takes two minutes
              and a sheet of paper.
            </p>
            <Link href="/storage" className="button small">
              Make the recovery key
            </Link>
          </div>
        </aside>
      )}
    </>
  );
}
