import { useEffect } from "react";

import type { Model } from "../../api/types";
import { Icon } from "../../parts/Icon";
import { Waiting } from "../../parts/Waiting";
import { number } from "../../words/format";
import type { ConversationState, Message } from "./conversation";

/** What was said so far. Text is shown as text: nothing in it can act on the page. */
export function Messages({ state, model }: { state: ConversationState; model: Model }) {
  const { messages, askedAt } = state;
  const last = messages.at(-1);
  useEffect(() => {
    // Whoever scrolled up to read something is left there.
    const distance = document.documentElement.scrollHeight - window.innerHeight - window.scrollY;
    if (distance < 240) window.scrollTo(0, document.documentElement.scrollHeight);
  }, [last?.content, messages.length]);

  if (messages.length === 0) {
    return (
      <div className="empty">
        <Icon name="chat" />
        <p>Say something, and the model on this box answers.</p>
      </div>
    );
  }
  return (
    <div className="messages" role="log" aria-label="Conversation" aria-busy={askedAt !== null}>
      {messages.map((message) => (
        <Bubble key={message.id} message={message} model={model} />
      ))}
    </div>
  );
}

function Bubble({ message, model }: { message: Message; model: Model }) {
  const mine = message.role === "user";
  return (
    <article className={mine ? "bubble mine" : "bubble"}>
      <h2 className="unseen">{mine ? "You" : "Model"}</h2>
      {message.content === "" && message.ended === null && <Waiting what={waitingFor(model)} />}
      {message.content !== "" && <p className="bubble-text">{message.content}</p>}
      {!mine && message.ended !== null && <p className="muted small">{ending(message)}</p>}
    </article>
  );
}

function waitingFor(model: Model): string {
  return model.state.state === "ready"
    ? "Reading what you wrote"
    : "Loading the model into memory; the first answer takes a little longer";
}

function ending(message: Message): string {
  const speed = message.tokensPerSecond;
  const how = {
    stop: "Done",
    length: "Cut at the model’s limit of length",
    stopped: "Stopped by you",
    failed: "Not finished",
  }[message.ended ?? "stop"];
  return speed === null ? how : `${how}, ${number(speed, speed < 10 ? 1 : 0)} tokens per second`;
}
