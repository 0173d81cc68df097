import { useEffect, useId, useRef, useState } from "react";

import * as box from "../../api/box";
import { Problem } from "../../api/problem";
import type { UpdateStatus } from "../../api/types";
import { boxState } from "../../live/box_state";
import { Icon } from "../../parts/Icon";
import { ProblemNote } from "../../parts/ProblemNote";
import { Progress } from "../../parts/Progress";
import { Waiting } from "../../parts/Waiting";
import { bytes } from "../../words/format";
import { canInstall, share } from "../../words/update_words";

/** The most that the box takes, bytes. */
const LARGEST = 2 * 1024 ** 3;

type Sending =
  | { kind: "nothing" }
  | { kind: "sending"; name: string; sent: number; total: number }
  | { kind: "taken"; version: string | null }
  | { kind: "failed"; problem: Problem };

/** A version in one file, for a box without the Internet. */
export function FromFile({ status }: { status: UpdateStatus }) {
  const id = useId();
  const blocked = status.availability.state === "blocked";
  const [sending, setSending] = useState<Sending>({ kind: "nothing" });
  const abort = useRef<AbortController | null>(null);
  // Whoever leaves the page leaves the file as well.
  useEffect(() => () => abort.current?.abort(), []);

  const send = (file: File) => {
    if (file.size > LARGEST) {
      setSending({ kind: "failed", problem: tooLarge(file) });
      return;
    }
    const controller = new AbortController();
    abort.current = controller;
    const progress = (sent: number) => setSending({ kind: "sending", name: file.name, sent, total: file.size });
    progress(0);
    box
      .sendUpdateFile(file, (sent) => !controller.signal.aborted && progress(Math.min(sent, file.size)), controller.signal)
      .then(
        async ({ offer }) => {
          setSending({ kind: "taken", version: offer?.version ?? null });
          await boxState.updates.reload();
        },
        (error: unknown) => {
          const stopped = error instanceof DOMException && error.name === "AbortError";
          setSending(stopped ? { kind: "nothing" } : { kind: "failed", problem: Problem.from(error) });
        },
      );
  };
  const stop = (all: boolean) => {
    abort.current?.abort();
    // What has arrived whole is being checked, which the box has to be told to stop.
    if (all) void box.cancelUpdate().catch(() => undefined);
  };

  return (
    <section className="card" id="update-file" tabIndex={-1} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>From a file</h2>
      {sending.kind === "sending" ? (
        <InTheAir sending={sending} onStop={stop} />
      ) : (
        <>
          <p>
            A box without the Internet takes a new version from a file. Download it on another device from where the box’s
            maker offers it; its name ends with <code>.update</code>. Or put it on a USB stick (FAT or exFAT, not in a
            folder), and plug that into the box.
          </p>
          {sending.kind === "failed" && <ProblemNote problem={sending.problem} />}
          {sending.kind === "taken" && <Taken version={sending.version} />}
          {canInstall(status) && !blocked ? (
            <div className="field">
              <label htmlFor={id}>Choose the file</label>
              <input
                id={id}
                type="file"
                accept=".update"
                onChange={(event) => {
                  const file = event.target.files?.[0];
                  // The same file can be chosen again.
                  event.target.value = "";
                  if (file !== undefined) send(file);
                }}
              />
            </div>
          ) : (
            <p className="muted small">
              {blocked ? "That is not possible now." : "Another update is under way. When it is done, you can choose a file here."}
            </p>
          )}
        </>
      )}
    </section>
  );
}

function InTheAir({
  sending: { name, sent, total },
  onStop,
}: {
  sending: Extract<Sending, { kind: "sending" }>;
  onStop: (all: boolean) => void;
}) {
  const all = sent >= total;
  return (
    <>
      <p className="break">
        {all ? "The box has the file, and checks who signed it." : "Sending the file to the box. Leave this page open."}
      </p>
      <div className="gauge">
        <Progress share={share(sent, total)} label={`Sending ${name}`} />
        <p className="muted small break">
          {name}: {bytes(sent)} of {bytes(total)}
        </p>
      </div>
      {all && <Waiting what="Checking the file" />}
      <button type="button" className="button start" onClick={() => onStop(all)}>
        Stop
      </button>
    </>
  );
}

function Taken({ version }: { version: string | null }) {
  return (
    <p className="note note-good" role="status">
      <Icon name="good" />
      <span>
        {version === null
          ? "The file is in order. The box has this version, or a newer one, already."
          : `Version ${version} is on the box, and signed as it should be. You can install it now.`}
      </span>
    </p>
  );
}

function tooLarge(file: File): Problem {
  return new Problem({
    status: 413,
    slug: "file-too-large",
    title: "This file is too large",
    detail: `It has ${bytes(file.size)}, and the box takes ${bytes(LARGEST)} at most.`,
    next: "Check that it is the right file; its name ends with .update.",
  });
}
