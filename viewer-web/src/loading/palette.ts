import { numbers } from "../dicomweb/json";
import type { DataSet, Element } from "../model/dataset";

/** The lookup tables of a palette image with their descriptors: red, green, blue (PS3.3 §C.7.6.3). */
const TABLES = [
  { descriptor: "00281101", table: "00281201" },
  { descriptor: "00281102", table: "00281202" },
  { descriptor: "00281103", table: "00281203" },
] as const;

/** Fetches what the metadata only points at. */
export type RetrieveBulk = (address: string) => Promise<Uint8Array>;

/** Turns palettes into plain numbers, which is all that the decoder reads; without it the picture stays black. */
export async function withPalette(data: DataSet, retrieve: RetrieveBulk): Promise<DataSet> {
  const resolved: Record<string, Element> = {};
  for (const { descriptor, table } of TABLES) {
    const element = data[table];
    if (element === undefined || element.Value !== undefined) continue;
    const bytes = await bytesOf(element, retrieve);
    if (bytes !== null) resolved[table] = { vr: "OW", Value: entriesOf(bytes, numbers(data, descriptor)) };
  }
  return Object.keys(resolved).length === 0 ? data : { ...data, ...resolved };
}

async function bytesOf(element: Element, retrieve: RetrieveBulk): Promise<Uint8Array | null> {
  if (element.InlineBinary !== undefined) return Uint8Array.from(atob(element.InlineBinary), (character) => character.charCodeAt(0));
  return element.BulkDataURI === undefined ? null : retrieve(element.BulkDataURI);
}

/** Little endian 16-bit entries, or bytes when only that many came (PS3.3 §C.7.6.3.1.6); a count of 0 means 65536. */
export function entriesOf(bytes: Uint8Array, descriptor: readonly number[]): readonly number[] {
  const count = descriptor[0] === undefined || descriptor[0] === 0 ? 65_536 : descriptor[0];
  if (bytes.length <= count + (count % 2)) return Array.from(bytes.subarray(0, count));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.min(count, Math.floor(bytes.length / 2)) }, (_, index) => view.getUint16(index * 2, true));
}
