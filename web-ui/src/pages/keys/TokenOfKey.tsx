import type { Key, Token } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Icon } from "../../parts/Icon";
import { isPluggedIn, tokenState } from "../../words/token_words";
import { AskForPin } from "./AskForPin";

/** What keeps a key from signing that is on a token which people plug in; nothing while it can. */
export function TokenOfKey({ of, onUnlocked }: { of: Key; onUnlocked: () => void }) {
  const tokens = useResource(boxState.tokens);
  if (tokens.value === null || !isPluggedIn(of.token)) return null;
  const token = tokens.value.items.find(({ name }) => name === of.token);
  const state = token === undefined ? "gone" : tokenState(token);
  return (
    <AskForPin tokens={tokens.value.items} onUnlocked={onUnlocked}>
      {(ask) => (
        <>
          {state === "gone" && (
            <p className="note">
              <Icon name="warning" />
              <span>
                This key is on <strong>{of.token}</strong>, which is not plugged in. Plug it in to sign with the key.
              </span>
            </p>
          )}
          {state === "locked" && (
            <p className="note">
              <Icon name="warning" />
              <span>
                This key is on <strong>{of.token}</strong>, which has locked itself. Unlock it with its maker’s program,
                then plug it in again.
              </span>
            </p>
          )}
          {state === "needs_pin" && token !== undefined && <NeedsPin token={token} onAskForPin={ask} />}
        </>
      )}
    </AskForPin>
  );
}

function NeedsPin({ token, onAskForPin }: { token: Token; onAskForPin: (token: Token) => void }) {
  return (
    <div className="note">
      <Icon name="warning" />
      <div>
        <p>
          This key is on <strong>{token.name}</strong>, whose PIN the box does not know. Enter it to sign with the
          key.
        </p>
        <button type="button" className="button small" onClick={() => onAskForPin(token)}>
          Enter the PIN…
        </button>
      </div>
    </div>
  );
}
