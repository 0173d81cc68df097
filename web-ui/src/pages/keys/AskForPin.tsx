import { useState, type ReactNode } from "react";

import type { Token } from "../../api/types";
import { boxState } from "../../live/box_state";
import { Icon } from "../../parts/Icon";
import { tokenState } from "../../words/token_words";
import { PinDialog } from "./PinDialog";

/**
 * Shows tokens, asks for the PIN of one of them, and says when it was unlocked. The question stays when its
 * token goes away, so that it can be said.
 */
export function AskForPin({
  tokens,
  onUnlocked,
  children,
}: {
  tokens: readonly Token[];
  onUnlocked?: () => void;
  /** Given what asks for a token's PIN. */
  children: (ask: (token: Token) => void) => ReactNode;
}) {
  const [asked, setAsked] = useState<Token | null>(null);
  const [unlocked, setUnlocked] = useState<string | null>(null);
  const usable = tokens.some((token) => token.name === unlocked && tokenState(token) === "ready");
  return (
    <>
      {children((token) => {
        setUnlocked(null);
        setAsked(token);
      })}
      {usable && (
        <p className="note note-good" role="status">
          <Icon name="good" />
          <span>
            <strong>{unlocked}</strong> is unlocked and can be used.
          </span>
        </p>
      )}
      {asked !== null && (
        <PinDialog
          of={asked}
          now={tokens.find(({ name }) => name === asked.name)}
          onUnlocked={() => {
            setAsked(null);
            setUnlocked(asked.name);
            void boxState.tokens.reload();
            void boxState.readiness.reload();
            onUnlocked?.();
          }}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}
