import { useEffect } from "react";

import type { Device } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Known } from "../../parts/Known";
import { ProblemNote } from "../../parts/ProblemNote";
import { Problem } from "../../api/problem";
import { Tile } from "../../parts/Tile";
import { Waiting } from "../../parts/Waiting";
import { deviceKind } from "../../words/model_words";

const ASK_AGAIN_MS = 1_500;

/** What models could run on. Graphics drivers that only pretend are marked as software. */
export function HardwareTile() {
  const devices = useResource(boxState.devices);
  const { value, reload, asking } = devices;
  const searching = value?.state === "probing";
  useEffect(() => {
    if (!searching || asking) return;
    const timer = setTimeout(() => void reload(), ASK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [searching, asking, reload]);

  return (
    <Tile title="Hardware for AI" icon="hardware">
      <Known of={devices} what="Looking for hardware">
        {({ items, state, detail }) => (
          <>
            <ul className="rows">
              {items.map((device, place) => (
                <DeviceRow key={`${place} ${device.name}`} device={device} />
              ))}
            </ul>
            {state === "probing" && <Waiting what="Looking for graphics hardware" />}
            {state === "failed" && <ProblemNote problem={probeFailed(detail)} />}
            {state === "ready" && !items.some(isGraphics) && (
              <p className="muted small">No graphics card was found. Models run on the processor, which works, slower.</p>
            )}
          </>
        )}
      </Known>
    </Tile>
  );
}

const isGraphics = (device: Device) => device.kind !== "cpu" && !device.software;

function DeviceRow({ device }: { device: Device }) {
  return (
    <li className="row">
      <div className="row-main">
        <strong className="break">{device.name}</strong>
        <span className="muted small">
          {deviceKind(device.kind)}
          {device.driver !== "" && `, ${device.driver}`}
        </span>
      </div>
      <div className="row-end">
        <span className={device.software ? "tag tag-warning" : "tag"}>
          {device.software ? "software" : device.kind === "cpu" ? "processor" : "graphics"}
        </span>
      </div>
    </li>
  );
}

function probeFailed(detail: string | null): Problem {
  return new Problem({
    status: 0,
    slug: "probe-failed",
    title: "The search for graphics hardware failed",
    detail: detail ?? "A graphics driver did not answer.",
    next: "Models run on the processor meanwhile.",
  });
}
