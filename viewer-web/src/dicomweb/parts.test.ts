import { expect, test } from "vitest";
import { FIRST_BYTES, retrieveInParts, VISIBLE } from "./parts";

const TYPE = "image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202";
const frame = Uint8Array.from({ length: FIRST_BYTES + 9_000 }, (_, at) => at % 251);

const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;

/** A server of one frame; `change` makes the answer to one request another. */
function serving(bytes: Uint8Array, change: (range: string, headers: Headers) => Response | null = () => null): { http: { fetch: typeof fetch }; asked: Headers[] } {
  const asked: Headers[] = [];
  const answer = (_: unknown, init?: RequestInit): Promise<Response> => {
    const headers = new Headers(init?.headers);
    asked.push(headers);
    const range = headers.get("range") ?? "";
    const [from = 0, to = bytes.length - 1] = range.replace("bytes=", "").split("-").flatMap((it) => (it === "" ? [] : [Number(it)]));
    const part = bytes.slice(from, to + 1);
    const head = { "content-type": TYPE, etag: '"e"', "content-range": `bytes ${from}-${from + part.length - 1}/${bytes.length}` };
    return Promise.resolve(change(range, headers) ?? new Response(part, { status: 206, headers: head }));
  };
  return { http: { fetch: answer as typeof fetch }, asked };
}

test("a large frame comes as its beginning and the rest, which is asked for of the same version only", async () => {
  const { http, asked } = serving(frame);
  const { first, whole } = await retrieveInParts(http, "/frames/1", VISIBLE);
  expect(same(first?.bytes, frame.subarray(0, FIRST_BYTES))).toBe(true);
  expect(asked).toHaveLength(1);
  const all = await whole();
  expect([same(all.bytes, frame), all.transferSyntaxUid]).toEqual([true, "1.2.840.10008.1.2.4.202"]);
  expect(asked[1]?.get("range")).toBe(`bytes=${FIRST_BYTES}-`);
  expect([asked[1]?.get("if-range"), asked[1]?.get("priority")]).toEqual(['"e"', "u=1, i"]);
});

test("a server without ranges, and a frame that is short, give all at once", async () => {
  const all = serving(frame, () => new Response(frame, { headers: { "content-type": TYPE } }));
  const answered = await retrieveInParts(all.http, "/frames/1", VISIBLE);
  expect(answered.first).toBeNull();
  expect(same((await answered.whole()).bytes, frame)).toBe(true);
  const short = await retrieveInParts(serving(frame.subarray(0, 100)).http, "/frames/1", VISIBLE);
  expect(short.first).toBeNull();
});

test("a frame that changed between its parts is taken as it is now, never joined of two", async () => {
  const other = frame.map((value) => 255 - value);
  const { http } = serving(frame, (range) => (range.startsWith("bytes=0-") ? null : new Response(other, { headers: { "content-type": TYPE } })));
  expect(same((await (await retrieveInParts(http, "/frames/1", VISIBLE)).whole()).bytes, other)).toBe(true);
});

test("what is no part of the frame is a failure", async () => {
  const refused = serving(frame, () => new Response("", { status: 406 }));
  await expect(retrieveInParts(refused.http, "/frames/1", VISIBLE)).rejects.toMatchObject({ status: 406 });
  const otherType = serving(frame, () => new Response(frame, { headers: { "content-type": "application/octet-stream" } }));
  await expect(retrieveInParts(otherType.http, "/frames/1", VISIBLE)).rejects.toMatchObject({ trouble: "malformed" });
  const untagged = serving(frame, () => new Response(frame.slice(0, 10), { status: 206, headers: { "content-type": TYPE, "content-range": "bytes 0-9/900" } }));
  await expect(retrieveInParts(untagged.http, "/frames/1", VISIBLE)).rejects.toMatchObject({ trouble: "malformed" });
  const cut = serving(frame, (range) => (range.startsWith("bytes=0-") ? null : new Response(frame.slice(FIRST_BYTES, -1), { status: 206, headers: { "content-type": TYPE, "content-range": `bytes ${FIRST_BYTES}-${frame.length - 2}/${frame.length}` } })));
  await expect((await retrieveInParts(cut.http, "/frames/1", VISIBLE)).whole()).rejects.toMatchObject({ trouble: "malformed" });
});
