import type { Tone } from "../words/tone";

/** How something is: a coloured dot and words that say the same. */
export function Status({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={`status status-${tone}`}>
      <span className="dot" aria-hidden="true" />
      {children}
    </span>
  );
}
