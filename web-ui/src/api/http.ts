/** The one place that calls the box. Failures come out as `Problem`s. */
import { Problem, problemOf } from "./problem";

type SignedOutListener = () => void;
const signedOutListeners = new Set<SignedOutListener>();

/** Calls `listener` whenever the box says that nobody is signed in (any more). */
export function onSignedOut(listener: SignedOutListener): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

type FullListener = (full: boolean) => void;
const fullListeners = new Set<FullListener>();

/** Calls `listener` with true when the box could not store something, with false when it stored something. */
export function onStorageFull(listener: FullListener): () => void {
  fullListeners.add(listener);
  return () => fullListeners.delete(listener);
}

export type RequestOptions = {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Statuses besides 2xx whose body is an answer, not a problem. */
  alsoFine?: readonly number[];
};

/** Sends a request and gives the answer, its body unread. Throws a `Problem`, or the abort of `signal`. */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = "GET", body, headers = {}, signal, alsoFine = [] } = options;
  const type: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
  const init: RequestInit = {
    method,
    headers: { Accept: "application/json", ...type, ...headers },
    credentials: "same-origin",
    signal: signal ?? null,
    body: body === undefined ? null : JSON.stringify(body),
  };
  const response = await fetch(path, init).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw Problem.unreachable();
  });
  if (response.ok || alsoFine.includes(response.status)) {
    if (method !== "GET" && path.startsWith("/api/")) tellFull(false);
    return response;
  }
  throw await refusal(response);
}

/** The problem in an answer that is not a success; whoever wants to know of such a problem is told. */
export async function refusal(response: Response): Promise<Problem> {
  const problem = await problemOf(response);
  if (problem.storageFull) tellFull(true);
  if (problem.status === 401 && problem.slug === "unauthorized") {
    for (const listener of signedOutListeners) listener();
  }
  return problem;
}

function tellFull(full: boolean): void {
  for (const listener of fullListeners) listener(full);
}

/** Sends a request and reads the JSON of its answer. */
export async function json<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw Problem.unreachable();
  }
}

/** A path with its query; parameters without a value are left out. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}
