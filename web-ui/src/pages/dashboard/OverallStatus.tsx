import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Icon } from "../../parts/Icon";
import { Known } from "../../parts/Known";
import { Status } from "../../parts/Status";
import type { Tone } from "../../words/tone";
import { overall } from "../../words/readiness_words";

const SIGNS = { good: "good", warning: "warning", bad: "bad", busy: "health", quiet: "health" } as const satisfies Record<
  Tone,
  string
>;

/** One line on how the box is, and what to do where something is not as it should be. */
export function OverallStatus() {
  const readiness = useResource(boxState.readiness);
  const tokens = useResource(boxState.tokens);
  return (
    <Known of={readiness} what="Asking the box how it is">
      {(value) => {
        const { tone, headline, notes } = overall(value, tokens.value?.items);
        return (
          <section className={`overall overall-${tone}`} aria-label="How the box is">
            <p className="overall-line" role="status">
              <Icon name={SIGNS[tone]} />
              <strong>{headline}</strong>
            </p>
            {notes.length > 0 && (
              <ul className="overall-notes">
                {notes.map((note) => (
                  <li key={note.name}>
                    <Status tone={note.tone}>{note.name}</Status>
                    <span>
                      {sentenceCase(note.text)} {note.advice}
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </section>
        );
      }}
    </Known>
  );
}

/** "being loaded" as "Being loaded." */
function sentenceCase(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(upper) ? upper : `${upper}.`;
}
