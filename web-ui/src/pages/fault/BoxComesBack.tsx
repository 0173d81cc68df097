import { useEffect, useEffectEvent, useState } from "react";

import * as box from "../../api/box";
import { PageTitle } from "../../parts/PageTitle";
import { Waiting } from "../../parts/Waiting";
import { useSession } from "../../session/SessionProvider";
import { INITIAL, next, type Coming, type Doing, type Seen } from "./coming_back";

const POLL_MS = 2_000;

const TITLES: Record<Doing, string> = {
  opened: "Open again. The box starts…",
  restarting: "The box restarts…",
  erased: "Everything is erased. The box starts as a new one…",
};

const TEXTS: Record<Doing, string> = {
  opened: "The key was right, and your data is open. The box starts with it now, which takes up to a minute.",
  restarting: "This takes a minute or two. The box is not reachable meanwhile.",
  erased: "This takes a minute or two. Then its screen shows a new claim code, with which you make the box yours.",
};

/** What a restarted box shows may be another certificate, and then this page cannot reach it any more. */
const LOAD_AGAIN =
  "The box shows another certificate now than it did on this page, so this page may lose sight of it. Load the page again then; the browser may warn once more, which is in order.";

export type { Doing };

/** Waits for the box after the way out was taken. `onFault`: it came back, but with a fault. */
export function BoxComesBack({ doing, onFault }: { doing: Doing; onFault: () => void }) {
  const { ask } = useSession();
  const [coming, setComing] = useState<Coming>(INITIAL);
  const back = () => void ask().then(onFault);
  const backByItself = useEffectEvent(back);
  const { stage } = coming;

  useEffect(() => {
    if (stage === "ready") return;
    const timer = setTimeout(() => void look().then((seen) => setComing((before) => next(doing, before, seen))), POLL_MS);
    return () => clearTimeout(timer);
  }, [doing, coming, stage]);
  useEffect(() => {
    if (stage === "fault") backByItself();
  }, [stage]);

  const ready = stage === "ready";
  return (
    <>
      <PageTitle>{ready ? "The box is ready" : TITLES[doing]}</PageTitle>
      {ready ? (
        <p>It works again. Load the page to go on; the browser may warn once more of the box’s certificate.</p>
      ) : (
        <>
          <p>{TEXTS[doing]}</p>
          <Waiting what={stage === "unseen" ? "Waiting for the box to answer" : "Waiting for the box"} />
          <p className={stage === "unseen" ? "note" : "muted"} role="status">
            {LOAD_AGAIN}
          </p>
        </>
      )}
      <div className="actions">
        <button
          type="button"
          className={ready || stage === "unseen" ? "button primary" : "button"}
          onClick={() => location.assign("/")}
        >
          Load the page again
        </button>
        {stage === "slow" && (
          <button type="button" className="button quiet" onClick={back}>
            Back to what happened
          </button>
        )}
      </div>
    </>
  );
}

async function look(): Promise<Seen> {
  try {
    return (await box.fault()) === null ? "works" : "fault";
  } catch {
    return "nothing";
  }
}
