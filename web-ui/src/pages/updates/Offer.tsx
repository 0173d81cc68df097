import { useState } from "react";

import * as box from "../../api/box";
import type { UpdateOffer, UpdateStatus } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { Facts } from "../../parts/Facts";
import { Icon } from "../../parts/Icon";
import { ProblemNote } from "../../parts/ProblemNote";
import { useAction } from "../../parts/use_action";
import { bytes, day } from "../../words/format";
import { restartWords } from "../../words/update_settings";
import { canInstall, downloadWords, names } from "../../words/update_words";

/** A version that can be installed: what is new, who signed it, how large it is. */
export function Offer({ offer, status }: { offer: UpdateOffer; status: UpdateStatus }) {
  return (
    <section className="card" aria-labelledby="offer">
      <div className="block-head">
        <h2 id="offer">Version {offer.version}</h2>
        <span className="tag">{offer.source === "file" ? "from a file" : "from the server"}</span>
      </div>
      {offer.set_aside !== null && (
        <div className="note">
          <Icon name="warning" />
          <div>
            <strong>The box does not install this version by itself</strong>
            <p>{offer.set_aside}</p>
          </div>
        </div>
      )}
      {offer.notes.trim() !== "" && (
        <div className="stack-tight">
          <h3>What is new</h3>
          <p className="release-notes">{offer.notes.trim()}</p>
        </div>
      )}
      <Facts
        of={[
          ["Signed by", names(offer.signed_by)],
          ["Signed on", day(offer.signed)],
          ["To download", downloadWords(offer, status.activity === "measuring")],
          ["Size", bytes(offer.size)],
          ["Valid until", day(offer.expires)],
        ]}
      />
      {canInstall(status) && status.availability.state === "ready" && (
        <Installing offer={offer} here={status.phase.phase === "ready"} />
      )}
    </section>
  );
}

function Installing({ offer, here }: { offer: UpdateOffer; here: boolean }) {
  const [asking, setAsking] = useState(false);
  const settings = useResource(boxState.updateSettings);
  const install = useAction(async () => {
    await box.installUpdate(offer.version, offer.set_aside !== null);
    setAsking(false);
    await boxState.updates.reload();
  });
  const download = useAction(async () => {
    await box.downloadUpdate();
    await boxState.updates.reload();
  });
  const problem = install.problem ?? download.problem;
  const start = () => {
    install.clearProblem();
    if (offer.set_aside === null) install.start();
    else setAsking(true);
  };
  const downloadFirst = offer.source === "server" && !here && offer.download !== 0;
  return (
    <>
      {problem !== null && !asking && <ProblemNote problem={problem} />}
      <div className="actions">
        <button
          type="button"
          className={offer.set_aside === null ? "button primary" : "button"}
          aria-disabled={install.busy || undefined}
          onClick={start}
        >
          {install.busy && <span className="spinner" aria-hidden="true" />}
          {install.busy ? "Beginning…" : offer.set_aside === null ? "Install it" : "Install it all the same…"}
        </button>
        {downloadFirst && (
          <button type="button" className="button" aria-disabled={download.busy || undefined} onClick={download.start}>
            {download.busy ? "Beginning…" : "Only download it"}
          </button>
        )}
      </div>
      {settings.value !== null && (
        <p className="muted small">
          You can go on using the box meanwhile. To start the new version it restarts {restartWords(settings.value)},
          which takes a minute or two.
        </p>
      )}
      {asking && (
        <ConfirmDialog
          title={`Install version ${offer.version} all the same?`}
          action="Install it all the same"
          keep="Leave it"
          busy={install.busy}
          busyText="Beginning…"
          problem={install.problem}
          onConfirm={install.start}
          onClose={() => setAsking(false)}
        >
          <p>{offer.set_aside}</p>
          <p>If it does not work again, the box goes back to the present version by itself, as before.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
