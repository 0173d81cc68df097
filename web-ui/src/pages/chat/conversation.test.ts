import { expect, test } from "vitest";

import type { ChatPiece, Turn } from "../../api/chat_stream";
import { Problem } from "../../api/problem";
import { Conversation } from "./conversation";

const text = (words: string): ChatPiece => ({ kind: "text", text: words });
const finished: ChatPiece = { kind: "finished", reason: "stop" };

/** A model that says what the test wants, and notes what it was asked. */
function model(...answers: (ChatPiece | Problem)[][]) {
  const asked: (readonly Turn[])[] = [];
  async function* ask(_: string, turns: readonly Turn[]): AsyncGenerator<ChatPiece> {
    asked.push(turns);
    for (const piece of answers[asked.length - 1] ?? []) {
      await Promise.resolve();
      if (piece instanceof Problem) throw piece;
      yield piece;
    }
  }
  return { asked, conversation: new Conversation(ask) };
}

const said = (conversation: Conversation) => conversation.snapshot().messages.map((m) => `${m.role}: ${m.content}`);

test("an answer comes in pieces, and the next question carries what was said", async () => {
  const { asked, conversation } = model([text("Hel"), text("lo"), finished], [text("Bye"), finished]);
  await conversation.say("m", "Hi");
  await conversation.say("m", "Go");
  expect(said(conversation)).toEqual(["user: Hi", "assistant: Hello", "user: Go", "assistant: Bye"]);
  expect(asked[1]?.map((turn) => turn.content)).toEqual(["Hi", "Hello", "Go"]);
  expect(conversation.snapshot().askedAt).toBeNull();
});

test("a stopped answer keeps what is there of it", async () => {
  async function* endless(_: string, __: readonly Turn[], signal: AbortSignal): AsyncGenerator<ChatPiece> {
    yield text("Once");
    await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  }
  const conversation = new Conversation(endless);
  const ended = conversation.say("m", "A story");
  await expect.poll(() => said(conversation)).toEqual(["user: A story", "assistant: Once"]);
  conversation.stop();
  await ended;
  expect(conversation.snapshot()).toMatchObject({ askedAt: null, problem: null });
  expect(conversation.snapshot().messages.at(-1)?.ended).toBe("stopped");
});

test("a failure is kept for showing, leaves no empty answer, and one may try again", async () => {
  const { conversation } = model([Problem.unreachable()], [text("Hello"), finished]);
  await conversation.say("m", "Hi");
  expect(said(conversation)).toEqual(["user: Hi"]);
  expect(conversation.snapshot().problem?.slug).toBe("unreachable");
  await conversation.again("m");
  expect(said(conversation)).toEqual(["user: Hi", "assistant: Hello"]);
  expect(conversation.snapshot().problem).toBeNull();
});

test("a new conversation forgets the old one, even while it is being answered", async () => {
  const { conversation } = model([text("Hel"), text("lo"), finished]);
  const ended = conversation.say("m", "Hi");
  conversation.clear();
  await ended;
  expect(conversation.snapshot()).toEqual({ messages: [], askedAt: null, problem: null });
});
