import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { ProblemNote } from "../../parts/ProblemNote";
import { isPluggedIn } from "../../words/token_words";
import { AskForPin } from "./AskForPin";
import { TokenRow } from "./TokenRow";

/** The tokens that people plug in; nothing while there are none. */
export function PluggedInTokens() {
  const { value, problem, reload } = useResource(boxState.tokens);
  const tokens = value?.items.filter(({ name }) => isPluggedIn(name)) ?? [];
  return (
    <>
      {problem !== null && <ProblemNote problem={problem} retry={() => void reload()} />}
      <AskForPin tokens={tokens}>
        {(ask) =>
          tokens.length > 0 && (
            <section className="card" aria-labelledby="plugged-in-tokens">
              <h2 id="plugged-in-tokens">Smart cards and USB tokens</h2>
              <ul className="rows">
                {tokens.map((token) => (
                  <TokenRow key={token.name} token={token} onAskForPin={ask} />
                ))}
              </ul>
            </section>
          )
        }
      </AskForPin>
    </>
  );
}
