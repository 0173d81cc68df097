import { Link } from "wouter";

import type { Key } from "../../api/types";
import { Icon } from "../../parts/Icon";
import { algorithmName } from "../../words/key_words";

/** Says that a key was made, and leads to it. */
export function KeyMade({ made }: { made: Key }) {
  return (
    <div className="note note-good" role="status">
      <Icon name="good" />
      <div>
        <p>
          The key <strong>{made.label}</strong> ({algorithmName(made.algorithm)}) was made in {made.token}. Its private
          half never leaves it.
        </p>
        <Link href={`/keys/${made.id}`}>Show the key</Link>
      </div>
    </div>
  );
}
