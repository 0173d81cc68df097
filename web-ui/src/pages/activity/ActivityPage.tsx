import * as box from "../../api/box";
import type { AuditEntry, AuditPage } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Known } from "../../parts/Known";
import { PageTitle } from "../../parts/PageTitle";
import { ShowMore } from "../../parts/ShowMore";
import { useOlder } from "../../parts/use_older";
import { ago, moment } from "../../words/format";
import { auditWords } from "../../words/audit_words";
import { ActivityTabs } from "./ActivityTabs";
import { RecordVerification } from "./RecordVerification";

/** Who did what with the box, newest first. */
export function ActivityPage() {
  const audit = useResource(boxState.audit);
  return (
    <>
      <PageTitle
        aside={
          <button
            type="button"
            className="button"
            onClick={() => {
              void boxState.audit.reload();
              void boxState.auditVerification.reload();
            }}
          >
            {audit.asking ? "Looking…" : "Look again"}
          </button>
        }
      >
        Activity
      </PageTitle>
      <ActivityTabs />
      <RecordVerification />
      <Known of={audit} what="Reading the record">
        {(first) => <Entries first={first} />}
      </Known>
    </>
  );
}

function Entries({ first }: { first: AuditPage }) {
  const older = useOlder(first, (cursor) => box.audit(cursor));
  const keys = useResource(boxState.keys);
  const labels = new Map(keys.value?.items.map((key) => [key.id, key.label]));
  for (const entry of older.items) {
    const { label } = entry.detail;
    if (entry.subject.startsWith("key:") && label !== undefined) labels.set(entry.subject.slice(4), label);
  }
  if (older.items.length === 0) return <p className="empty">Nothing has happened yet.</p>;
  return (
    <>
      <ol className="list" aria-label="Actions, newest first">
        {older.items.map((entry) => (
          <li key={entry.sequence}>
            <Entry entry={entry} labels={labels} />
          </li>
        ))}
      </ol>
      <ShowMore of={older} what="older actions" />
    </>
  );
}

function Entry({ entry, labels }: { entry: AuditEntry; labels: ReadonlyMap<string, string> }) {
  const words = auditWords(entry, labels);
  return (
    <details className="entry">
      <summary>
        <span className="row-main">
          <span className="break">
            <strong>{words.who}</strong> {words.what}
            {words.object !== null && (
              <>
                {" "}
                <strong>{words.object}</strong>
              </>
            )}
          </span>
          {words.outcome !== null && <span className="field-error">{words.outcome}</span>}
        </span>
        <time className="muted small" dateTime={entry.at} title={moment(entry.at)}>
          {ago(entry.at)}
        </time>
      </summary>
      <Facts
        of={[
          ["Number", entry.sequence],
          ["Time", moment(entry.at)],
          ["Action", <code key="action">{entry.action}</code>],
          ["On", <code key="subject">{entry.subject}</code>],
          ...Object.entries(entry.detail).map(
            ([name, value]) => [name, <code key={name}>{value}</code>] as const,
          ),
          ["Request", entry.request_id === null ? "none" : <code key="request">{entry.request_id}</code>],
          ["Hash", <code key="hash">{entry.hash}</code>],
        ]}
      />
    </details>
  );
}
