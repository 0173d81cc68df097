import { useState } from "react";

import * as box from "../../api/box";
import type { ApiKey, CreatedApiKey } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { CopyButton } from "../../parts/CopyButton";
import { Icon } from "../../parts/Icon";
import { Known } from "../../parts/Known";
import { useAction } from "../../parts/use_action";
import { ago, day } from "../../words/format";
import { MakeApiKeyForm } from "./MakeApiKeyForm";

/** The keys with which programs use the box. */
export function ApiKeys() {
  const keys = useResource(boxState.apiKeys);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<CreatedApiKey | null>(null);
  return (
    <section className="card" aria-labelledby="api-keys">
      <h2 id="api-keys">API keys</h2>
      <p className="muted small">
        With an API key a program uses the box in your name, for instance an app that speaks to the AI models. Make one
        for each program, so that you can end them one by one.
      </p>
      {made !== null && <NewSecret made={made} onDone={() => setMade(null)} />}
      {making ? (
        <MakeApiKeyForm
          onMade={(key) => {
            setMade(key);
            setMaking(false);
            void boxState.apiKeys.reload();
          }}
          onClose={() => setMaking(false)}
        />
      ) : (
        made === null && (
          <button type="button" className="button start" onClick={() => setMaking(true)}>
            <Icon name="plus" />
            Make an API key
          </button>
        )
      )}
      <Known of={keys} what="Looking up the API keys">
        {({ items }) =>
          items.length === 0 ? (
            <p className="muted small">There are none yet.</p>
          ) : (
            <ul className="rows">
              {items.map((key) => (
                <ApiKeyRow key={key.id} of={key} />
              ))}
            </ul>
          )
        }
      </Known>
    </section>
  );
}

function NewSecret({ made, onDone }: { made: CreatedApiKey; onDone: () => void }) {
  return (
    <div className="note note-good" role="status">
      <Icon name="good" />
      <div>
        <strong>The key “{made.label}” is ready</strong>
        <p>Copy it now: it is shown only this once, and the box itself does not keep it.</p>
        <code className="code-block secret">{made.secret}</code>
        <div className="actions">
          <CopyButton text={made.secret} what="the API key" />
          <button type="button" className="button small" onClick={onDone}>
            I have copied it
          </button>
        </div>
      </div>
    </div>
  );
}

function ApiKeyRow({ of }: { of: ApiKey }) {
  const [asking, setAsking] = useState(false);
  const { start, busy, problem, clearProblem } = useAction(async () => {
    await box.deleteApiKey(of.id);
    await boxState.apiKeys.reload();
  });
  return (
    <li className="row">
      <div className="row-main">
        <strong className="break">{of.label}</strong>
        <span className="muted small">
          <code>{of.prefix}…</code> {of.last_used_at === null ? "never used" : `last used ${ago(of.last_used_at)}`},{" "}
          {of.expires_at === null ? "does not expire" : `ends ${day(of.expires_at)}`}
        </span>
      </div>
      <button
        type="button"
        className="button danger small"
        aria-label={`Delete the API key ${of.label}`}
        onClick={() => {
          clearProblem();
          setAsking(true);
        }}
      >
        Delete…
      </button>
      {asking && (
        <ConfirmDialog
          title={`Delete the API key “${of.label}”?`}
          action="Delete the API key"
          busy={busy}
          busyText="Deleting…"
          problem={problem}
          onConfirm={start}
          onClose={() => setAsking(false)}
        >
          <p>The program that uses it is shut out at once. You can make a new key for it at any time.</p>
        </ConfirmDialog>
      )}
    </li>
  );
}
