import { useEffect, useState } from "react";

import type { UpdateStatus } from "../../api/types";
import { boxState } from "../../live/box_state";
import { loadAnew } from "../../live/load_anew";
import { useResource } from "../../live/use_resource";
import { Known } from "../../parts/Known";
import { PageTitle } from "../../parts/PageTitle";
import { Status } from "../../parts/Status";
import { canInstall, updateWords } from "../../words/update_words";
import { FromFile } from "./FromFile";
import { FromMedia } from "./FromMedia";
import { Now } from "./Now";
import { Offer } from "./Offer";
import { PastUpdates } from "./PastUpdates";
import { Restarting } from "./Restarting";
import { ThisBox } from "./ThisBox";
import { UpdateSettingsCard } from "./UpdateSettingsCard";
import { useLeaving } from "./use_leaving";

/** What came of something is known a moment after its phase has changed. */
const SECOND_LOOK_MS = 1_500;

/** The box's own software: what runs, what is new, how an update is going, and what the owner decides. */
export function UpdatesPage() {
  const updates = useResource(boxState.updates);
  const words = updates.value && updateWords(updates.value);
  return (
    <>
      <PageTitle aside={words && <Status tone={words.tone}>{words.headline}</Status>}>Updates</PageTitle>
      <Known of={updates} what="Looking at the box’s software">
        {(status) => (status.availability.state === "unsupported" ? <NoUpdates status={status} /> : <Updates status={status} />)}
      </Known>
    </>
  );
}

/** A developer's machine: why there is nothing to do here, and what to do instead. */
function NoUpdates({ status }: { status: UpdateStatus }) {
  return (
    <>
      <p className="lead">{updateWords(status).explanation}</p>
      <div className="columns">
        <section className="card" aria-labelledby="no-updates">
          <h2 id="no-updates">A newer version, all the same</h2>
          <p>
            Updates replace the whole image that a box starts from. Here the box is a program that somebody started, so
            whoever did that builds and starts the newer one: <code>git pull</code>, then <code>make run</code>.
          </p>
          <p className="muted small">
            To see how updates work, start the box from its image: <code>make qemu</code> does that in a window of this
            computer.
          </p>
        </section>
        <ThisBox status={status} onLeave={null} />
      </div>
    </>
  );
}

function Updates({ status }: { status: UpdateStatus }) {
  const { leaving, leave } = useLeaving(status);
  useNewPage(status.running);
  useSecondLook(status.phase.phase);
  if (leaving !== null) return <Restarting to={leaving.version} back={leaving.back} />;
  return (
    <>
      <p className="lead">
        Every new version is signed by the people who make it, and checked before anything is written. The present one
        stays on the box until the new one has shown that it works.
      </p>
      <div className="columns">
        <div className="stack">
          <Now status={status} onLeave={leave} />
          <FromMedia status={status} />
          {status.offer !== null && <Offer offer={status.offer} status={status} />}
          <ThisBox status={status} onLeave={canInstall(status) ? leave : null} />
        </div>
        <div className="stack">
          <UpdateSettingsCard />
          <FromFile status={status} />
        </div>
      </div>
      <PastUpdates entries={status.history} />
    </>
  );
}

/** A box that runs another version has another page, too. */
function useNewPage(running: string): void {
  const [first] = useState(running);
  useEffect(() => {
    if (running !== first) loadAnew();
  }, [running, first]);
}

function useSecondLook(phase: string): void {
  useEffect(() => {
    const timer = setTimeout(() => void boxState.updates.reload(), SECOND_LOOK_MS);
    return () => clearTimeout(timer);
  }, [phase]);
}
