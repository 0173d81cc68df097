import type { System } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Known } from "../../parts/Known";
import { Meter } from "../../parts/Meter";
import { Tile } from "../../parts/Tile";
import { bytes, duration, number, percent } from "../../words/format";

/** Memory, disk, load, time and heat, every few seconds anew. */
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
  const disk = board.data_disk;
  const diskUsed = disk.total_bytes - disk.available_bytes;
  return (
    <>
      <Gauge name="Memory" used={memoryUsed} total={board.memory_total_bytes} />
      <Gauge name="Disk" used={diskUsed} total={disk.total_bytes} />
      {disk.total_bytes > 0 && disk.available_bytes / disk.total_bytes < 0.05 && (
        <p className="note">The disk is nearly full. Free some room soon, or the box stops storing.</p>
      )}
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

function Gauge({ name, used, total }: { name: string; used: number; total: number }) {
  const share = total > 0 ? used / total : 0;
  return (
    <div className="gauge">
      <div className="block-head">
        <span>{name}</span>
        <span className="muted small">
          {bytes(used)} of {bytes(total)}, {percent(share)}
        </span>
      </div>
      <Meter share={share} label={`${name} in use`} />
    </div>
  );
}

function temperatures(system: System): string {
  const all = system.board.temperatures;
  if (all.length === 0) return "no sensor";
  const hottest = all.reduce((a, b) => (b.celsius > a.celsius ? b : a));
  return `${number(hottest.celsius, 0)} °C (${hottest.sensor})`;
}
