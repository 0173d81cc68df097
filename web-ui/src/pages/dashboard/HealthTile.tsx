import type { System } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Gauge } from "../../parts/Gauge";
import { Known } from "../../parts/Known";
import { Tile } from "../../parts/Tile";
import { bytes, duration, number } from "../../words/format";

/** Memory, load, time and heat, every few seconds anew. */
export function HealthTile() {
  const system = useResource(boxState.system);
  return (
    <Tile title="System" icon="health" aside={system.value && <span className="tile-figure">{system.value.hostname}</span>}>
      <Known of={system} what="Reading the sensors">
        {(value) => <Readings system={value} />}
      </Known>
    </Tile>
  );
}

function Readings({ system }: { system: System }) {
  const { board } = system;
  const memoryUsed = board.memory_total_bytes - board.memory_available_bytes;
  return (
    <>
      <Gauge name="Memory" used={memoryUsed} total={board.memory_total_bytes} />
      <Facts
        of={[
          ["Load", `${number(board.load_1min, 2)} on ${number(board.cores)} cores`],
          ["This service", `${bytes(board.service_resident_bytes)} of memory`],
          ["Service up for", duration(system.uptime_seconds)],
          ["Machine up for", duration(board.uptime_seconds)],
          ["Temperature", temperatures(system)],
          ["Version", system.version],
        ]}
      />
    </>
  );
}

function temperatures(system: System): string {
  const all = system.board.temperatures;
  if (all.length === 0) return "no sensor";
  const hottest = all.reduce((a, b) => (b.celsius > a.celsius ? b : a));
  return `${number(hottest.celsius, 0)} °C (${hottest.sensor})`;
}
