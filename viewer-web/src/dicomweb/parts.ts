import { ServiceError } from "./errors";
import { type Http, send } from "./http";

/** So many bytes of a large frame are asked for first: with resolutions in order, they hold a picture of the whole at less detail. */
export const FIRST_BYTES = 65_536;

/** HTJ2K without loss, resolutions in order (PS3.5 §10.18), or at least HTJ2K. */
const ACCEPT = "image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202, image/jphc; q=0.9";
/** What somebody looks at (RFC 9218). */
export const VISIBLE = "u=1, i";
/** What may be looked at next. */
export const AHEAD = "u=6, i";

/** An encoded frame, or the beginning of one. */
export interface EncodedFrame {
  readonly bytes: Uint8Array;
  readonly transferSyntaxUid: string;
}

/** A frame that comes in two parts. */
export interface FrameInParts {
  /** Its beginning; null when all of it came at once. */
  readonly first: EncodedFrame | null;
  /** All of it. */
  readonly whole: () => Promise<EncodedFrame>;
}

/** Retrieve Frame (PS3.18 §10.4.1.1.6) as a beginning and the rest, by byte ranges (RFC 9110 §14). A frame that can't be had so is a failure. */
export async function retrieveInParts(http: Http, address: string, priority: string): Promise<FrameInParts> {
  const response = await send(http, address, { headers: { accept: ACCEPT, range: `bytes=0-${FIRST_BYTES - 1}`, priority } });
  const transferSyntaxUid = syntaxOf(response);
  const first = { bytes: new Uint8Array(await response.arrayBuffer()), transferSyntaxUid };
  const range = rangeOf(response);
  if (response.status === 200 || (range !== null && range.total === first.bytes.length)) return { first: null, whole: () => Promise.resolve(first) };
  const tag = response.headers.get("etag");
  // Without a strong tag nothing proves that the rest is of the same frame.
  if (range === null || range.from !== 0 || tag === null || tag.startsWith("W/")) throw new ServiceError("malformed", { status: response.status });
  return { first, whole: () => rest(http, address, first, range.total, tag, priority) };
}

async function rest(http: Http, address: string, first: EncodedFrame, total: number, tag: string, priority: string): Promise<EncodedFrame> {
  const from = first.bytes.length;
  const response = await send(http, address, { headers: { accept: ACCEPT, range: `bytes=${from}-`, "if-range": tag, priority } });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.status === 200) return { bytes, transferSyntaxUid: syntaxOf(response) }; // it changed meanwhile, and is all there
  if (rangeOf(response)?.from !== from || from + bytes.length !== total) throw new ServiceError("malformed", { status: response.status });
  const whole = new Uint8Array(total);
  whole.set(first.bytes, 0);
  whole.set(bytes, from);
  return { bytes: whole, transferSyntaxUid: first.transferSyntaxUid };
}

function syntaxOf(response: Response): string {
  const type = response.headers.get("content-type") ?? "";
  const syntax = /^image\/jphc\s*;\s*transfer-syntax="?([0-9.]+)/iu.exec(type)?.[1];
  if (syntax === undefined) throw new ServiceError("malformed", { status: response.status });
  return syntax;
}

function rangeOf(response: Response): { readonly from: number; readonly total: number } | null {
  const found = /^bytes (\d+)-\d+\/(\d+)$/u.exec(response.headers.get("content-range") ?? "");
  return response.status === 206 && found !== null ? { from: Number(found[1]), total: Number(found[2]) } : null;
}
