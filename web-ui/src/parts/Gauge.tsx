import { bytes, percent } from "../words/format";
import { Meter } from "./Meter";

/** How much of something is taken, in words and as a bar. */
export function Gauge({ name, used, total }: { name: string; used: number; total: number }) {
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
