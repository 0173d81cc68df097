import { Link } from "wouter";

import type { Model } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Known } from "../../parts/Known";
import { Status } from "../../parts/Status";
import { Tile } from "../../parts/Tile";
import { bytes } from "../../words/format";
import { modelPurpose, modelSize, modelWords } from "../../words/model_words";

/** The AI models and whether they are in memory. */
export function ModelsTile() {
  const models = useResource(boxState.models);
  return (
    <Tile title="AI models" icon="model">
      <Known of={models} what="Looking up the models">
        {({ items }) => (
          <>
            {items.length === 0 && <p className="muted">No model is installed on this box.</p>}
            <ul className="rows">
              {items.map((model) => (
                <ModelRow key={model.id} model={model} />
              ))}
            </ul>
            <p className="muted small">
              {items.some((model) => model.state.state === "on_disk") &&
                "A sleeping model is loaded into memory when it is first used, which takes a few seconds. "}
              What you write to a model never leaves this box.
            </p>
            {items.some((model) => model.kind === "chat" && model.state.state !== "absent") && (
              <div className="actions tile-actions">
                <Link href="/chat" className="button">
                  Open the chat
                </Link>
              </div>
            )}
          </>
        )}
      </Known>
    </Tile>
  );
}

function ModelRow({ model }: { model: Model }) {
  const words = modelWords(model.state);
  return (
    <li className="row">
      <div className="row-main">
        <strong className="break">{model.id}</strong>
        <span className="muted small">
          {modelPurpose(model.kind)}. {modelSize(model.parameters)}
          {model.size_bytes > 0 && `, ${bytes(model.size_bytes)}`}
        </span>
        {(words.tone === "bad" || words.tone === "warning") && (
          <span className="small field-error">{words.explanation}</span>
        )}
      </div>
      <div className="row-end">
        <Status tone={words.tone}>{words.headline}</Status>
      </div>
    </li>
  );
}
