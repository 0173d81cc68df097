/** Failures in plain words: what happened, what to do next, which field is wrong. */
import type { ProblemDocument } from "./types";

/** What went wrong with a request to the box. Every text is meant for people. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** The HTTP status; 0 when the box did not answer. */
  readonly status: number;
  /** The problem's stable name, such as `wrong-claim-code`; `unreachable` when the box did not answer. */
  readonly slug: string;
  readonly title: string;
  readonly next: string;
  /** Field name to what is wrong with it. */
  readonly fields: ReadonlyMap<string, string>;
  /** Seconds to wait before the next try. */
  readonly retryAfter: number | null;
  /** The request's id, to find it in the log. */
  readonly requestId: string | null;

  constructor(parts: {
    status: number;
    slug: string;
    title: string;
    detail: string;
    next: string;
    fields?: ReadonlyMap<string, string>;
    retryAfter?: number | null;
    requestId?: string | null;
  }) {
    super(parts.detail);
    this.status = parts.status;
    this.slug = parts.slug;
    this.title = parts.title;
    this.next = parts.next;
    this.fields = parts.fields ?? new Map();
    this.retryAfter = parts.retryAfter ?? null;
    this.requestId = parts.requestId ?? null;
  }

  /** Whether the box has no room left to store anything. */
  get storageFull(): boolean {
    return this.status === 507 || this.slug.endsWith("storage-full");
  }

  /** The box could not be reached at all. */
  static unreachable(): Problem {
    return new Problem({
      status: 0,
      slug: "unreachable",
      title: "The box does not answer",
      detail: "This device cannot reach the box just now.",
      next: "Check that the box is switched on and that this device is on the same network, then try again.",
    });
  }

  /** Anything thrown, as a problem. */
  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem({
      status: 0,
      slug: "page-failed",
      title: "Something on this page went wrong",
      detail: "The page met an error of its own; the box is not affected.",
      next: "Load the page again. If it happens again, note what you did just before.",
    });
  }
}

const URN = "urn:anya:problem:";

/** Reads the problem out of an answer that is not a success. Never throws. */
export async function problemOf(response: Response): Promise<Problem> {
  const requestId = response.headers.get("X-Request-ID");
  const retryAfter = seconds(response.headers.get("Retry-After"));
  const document = await documentOf(response);
  if (document === null) {
    return new Problem({
      status: response.status,
      slug: "unexpected-answer",
      title: "The box gave an unexpected answer",
      detail: `It answered with status ${response.status} and no explanation.`,
      next: "Try again. If it stays, look under Activity, Logs.",
      requestId,
      retryAfter,
    });
  }
  return new Problem({
    status: response.status,
    slug: document.type.startsWith(URN) ? document.type.slice(URN.length) : document.type,
    title: document.title,
    detail: plain(document.detail),
    next: plain(document.next),
    fields: new Map((document.errors ?? []).map((e) => [e.field, sentence(e.field, e.reason)])),
    requestId: document.request_id || requestId,
    retryAfter,
  });
}

async function documentOf(response: Response): Promise<ProblemDocument | null> {
  const type = response.headers.get("Content-Type") ?? "";
  if (!/^application\/(problem\+)?json/.test(type)) return null;
  try {
    const body = (await response.json()) as Partial<ProblemDocument> | null;
    if (typeof body?.type !== "string" || typeof body.title !== "string") return null;
    return { status: response.status, detail: "", next: "", request_id: "", ...body } as ProblemDocument;
  } catch {
    return null;
  }
}

/** `Retry-After` in seconds; the form with a date is not used by the box. */
function seconds(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}

/** The box marks names of fields with backquotes, which is for programmers. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}

/** A reason continues the field's name: "label" + "is empty" is "The label is empty." */
export function sentence(field: string, reason: string): string {
  const name = field.replaceAll("_", " ");
  const text = `The ${name} ${plain(reason).trim()}`;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
