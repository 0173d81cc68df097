import { useState, useSyncExternalStore } from "react";

import type { Model } from "../../api/types";
import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Icon } from "../../parts/Icon";
import { Known } from "../../parts/Known";
import { PageTitle } from "../../parts/PageTitle";
import { ProblemNote } from "../../parts/ProblemNote";
import { Composer } from "./Composer";
import { conversation } from "./conversation";
import { Messages } from "./Messages";

/** A conversation with a model that runs on the box. */
export function ChatPage() {
  const models = useResource(boxState.models);
  const { messages } = useSyncExternalStore(conversation.subscribe, conversation.snapshot);
  return (
    <div className="chat">
      <PageTitle
        aside={
          messages.length > 0 && (
            <button type="button" className="button" onClick={conversation.clear}>
              <Icon name="plus" />
              New conversation
            </button>
          )
        }
      >
        Chat
      </PageTitle>
      <Known of={models} what="Looking up the models">
        {({ items }) => <Talk models={items.filter((m) => m.kind === "chat" && m.state.state !== "absent")} />}
      </Known>
    </div>
  );
}

function Talk({ models }: { models: readonly Model[] }) {
  const state = useSyncExternalStore(conversation.subscribe, conversation.snapshot);
  const [chosen, setChosen] = useState<string | null>(null);
  const model = models.find((m) => m.id === chosen) ?? models[0];
  if (model === undefined) {
    return (
      <p className="note">
        There is no model on this box that can chat. Run the box’s installation again to fetch one; everything else
        works meanwhile.
      </p>
    );
  }
  return (
    <>
      {models.length > 1 && (
        <div className="field chat-model">
          <label htmlFor="chat-model">Model</label>
          <select id="chat-model" value={model.id} onChange={(event) => setChosen(event.target.value)}>
            {models.map((m) => (
              <option key={m.id} value={m.id}>
                {m.id}
              </option>
            ))}
          </select>
        </div>
      )}
      <Messages state={state} model={model} />
      {state.problem !== null && (
        <ProblemNote problem={state.problem} retry={() => void conversation.again(model.id)} />
      )}
      <Composer
        busy={state.askedAt !== null}
        onSay={(text) => void conversation.say(model.id, text)}
        onStop={conversation.stop}
      />
      <p className="hint">
        {model.id} runs on this box; nothing leaves it. It is a small model: it writes quickly and often gets facts
        wrong. Conversations are not stored.
      </p>
    </>
  );
}
