import { useState } from "react";
import { Link } from "wouter";

import type { Key } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Icon } from "../../parts/Icon";
import { Known } from "../../parts/Known";
import { Tile } from "../../parts/Tile";
import { plural } from "../../words/format";
import { AskForPin } from "../keys/AskForPin";
import { KeyMade } from "../keys/KeyMade";
import { MakeKeyForm } from "../keys/MakeKeyForm";
import { TokenRow } from "../keys/TokenRow";

/** The key stores, how they are and what they hold. */
export function KeysTile() {
  const tokens = useResource(boxState.tokens);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Key | null>(null);
  const total = tokens.value?.items.reduce((sum, token) => sum + token.keys, 0) ?? null;

  return (
    <Tile
      title="Keys and tokens"
      icon="key"
      aside={total !== null && <span className="tile-figure">{plural(total, "key")}</span>}
    >
      <Known of={tokens} what="Looking up the key stores">
        {({ items }) => (
          <>
            {items.length === 0 && <p className="muted">This box has no key store.</p>}
            <AskForPin tokens={items}>
              {(ask) => (
                <ul className="rows">
                  {items.map((token) => (
                    <TokenRow key={token.name} token={token} onAskForPin={ask} />
                  ))}
                </ul>
              )}
            </AskForPin>
            {made !== null && <KeyMade made={made} />}
            {making ? (
              <MakeKeyForm
                tokens={items}
                onMade={(key) => {
                  setMade(key);
                  setMaking(false);
                }}
                onClose={() => setMaking(false)}
              />
            ) : (
              <div className="actions tile-actions">
                <button
                  type="button"
                  className="button"
                  onClick={() => {
                    setMade(null);
                    setMaking(true);
                  }}
                >
                  <Icon name="plus" />
                  Make a key
                </button>
                <Link href="/keys" className="button quiet">
                  See all keys
                </Link>
              </div>
            )}
          </>
        )}
      </Known>
    </Tile>
  );
}
