import * as box from "../../api/box";
import type { TakingUpdate, UpdateOnMedium, UpdateStatus } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Icon } from "../../parts/Icon";
import { ProblemNote } from "../../parts/ProblemNote";
import { Progress } from "../../parts/Progress";
import { useAction } from "../../parts/use_action";
import { Waiting } from "../../parts/Waiting";
import { bytes } from "../../words/format";
import { canInstall, mediumWords, share } from "../../words/update_words";

/** A version on a stick that is plugged into the box; nothing while there is none. */
export function FromMedia({ status }: { status: UpdateStatus }) {
  const { value } = useResource(boxState.updateMedia);
  if (value === null) return null;
  const { releases, taking } = value;
  // The newest that fits; or the newest, and why it does not.
  const best = releases.find(({ fit }) => fit === "newer") ?? releases[0];
  if (taking === null && best === undefined) return null;
  return (
    <section className="card" aria-labelledby="update-media">
      <h2 id="update-media">
        {best === undefined ? "From a USB stick" : `A USB stick with Anya ${best.version} is plugged in`}
      </h2>
      {taking !== null ? <Copying taking={taking} /> : best !== undefined && <OnStick release={best} status={status} />}
    </section>
  );
}

function OnStick({ release, status }: { release: UpdateOnMedium; status: UpdateStatus }) {
  const { offer, availability } = status;
  const take = useAction(async () => {
    await box.takeUpdateFromMedium(release.medium, release.file);
    await Promise.all([boxState.updateMedia.reload(), boxState.updates.reload()]);
  });
  if (offer?.source === "file" && offer.version === release.version) {
    return (
      <p className="note note-good" role="status">
        <Icon name="good" />
        <span>Version {release.version} is on the box, and signed as it should be. You can pull the stick out now.</span>
      </p>
    );
  }
  const possible = canInstall(status) && availability.state === "ready";
  return (
    <>
      <p className="break">{mediumWords(release, status)}</p>
      {take.problem !== null && <ProblemNote problem={take.problem} />}
      {release.fit === "newer" && possible && (
        <button
          type="button"
          className={offer === null ? "button primary start" : "button start"}
          aria-disabled={take.busy || undefined}
          onClick={take.start}
        >
          {take.busy && <span className="spinner" aria-hidden="true" />}
          {take.busy ? "Beginning…" : "Copy it to the box"}
        </button>
      )}
      {release.fit === "newer" && !possible && (
        <p className="muted small">
          {availability.state === "ready" ? "Another update is under way. When it is done, you can copy this one." : "That is not possible now."}
        </p>
      )}
    </>
  );
}

function Copying({ taking: { file, done, total } }: { taking: TakingUpdate }) {
  const { start, busy, problem } = useAction(async () => {
    await box.cancelUpdate();
    await boxState.updateMedia.reload();
  });
  const all = done >= total;
  return (
    <>
      <p>{all ? "The box has the file, and checks who signed it." : "The box copies the file. Leave the stick in."}</p>
      <div className="gauge">
        <Progress share={share(done, total)} label={`Copying ${file}`} />
        <p className="muted small break">
          {file}: {bytes(done)} of {bytes(total)}
        </p>
      </div>
      {all && <Waiting what="Checking the file" />}
      {problem !== null && <ProblemNote problem={problem} />}
      <button type="button" className="button start" aria-disabled={busy || undefined} onClick={start}>
        {busy ? "Stopping…" : "Stop"}
      </button>
    </>
  );
}
