/** Why the service gave no usable answer, told apart by what a person can do about it. */
export type Trouble =
  | "network" // no answer at all
  | "unauthenticated" // sign in again
  | "forbidden" // a right is missing
  | "missing" // nothing there, or nothing the caller may know of
  | "gone" // removed at its source
  | "conflict" // several answers are possible
  | "invalid" // the request itself was wrong
  | "busy" // try again later
  | "failed" // the service failed
  | "malformed"; // an answer that breaks its format

/** A failed request. Its message never repeats what was asked, because that may name a patient. */
export class ServiceError extends Error {
  readonly trouble: Trouble;
  readonly status: number | null;
  /** What the service said, made for display: `detail`, else `title` of its problem document. */
  readonly detail: string | null;
  /** The parameter or field that was wrong. */
  readonly parameter: string | null;
  readonly body: unknown;

  constructor(trouble: Trouble, from: { status?: number; detail?: string | null; parameter?: string | null; body?: unknown; cause?: unknown } = {}) {
    super(`service: ${trouble}`, { cause: from.cause });
    this.name = "ServiceError";
    this.trouble = trouble;
    this.status = from.status ?? null;
    this.detail = from.detail ?? null;
    this.parameter = from.parameter ?? null;
    this.body = from.body ?? null;
  }
}

/** The kind of trouble that an HTTP status means. */
export function troubleOf(status: number): Trouble {
  switch (status) {
    case 401:
      return "unauthenticated";
    case 403:
      return "forbidden";
    case 404:
      return "missing";
    case 410:
      return "gone";
    case 409:
      return "conflict";
    case 429:
    case 503:
    case 504:
      return "busy";
    default:
      return status >= 400 && status < 500 ? "invalid" : "failed";
  }
}

/** True when a request ended because nobody waits for it any more. */
export function isAbort(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === "AbortError";
}
