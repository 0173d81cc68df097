/**
 * What the page knows of the box, each thing once: every tile that shows it shows the same, and an event
 * changes it everywhere. What is known stays visible while it is asked anew.
 */
import { Problem } from "../api/problem";

export type Snapshot<T> = {
  /** The last known value. */
  value: T | null;
  /** Why the last question failed; null once one succeeded. */
  problem: Problem | null;
  /** Whether a question is under way. */
  asking: boolean;
};

const NOTHING = { value: null, problem: null, asking: false };

export class Resource<T> {
  readonly #ask: () => Promise<T>;
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot<T> = NOTHING;
  /** Number of the newest question; the answers to older ones are dropped. */
  #question = 0;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  readonly snapshot = (): Snapshot<T> => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Whether anything on the page shows it. */
  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Asks the box. Never throws: a failure is in the snapshot. */
  readonly reload = async (): Promise<void> => {
    const question = ++this.#question;
    this.#set({ ...this.#snapshot, asking: true });
    try {
      const value = await this.#ask();
      if (question === this.#question) this.#set({ value, problem: null, asking: false });
    } catch (error) {
      if (question === this.#question) this.#set({ ...this.#snapshot, problem: Problem.from(error), asking: false });
    }
  };

  /** Takes a newer value that came by itself; the answer to a question under way would be older. */
  put(value: T): void {
    this.#question++;
    this.#set({ value, problem: null, asking: false });
  }

  /** Changes a part of the value, if there is one. */
  patch(change: (value: T) => T): void {
    if (this.#snapshot.value !== null) this.put(change(this.#snapshot.value));
  }

  /** Forgets everything: somebody else may sign in. */
  forget(): void {
    this.#question++;
    this.#set(NOTHING);
  }

  #set(snapshot: Snapshot<T>): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener();
  }
}
