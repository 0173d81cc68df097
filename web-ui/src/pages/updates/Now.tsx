import * as box from "../../api/box";
import type { UpdateStatus } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Icon } from "../../parts/Icon";
import { ProblemNote } from "../../parts/ProblemNote";
import { Progress } from "../../parts/Progress";
import { useAction } from "../../parts/use_action";
import { useCountdown } from "../../parts/use_countdown";
import { Waiting } from "../../parts/Waiting";
import { ago, bytes, countdown, duration, minute } from "../../words/format";
import { canBeCancelled, canInstall, isPreparing, share, stages, updateWords } from "../../words/update_words";
import type { Leaving } from "./use_leaving";

/** Where an update is, and what can be done about that. */
export function Now({ status, onLeave }: { status: UpdateStatus; onLeave: (leaving: Leaving) => void }) {
  const { phase, problem, availability } = status;
  const { tone, headline, explanation } = updateWords(status);
  const failed = tone === "warning" && phase.phase !== "restart_pending";
  return (
    <section className="card" aria-labelledby="update-now">
      <h2 id="update-now">{headline}</h2>
      {failed ? (
        <div className="note">
          <Icon name="warning" />
          <div>
            <p>{explanation}</p>
            {phase.phase === "rolled_back" && <p>What went wrong: {phase.reason}</p>}
          </div>
        </div>
      ) : (
        <p>{explanation}</p>
      )}
      {problem !== null && phase.phase !== "idle" && canInstall(status) && (
        <div className="note">
          <Icon name="warning" />
          <div>
            <strong>The last try did not work</strong>
            <p>{problem.text}</p>
          </div>
        </div>
      )}
      <Doing status={status} />
      {phase.phase === "restart_pending" && <RestartNow version={phase.version} at={phase.at} onLeave={onLeave} />}
      {canBeCancelled(status) && <Cancel />}
      {canInstall(status) && availability.state === "ready" && <Look status={status} />}
    </section>
  );
}

/** What goes on, as a bar or as steps. */
function Doing({ status }: { status: UpdateStatus }) {
  if (isPreparing(status)) return <Waiting what="Looking at what is here" />;
  const { phase } = status;
  switch (phase.phase) {
    case "checking":
      return <Waiting what="Asking the server" />;
    case "downloading":
      return (
        <div className="gauge">
          <Progress share={share(phase.done, phase.total)} label={`Download of version ${phase.version}`} />
          <p className="muted small">
            {bytes(phase.done)} of {bytes(phase.total)}
          </p>
        </div>
      );
    case "installing":
      return (
        <ol className="stages" aria-label="Steps of the installation">
          {stages(phase.step).map(({ name, state }) => (
            <li key={name} className={`stage stage-${state}`} aria-current={state === "now" ? "step" : undefined}>
              {state === "done" && <Icon name="good" />}
              {state === "now" && <span className="spinner" aria-hidden="true" />}
              {state === "later" && <span className="stage-dot" aria-hidden="true" />}
              <span>
                {name}
                {state === "done" && <span className="unseen">, done</span>}
              </span>
            </li>
          ))}
        </ol>
      );
    case "trial":
      return <Waiting what="Checking that everything works" />;
    default:
      return null;
  }
}

function RestartNow({
  version,
  at,
  onLeave,
}: {
  version: string;
  at: string | null;
  onLeave: (leaving: Leaving) => void;
}) {
  const { start, busy, problem } = useAction(async () => {
    await box.restartIntoUpdate();
    onLeave({ version, back: false });
  });
  return (
    <>
      {at !== null && <TimeLeft at={at} />}
      {problem !== null && <ProblemNote problem={problem} />}
      <div className="actions">
        <button type="button" className="button primary" aria-disabled={busy || undefined} onClick={start}>
          {busy && <span className="spinner" aria-hidden="true" />}
          {busy ? "Restarting…" : "Restart now"}
        </button>
        <a className="button quiet" href="#update-settings">
          {at === null ? "Choose a time instead" : "Change the time"}
        </a>
      </div>
      <p className="muted small">A restart takes a minute or two. Nobody can use the box meanwhile.</p>
    </>
  );
}

function TimeLeft({ at }: { at: string }) {
  const left = useCountdown(Date.parse(at));
  if (left >= 3_600) {
    return (
      <p className="muted">
        That is in <span role="timer">{duration(left)}</span>.
      </p>
    );
  }
  return (
    <div className="big-figure">
      <strong role="timer">{countdown(left)}</strong>
      <span className="muted">until the restart</span>
    </div>
  );
}

function Cancel() {
  const { start, busy, problem } = useAction(async () => {
    await box.cancelUpdate();
    await boxState.updates.reload();
  });
  return (
    <>
      {problem !== null && <ProblemNote problem={problem} />}
      <button type="button" className="button start" aria-disabled={busy || undefined} onClick={start}>
        {busy ? "Stopping…" : "Stop"}
      </button>
    </>
  );
}

function Look({ status: { last_check, next_check, offer } }: { status: UpdateStatus }) {
  const settings = useResource(boxState.updateSettings);
  const { start, busy, problem } = useAction(async () => {
    await box.checkForUpdates();
    await boxState.updates.reload();
  });
  if (settings.value !== null && settings.value.server === null) {
    return (
      <p className="muted small">
        The box has no server to look at. <a href="#update-settings">Set its address</a>, or{" "}
        <a href="#update-file">install a version from a file</a>.
      </p>
    );
  }
  return (
    <>
      {problem !== null && <ProblemNote problem={problem} />}
      <div className="actions">
        <button
          type="button"
          className={offer === null ? "button primary" : "button"}
          aria-disabled={busy || undefined}
          onClick={start}
        >
          {busy && <span className="spinner" aria-hidden="true" />}
          {busy ? "Looking…" : "Look for a new version"}
        </button>
        <span className="muted small">
          {last_check !== null && `Looked ${ago(last_check.at)}. `}
          {next_check !== null && `Looks by itself on ${minute(next_check)}.`}
        </span>
      </div>
    </>
  );
}
