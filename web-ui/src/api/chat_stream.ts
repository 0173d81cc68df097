/** A chat answer while it is being made. */
import { send } from "./http";
import { Problem } from "./problem";
import { serverSentData } from "./sse";
import type { ChatCompletionChunk, ChatUsage, FinishReason } from "./types";

export type Turn = { role: "user" | "assistant"; content: string };

export type ChatPiece =
  | { kind: "text"; text: string }
  | { kind: "finished"; reason: FinishReason }
  | { kind: "usage"; usage: ChatUsage };

/** How freely the model chooses its words: what the makers of SmolLM2 recommend for it. */
const SAMPLING = { temperature: 0.2, top_p: 0.9 };

/** Asks `model` to answer. Leaving the loop, or aborting `signal`, stops the model too. */
export async function* answer(model: string, messages: readonly Turn[], signal: AbortSignal): AsyncGenerator<ChatPiece> {
  const response = await send("/v1/chat/completions", {
    method: "POST",
    body: { model, messages, stream: true, stream_options: { include_usage: true }, ...SAMPLING },
    headers: { Accept: "text/event-stream" },
    signal,
  });
  if (response.body === null) throw cutOff();
  let finished = false;
  try {
    for await (const data of serverSentData(response.body)) {
      if (data === "[DONE]") return;
      for (const piece of piecesOf(data)) {
        if (piece.kind === "finished") finished = true;
        yield piece;
      }
    }
  } catch (error) {
    if (signal.aborted || error instanceof Problem) throw error;
    throw cutOff();
  }
  if (!finished) throw cutOff();
}

type Frame = Partial<ChatCompletionChunk> & { error?: { message?: string; code?: string | null } };

function piecesOf(data: string): ChatPiece[] {
  const frame = JSON.parse(data) as Frame;
  if (frame.error) throw failedMidway(frame.error.message ?? "The model stopped with an error.");
  const pieces: ChatPiece[] = [];
  for (const choice of frame.choices ?? []) {
    if (choice.delta.content) pieces.push({ kind: "text", text: choice.delta.content });
    if (choice.finish_reason) pieces.push({ kind: "finished", reason: choice.finish_reason });
  }
  if (frame.usage) pieces.push({ kind: "usage", usage: frame.usage });
  return pieces;
}

function cutOff(): Problem {
  return new Problem({
    status: 0,
    slug: "answer-cut-off",
    title: "The answer was cut off",
    detail: "The connection to the box ended before the answer did.",
    next: "Try again.",
  });
}

function failedMidway(detail: string): Problem {
  return new Problem({
    status: 0,
    slug: "answer-failed",
    title: "The model could not finish",
    detail,
    next: "Try again, or start a new conversation.",
  });
}
