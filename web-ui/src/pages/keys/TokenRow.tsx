import type { Token } from "../../api/types";
import { Status } from "../../parts/Status";
import { plural } from "../../words/format";
import { isPluggedIn, tokenKind, tokenState, tokenWords } from "../../words/token_words";

/** A token in a list: what it is, how it is, and what it wants. */
export function TokenRow({ token, onAskForPin }: { token: Token; onAskForPin: (token: Token) => void }) {
  const words = tokenWords(token);
  const device = [token.manufacturer, token.model, token.firmware].filter(Boolean).join(" ");
  return (
    <li className="row">
      <div className="row-main">
        <strong>{token.name}</strong>
        <span className="muted small">
          {isPluggedIn(token.name) && token.label !== "" && `“${token.label}”, `}
          {tokenKind(token)}, {device}
        </span>
      </div>
      <div className="row-end">
        <Status tone={words.tone}>{words.headline}</Status>
        <span className="muted small">{plural(token.keys, "key")}</span>
      </div>
      {words.explanation !== "" && (
        <div className="row-more">
          <span className={words.tone === "bad" ? "small field-error" : "small"}>{words.explanation}</span>
          {tokenState(token) === "needs_pin" && (
            <button
              type="button"
              className="button small"
              aria-label={`Enter the PIN of ${token.name}`}
              onClick={() => onAskForPin(token)}
            >
              Enter the PIN…
            </button>
          )}
        </div>
      )}
    </li>
  );
}
