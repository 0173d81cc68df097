import { useId, useState, type SyntheticEvent } from "react";

import * as box from "../../api/box";
import type { UpdateSettings } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Field } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { Known } from "../../parts/Known";
import { ProblemNote } from "../../parts/ProblemNote";
import { SubmitButton } from "../../parts/SubmitButton";
import { useAction } from "../../parts/use_action";
import {
  AUTOMATIC,
  LEAST_RATE,
  clockOffset,
  draftOf,
  everyWords,
  hoursOffered,
  settingsOf,
  shifted,
  wrongWith,
  type Draft,
  type Wrong,
} from "../../words/update_settings";

/** What the owner decides about updates. */
export function UpdateSettingsCard() {
  const settings = useResource(boxState.updateSettings);
  const [kept, setKept] = useState(false);
  return (
    <section className="card" id="update-settings" tabIndex={-1} aria-labelledby="update-settings-title">
      <h2 id="update-settings-title">How updates are installed</h2>
      <Known of={settings} what="Looking up the settings">
        {(value) => <Form key={JSON.stringify(value)} settings={value} kept={kept} onKept={setKept} />}
      </Known>
    </section>
  );
}

/** Which of the box's fields belongs to which of the form's. */
const FIELDS = { at: "restart.at", channel: "channel", rate: "bandwidth", server: "server" } as const;

function Form({
  settings,
  kept,
  onKept,
}: {
  settings: UpdateSettings;
  /** Whether this is what was kept just now. */
  kept: boolean;
  onKept: (kept: boolean) => void;
}) {
  const [draft, setDraft] = useState(() => draftOf(settings));
  const [wrong, setWrong] = useState<Wrong>({});
  const { start, busy, problem, clearProblem } = useAction(async () => {
    const now = await box.changeUpdateSettings(settingsOf(draft, settings));
    onKept(true);
    boxState.updateSettings.put(now);
    boxState.audit.forget();
    boxState.auditVerification.forget();
    // When it looks, and when it restarts, follow from them.
    await boxState.updates.reload();
  });
  const change = (parts: Partial<Draft>) => {
    onKept(false);
    clearProblem();
    setWrong({});
    setDraft({ ...draft, ...parts });
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const found = wrongWith(draft);
    setWrong(found);
    if (Object.keys(found).length === 0) start();
  };
  const error = (field: keyof Wrong) => wrong[field] ?? problem?.fields.get(FIELDS[field]);
  const elsewhere = problem !== null && !Object.values(FIELDS).some((field) => problem.fields.has(field));
  const hidden = error("channel") ?? error("rate") ?? error("server");
  return (
    <form className="stack" onSubmit={submit} noValidate aria-label="How updates are installed">
      <Automatic draft={draft} change={change} />
      <RestartChoice draft={draft} change={change} error={error("at")} />
      <details open={hidden !== undefined || undefined}>
        <summary>Where new versions come from, and how fast</summary>
        <div className="stack">
          <Server draft={draft} change={change} error={error("server")} />
          <Field
            label="Channel"
            hint="Which versions the box follows: “stable” are those for everybody."
            value={draft.channel}
            autoCapitalize="none"
            autoComplete="off"
            spellCheck={false}
            error={error("channel")}
            onChange={(event) => change({ channel: event.target.value })}
          />
          <HowOften draft={draft} change={change} />
          <Field
            label="At most so many kilobytes a second"
            hint={`Leave it empty to download as fast as it goes. The least is ${LEAST_RATE}.`}
            value={draft.rate}
            inputMode="numeric"
            autoComplete="off"
            error={error("rate")}
            onChange={(event) => change({ rate: event.target.value })}
          />
        </div>
      </details>
      {elsewhere && <ProblemNote problem={problem} />}
      <div className="actions">
        <SubmitButton busy={busy} busyText="Keeping them…">
          Keep these settings
        </SubmitButton>
        {kept && (
          <span className="status status-good" role="status">
            <Icon name="good" />
            Kept
          </span>
        )}
      </div>
    </form>
  );
}

type Part = { draft: Draft; change: (parts: Partial<Draft>) => void };

function Automatic({ draft, change }: Part) {
  const id = useId();
  return (
    <fieldset className="choices">
      <legend className="field-name">What the box does by itself</legend>
      {AUTOMATIC.map(({ value, name, means }) => (
        <label key={value} className="check" htmlFor={`${id}-${value}`}>
          <input
            id={`${id}-${value}`}
            type="radio"
            name={id}
            checked={draft.automatic === value}
            onChange={() => change({ automatic: value })}
          />
          <span className="row-main">
            {name}
            <span className="hint">{means}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function RestartChoice({ draft, change, error }: Part & { error: string | undefined }) {
  const id = useId();
  const utc = shifted(draft.at, -clockOffset());
  return (
    <>
      <div className="field">
        <label htmlFor={id}>When the box restarts into a new version</label>
        <select id={id} value={draft.when} onChange={(event) => change({ when: event.target.value as Draft["when"] })}>
          <option value="at">At a time of the day</option>
          <option value="now">At once</option>
          <option value="manual">When I say so</option>
        </select>
      </div>
      {draft.when === "at" && (
        <Field
          label="Time of the restart"
          hint={`In the time zone of this device${utc === null ? "" : `; the box itself counts in UTC, where that is ${utc}`}.`}
          type="time"
          value={draft.at}
          error={error}
          onChange={(event) => change({ at: event.target.value })}
        />
      )}
    </>
  );
}

function Server({ draft, change, error }: Part & { error: string | undefined }) {
  return (
    <Field
      label="Address of the server"
      hint="Without one, new versions come by file alone."
      type="url"
      value={draft.server}
      placeholder="https://"
      autoCapitalize="none"
      autoComplete="off"
      spellCheck={false}
      error={error}
      onChange={(event) => change({ server: event.target.value })}
    />
  );
}

function HowOften({ draft, change }: Part) {
  const id = useId();
  const [offered] = useState(() => hoursOffered(draft.hours));
  return (
    <div className="field">
      <label htmlFor={id}>How often it looks</label>
      <select id={id} value={draft.hours} onChange={(event) => change({ hours: Number(event.target.value) })}>
        {offered.map((hours) => (
          <option key={hours} value={hours}>
            {everyWords(hours)}
          </option>
        ))}
      </select>
    </div>
  );
}
