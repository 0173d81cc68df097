import { useState } from "react";
import { Link } from "wouter";

import * as box from "../../api/box";
import type { Key, Keys } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Icon } from "../../parts/Icon";
import { Known } from "../../parts/Known";
import { PageTitle } from "../../parts/PageTitle";
import { ShowMore } from "../../parts/ShowMore";
import { useOlder } from "../../parts/use_older";
import { ago } from "../../words/format";
import { algorithmName } from "../../words/key_words";
import { KeyMade } from "./KeyMade";
import { MakeKeyForm } from "./MakeKeyForm";
import { PluggedInTokens } from "./PluggedInTokens";

/** All keys of the box. */
export function KeysPage() {
  const keys = useResource(boxState.keys);
  const tokens = useResource(boxState.tokens);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Key | null>(null);
  return (
    <>
      <PageTitle
        aside={
          !making && (
            <button
              type="button"
              className="button primary"
              onClick={() => {
                setMade(null);
                setMaking(true);
              }}
            >
              <Icon name="plus" />
              Make a key
            </button>
          )
        }
      >
        Keys
      </PageTitle>
      <p className="lead">
        Keys sign things in your name. They are made inside a key store and cannot be copied out of it: what leaves it
        are signatures, and the public half, with which anybody can check them.
      </p>
      {making && (
        <section className="card" aria-label="A new key">
          <Known of={tokens} what="Looking up the key stores">
            {({ items }) => (
              <MakeKeyForm
                tokens={items}
                onMade={(key) => {
                  setMade(key);
                  setMaking(false);
                  void boxState.keys.reload();
                }}
                onClose={() => setMaking(false)}
              />
            )}
          </Known>
        </section>
      )}
      {made !== null && <KeyMade made={made} />}
      <PluggedInTokens />
      <Known of={keys} what="Looking up the keys">
        {(first) => <KeyList first={first} />}
      </Known>
    </>
  );
}

function KeyList({ first }: { first: Keys }) {
  const older = useOlder(first, (cursor) => box.keys(cursor));
  if (older.items.length === 0) {
    return (
      <div className="empty">
        <Icon name="key" />
        <p>There are no keys yet. Make the first one above.</p>
      </div>
    );
  }
  return (
    <>
      <ul className="list">
        {older.items.map((key) => (
          <li key={key.id}>
            <Link href={`/keys/${key.id}`} className="list-row">
              <span className="row-main">
                <strong className="break">{key.label}</strong>
                <span className="muted small">
                  {algorithmName(key.algorithm)} in {key.token}
                </span>
              </span>
              <span className="row-end muted small">
                <span>{ago(key.created_at)}</span>
                <span>by {key.created_by}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
      <ShowMore of={older} what="more keys" />
    </>
  );
}
