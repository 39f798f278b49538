/** A large frame as a server that compresses offers it: HTJ2K without loss, resolutions in order, by byte ranges. */
import openJph from "@cornerstonejs/codec-openjph/wasmjs";

const RPCL = 2;
const encoded = new Map();

/** The frame of 12 bits in 16, encoded once. */
async function encode(key, pixels, columns, rows) {
  const known = encoded.get(key);
  if (known !== undefined) return known;
  const codec = await openJph();
  const encoder = new codec.HTJ2KEncoder();
  const samples = encoder.getDecodedBuffer({ width: columns, height: rows, bitsPerSample: 12, componentCount: 1, isSigned: false, isUsingColorTransform: false });
  samples.set(pixels);
  encoder.setQuality(true, 0);
  encoder.setProgressionOrder(RPCL);
  encoder.setTLMMarker(true);
  encoder.setTilePartDivisionsAtResolutions(true);
  encoder.encode();
  const bytes = Buffer.from(encoder.getEncodedBuffer());
  encoder.delete();
  encoded.set(key, bytes);
  return bytes;
}

/** Answers with the range that was asked for. */
export async function sendEncoded(request, response, key, pixels, columns, rows) {
  const bytes = await encode(key, pixels, columns, rows);
  const [, from, to] = /^bytes=(\d+)-(\d*)$/u.exec(request.headers.range ?? "") ?? [];
  const last = to === undefined || to === "" ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1);
  const head = { "content-type": "image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202", "accept-ranges": "bytes", etag: '"large"', "cache-control": "no-store" };
  const body = from === undefined ? bytes : bytes.subarray(Number(from), last + 1);
  if (from !== undefined) head["content-range"] = `bytes ${from}-${last}/${bytes.length}`;
  response.writeHead(from === undefined ? 200 : 206, { ...head, "content-length": body.length });
  response.end(body);
}
