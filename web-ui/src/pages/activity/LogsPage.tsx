import { useMemo, useState } from "react";

import * as box from "../../api/box";
import type { LogLevel, LogLine, LogPage } from "../../api/types";
import { Resource } from "../../live/resource";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Known } from "../../parts/Known";
import { PageTitle } from "../../parts/PageTitle";
import { ShowMore } from "../../parts/ShowMore";
import { useOlder } from "../../parts/use_older";
import { moment } from "../../words/format";
import { logText } from "../../words/log_words";
import { ActivityTabs } from "./ActivityTabs";

const LEVELS: readonly { level: LogLevel; name: string }[] = [
  { level: "error", name: "Failures only" },
  { level: "warn", name: "Failures and warnings" },
  { level: "info", name: "Everything of note" },
  { level: "debug", name: "Every detail" },
];

const TAGS: Record<LogLevel, { name: string; tag: string }> = {
  error: { name: "failure", tag: "tag tag-bad" },
  warn: { name: "warning", tag: "tag tag-warning" },
  info: { name: "note", tag: "tag" },
  debug: { name: "detail", tag: "tag" },
};

/** What the box's programs wrote, newest first. */
export function LogsPage() {
  const [level, setLevel] = useState<LogLevel>("info");
  const logs = useResource(useMemo(() => new Resource(() => box.logs(level, null)), [level]));
  return (
    <>
      <PageTitle
        aside={
          <button type="button" className="button" onClick={() => void logs.reload()}>
            {logs.asking ? "Looking…" : "Look again"}
          </button>
        }
      >
        Logs
      </PageTitle>
      <ActivityTabs />
      <div className="field log-level">
        <label htmlFor="log-level">Show</label>
        <select id="log-level" value={level} onChange={(event) => setLevel(event.target.value as LogLevel)}>
          {LEVELS.map(({ level: value, name }) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <Known of={logs} what="Reading the logs">
        {(first) => <Lines first={first} level={level} />}
      </Known>
    </>
  );
}

function Lines({ first, level }: { first: LogPage; level: LogLevel }) {
  const older = useOlder(first, (cursor) => box.logs(level, cursor));
  return (
    <>
      <p className="hint">
        {first.source === "journal" ? "From the system’s journal, earlier starts too." : "Since the box last started."}
      </p>
      {older.items.length === 0 && <p className="empty">There is nothing of this kind, which is good.</p>}
      <ol className="list" aria-label="Log lines, newest first">
        {older.items.map((line, place) => (
          <li key={`${older.items.length - place} ${line.at}`}>
            <Line line={line} />
          </li>
        ))}
      </ol>
      <ShowMore of={older} what="older lines" />
    </>
  );
}

function Line({ line }: { line: LogLine }) {
  const { name, tag } = TAGS[line.level];
  return (
    <details className="entry">
      <summary>
        <span className={tag}>{name}</span>
        <span className="row-main break">{logText(line)}</span>
        <time className="muted small" dateTime={line.at}>
          {new Date(line.at).toLocaleTimeString()}
        </time>
      </summary>
      <Facts
        of={[
          ["Time", moment(line.at)],
          ["Part", <code key="part">{line.target}</code>],
          ...Object.entries(line.fields).map(([field, value]) => [field, <code key={field}>{value}</code>] as const),
          ["Request", line.request_id === null ? "none" : <code key="request">{line.request_id}</code>],
        ]}
      />
    </details>
  );
}
