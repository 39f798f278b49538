import { ServiceError, troubleOf } from "./errors";
import { isRecord } from "./json";

/** How requests reach the service: same origin, the session in a cookie. */
export interface Http {
  readonly fetch: typeof fetch;
}

/** An answer's body together with the parts of its head that carry meaning. */
export interface Answer<T> {
  readonly body: T;
  readonly headers: Headers;
}

/** One request whose answer is JSON; 204 and an empty body are `null`. */
export async function requestJson(http: Http, path: string, options: { accept?: string; method?: string; body?: unknown; signal: AbortSignal }): Promise<Answer<unknown>> {
  const headers: Record<string, string> = { accept: options.accept ?? "application/json" };
  const init: RequestInit = { method: options.method ?? "GET", headers, signal: options.signal };
  if (options.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  const response = await send(http, path, init);
  const content = await response.text();
  if (content.trim() === "") return { body: null, headers: response.headers };
  try {
    return { body: JSON.parse(content), headers: response.headers };
  } catch (cause) {
    throw new ServiceError("malformed", { status: response.status, cause });
  }
}

/** One request whose answer is bytes; a multipart body is the caller's to unpack. */
export async function requestBytes(http: Http, path: string, accept: string, signal: AbortSignal): Promise<{ bytes: ArrayBuffer; type: string }> {
  const response = await send(http, path, { headers: { accept }, signal });
  return { bytes: await response.arrayBuffer(), type: response.headers.get("content-type") ?? "" };
}

/** Sends, and turns everything that is not a success into a `ServiceError`. Aborts pass through. */
export async function send(http: Http, path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await http.fetch(path, { credentials: "same-origin", ...init });
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new ServiceError("network", { cause });
  }
  if (response.ok) return response;
  const body = await problemOf(response);
  const field = (name: string): string | null => (typeof body[name] === "string" ? body[name] : null);
  throw new ServiceError(troubleOf(response.status), { status: response.status, detail: field("detail") ?? field("title"), parameter: field("parameter"), body });
}

async function problemOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  if (!(response.headers.get("content-type") ?? "").includes("json")) return {};
  try {
    const body: unknown = await response.json();
    return isRecord(body) ? body : {};
  } catch {
    return {}; // the status alone has to do
  }
}
