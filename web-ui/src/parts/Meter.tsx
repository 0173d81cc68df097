/** How much of something is used or done, as a bar; the words beside it say the same. */
export function Meter({ share, label, full = 0.9 }: { share: number; label: string; full?: number }) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div
      className={share >= full ? "meter meter-warning" : "meter"}
      role="meter"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span style={{ width: `${percent}%` }} />
    </div>
  );
}
