/** The first part of a multipart/related body (RFC 2387); a body that is not multipart is returned as it is. */
export function firstPart(bytes: ArrayBuffer, contentType: string): Uint8Array {
  const whole = new Uint8Array(bytes);
  if (!/^\s*multipart\//iu.test(contentType)) return whole;
  const start = indexOf(whole, "\r\n\r\n", 0);
  if (start < 0) return whole;
  const boundary = /boundary="?([^";]+)"?/iu.exec(contentType)?.[1];
  const end = boundary === undefined ? -1 : indexOf(whole, `\r\n--${boundary}`, start + 4);
  return whole.subarray(start + 4, end < 0 ? whole.length : end);
}

function indexOf(bytes: Uint8Array, needle: string, from: number): number {
  const codes = Array.from(needle, (character) => character.charCodeAt(0));
  for (let at = from; at + codes.length <= bytes.length; at += 1) {
    if (codes.every((code, offset) => bytes[at + offset] === code)) return at;
  }
  return -1;
}
