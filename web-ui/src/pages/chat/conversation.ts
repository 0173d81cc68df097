/** The conversation with a model. It lives outside of the page that shows it, so looking elsewhere ends nothing. */
import { answer, type ChatPiece, type Turn } from "../../api/chat_stream";
import { Problem } from "../../api/problem";
import type { FinishReason } from "../../api/types";

export type Message = Turn & {
  id: number;
  /** How the answer ended; null while it is being made and for what people wrote. */
  ended: FinishReason | "stopped" | "failed" | null;
  /** Tokens per second of the answer, once known. */
  tokensPerSecond: number | null;
};

export type ConversationState = {
  messages: readonly Message[];
  /** When the answer under way was asked for, milliseconds since 1970; null when none is. */
  askedAt: number | null;
  problem: Problem | null;
};

type Ask = (model: string, turns: readonly Turn[], signal: AbortSignal) => AsyncIterable<ChatPiece>;

const EMPTY: ConversationState = { messages: [], askedAt: null, problem: null };

export class Conversation {
  readonly #ask: Ask;
  readonly #listeners = new Set<() => void>();
  #state = EMPTY;
  #nextId = 1;
  #abort: AbortController | null = null;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  readonly snapshot = (): ConversationState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Says `text` and waits for the answer to end, in whatever way. */
  readonly say = async (model: string, text: string): Promise<void> => {
    if (this.#abort !== null) return;
    await this.#answer(model, [...this.#state.messages, this.#message("user", text)]);
  };

  /** Asks for the last answer again. */
  readonly again = async (model: string): Promise<void> => {
    if (this.#abort !== null) return;
    const messages = [...this.#state.messages];
    while (messages.at(-1)?.role === "assistant") messages.pop();
    if (messages.length > 0) await this.#answer(model, messages);
  };

  /** Stops the answer under way; what is there of it stays. */
  readonly stop = (): void => this.#abort?.abort();

  /** Starts anew. */
  readonly clear = (): void => {
    this.#abort?.abort();
    this.#abort = null;
    this.#set(EMPTY);
  };

  async #answer(model: string, messages: readonly Message[]): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const answering = this.#message("assistant", "");
    this.#set({ messages: [...messages, answering], askedAt: Date.now(), problem: null });
    const pace = new Pace();
    let problem: Problem | null = null;
    let ended: Message["ended"] = "stop";
    try {
      const turns = messages.filter((m) => m.content !== "").map(({ role, content }) => ({ role, content }));
      for await (const piece of this.#ask(model, turns, abort.signal)) {
        if (this.#abort !== abort) return;
        if (piece.kind === "text") {
          pace.text();
          this.#change(answering.id, (m) => ({ ...m, content: m.content + piece.text }));
        } else if (piece.kind === "finished") ended = piece.reason;
        else pace.tokens = piece.usage.completion_tokens;
      }
    } catch (error) {
      if (abort.signal.aborted) ended = "stopped";
      else {
        ended = "failed";
        problem = Problem.from(error);
      }
    }
    // Somebody may have started a new conversation in the meantime.
    if (this.#abort !== abort) return;
    this.#abort = null;
    this.#change(answering.id, (m) => ({ ...m, ended, tokensPerSecond: pace.tokensPerSecond() }));
    const kept = this.#state.messages.filter((m) => m.id !== answering.id || m.content !== "" || ended !== "failed");
    this.#set({ messages: kept, askedAt: null, problem });
  }

  #message(role: Turn["role"], content: string): Message {
    return { id: this.#nextId++, role, content, ended: null, tokensPerSecond: null };
  }

  #change(id: number, change: (message: Message) => Message): void {
    this.#set({ ...this.#state, messages: this.#state.messages.map((m) => (m.id === id ? change(m) : m)) });
  }

  #set(state: ConversationState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** How fast an answer came, from its first piece to its last. */
class Pace {
  /** As the box counted them. */
  tokens: number | null = null;
  #first: number | null = null;
  #last = 0;

  text(): void {
    this.#last = performance.now();
    this.#first ??= this.#last;
  }

  tokensPerSecond(): number | null {
    if (this.#first === null || this.tokens === null || this.tokens < 2 || this.#last <= this.#first) return null;
    return ((this.tokens - 1) * 1000) / (this.#last - this.#first);
  }
}

/** The one conversation of this page. */
export const conversation = new Conversation(answer);
