import type { UpdateEntry } from "../../api/types";
import { Status } from "../../parts/Status";
import { minute } from "../../words/format";
import { outcomeWords } from "../../words/update_words";

/** What became of updates, newest first. */
export function PastUpdates({ entries }: { entries: readonly UpdateEntry[] }) {
  return (
    <section className="card" aria-labelledby="past-updates">
      <h2 id="past-updates">Earlier updates</h2>
      {entries.length === 0 ? (
        <p className="muted">There was none yet.</p>
      ) : (
        <ol className="rows" aria-label="Updates, newest first">
          {entries.map((entry) => (
            <Entry key={`${entry.at} ${entry.version} ${entry.outcome}`} entry={entry} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Entry({ entry }: { entry: UpdateEntry }) {
  const { tone, words } = outcomeWords(entry);
  return (
    <li className="row">
      <div className="row-main">
        <Status tone={tone}>{`Version ${entry.version} ${words}`}</Status>
        {entry.reason !== "" && <span className="small">{entry.reason}</span>}
        <time className="muted small" dateTime={entry.at}>
          {minute(entry.at)}
        </time>
      </div>
    </li>
  );
}
