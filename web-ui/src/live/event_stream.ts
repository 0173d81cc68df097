/** The WebSocket of the box's events: opened again whenever it is lost, with growing pauses in between. */
import type { EventFrame } from "../api/types";

export type LiveState =
  | { kind: "connecting" }
  | { kind: "live" }
  /** `retryAt` is when the next try starts, in milliseconds since 1970; null while one is under way. */
  | { kind: "lost"; retryAt: number | null };

export type EventStreamOptions = {
  /** Opens the socket. */
  open: () => WebSocket;
  onEvent: (event: EventFrame) => void;
  onState: (state: LiveState) => void;
  /** The connection is there (again): what happened before it is not known. */
  onOpen: () => void;
  /** A connection could not be opened or was lost. A browser does not say why. */
  onLost: () => void;
};

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** The box reports every 5 seconds; silence for so long means that the connection is dead. */
const SILENCE_MS = 30_000;

export class EventStream {
  readonly #options: EventStreamOptions;
  #socket: WebSocket | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    options.onState({ kind: "connecting" });
    this.#connect();
  }

  /** Tries at once instead of waiting for the pause to end. */
  readonly retryNow = (): void => {
    if (this.#closed || this.#socket !== null) return;
    clearTimeout(this.#timer);
    this.#options.onState({ kind: "lost", retryAt: null });
    this.#connect();
  };

  /** Ends it for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#socket?.close();
    this.#socket = null;
  }

  #connect(): void {
    const socket = this.#options.open();
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#closed) return;
      this.#failures = 0;
      this.#heard();
      this.#options.onState({ kind: "live" });
      this.#options.onOpen();
    };
    socket.onmessage = (message: MessageEvent) => {
      if (this.#closed) return;
      this.#heard();
      const event = parse(message.data);
      if (event !== null) this.#options.onEvent(event);
    };
    socket.onclose = () => this.#lost(socket);
  }

  #heard(): void {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#silence = setTimeout(() => {
      // A dead connection may take minutes to close, so it counts as lost now.
      if (socket === null) return;
      this.#lost(socket);
      socket.close();
    }, SILENCE_MS);
  }

  #lost(socket: WebSocket): void {
    if (this.#closed || this.#socket !== socket) return;
    clearTimeout(this.#silence);
    this.#socket = null;
    const pause = pauseAfter(++this.#failures);
    this.#options.onState({ kind: "lost", retryAt: Date.now() + pause });
    this.#options.onLost();
    this.#timer = setTimeout(this.retryNow, pause);
  }
}

/** The pause after so many failures in a row, milliseconds: doubling, with a spread of a fifth. */
export function pauseAfter(failures: number): number {
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  return Math.round(pause * (0.9 + Math.random() * 0.2));
}

function parse(data: unknown): EventFrame | null {
  if (typeof data !== "string") return null;
  try {
    return JSON.parse(data) as EventFrame;
  } catch {
    return null;
  }
}
