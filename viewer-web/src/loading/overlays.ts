/** Overlay planes of an image: which there are for a frame, and their bits (PS3.3 §C.9.2, §C.9.3; PS3.5 §8.1.2). */
import { number, numbers, text } from "../dicomweb/json";
import type { DataSet } from "../model/dataset";
import type { OverlayPlane, PlaneBits, PlaneSource } from "../model/layers";

const GROUP = /^60([01][02468ACE])(?:3000|0010|0102)$/u;
/** No plane is larger; what says so is broken. */
const MOST_BITS = 100_000_000;
/** Pixel data whose words are as the writer made them: in others, the bits beside the sample are not what they were. */
const NATIVE = new Set(["", ".1", ".2", ".1.99"].map((end) => `1.2.840.10008.1.2${end}`));

/** The planes for a frame, and how many more there are that can't be drawn. */
export function planesOf(data: DataSet, frameNumber: number): { readonly planes: readonly OverlayPlane[]; readonly unreadablePlanes: number } {
  const groups = new Set(Object.keys(data).flatMap((tag) => GROUP.exec(tag)?.[1] ?? []));
  const read = [...groups].toSorted().map((group) => planeOf(data, `60${group}`, frameNumber));
  return { planes: read.flatMap((plane) => (typeof plane === "object" ? [plane] : [])), unreadablePlanes: read.filter((plane) => plane === "unreadable").length };
}

/** The plane of a group; "other" when its planes are those of other frames. */
function planeOf(data: DataSet, group: string, frameNumber: number): OverlayPlane | "other" | "unreadable" {
  const [rows, columns] = [number(data, `${group}0010`) ?? 0, number(data, `${group}0011`) ?? 0];
  const source = sourceOf(data, group);
  if (source === null || !isSide(rows) || !isSide(columns) || rows * columns > MOST_BITS) return "unreadable";
  if (source.kind === "embedded" && (rows !== number(data, "00280010") || columns !== number(data, "00280011"))) return "unreadable";
  const planes = Math.max(1, number(data, `${group}0015`) ?? 1);
  // One plane is for every frame, as is one in the words of the frame itself.
  const index = planes === 1 || source.kind === "embedded" ? 0 : frameNumber - (number(data, `${group}0051`) ?? 1);
  if (index < 0 || index >= planes) return "other";
  const [top = 1, left = 1] = numbers(data, `${group}0050`);
  return { group, rows, columns, left: left - 1, top: top - 1, type: text(data, `${group}0040`) === "R" ? "region" : "graphics", source, index };
}

const isSide = (side: number): boolean => Number.isInteger(side) && side >= 1 && side <= 65_535;

function sourceOf(data: DataSet, group: string): PlaneSource | null {
  const element = data[`${group}3000`];
  if (element?.InlineBinary !== undefined) return { kind: "inline", base64: element.InlineBinary };
  if (element?.BulkDataURI !== undefined) return { kind: "bulk", address: element.BulkDataURI };
  const bit = number(data, `${group}0102`) ?? 0;
  const words = number(data, "00280100") === 16 && (number(data, "00280002") ?? 1) === 1;
  const isFree = bit > (number(data, "00280102") ?? 15) || bit <= (number(data, "00280102") ?? 0) - (number(data, "00280101") ?? 16);
  return words && isFree && bit >= 0 && bit < 16 && NATIVE.has(text(data, "00083002") ?? "") ? { kind: "embedded", bit } : null;
}

/** The bits of a plane from its data: eight to a byte, the first in the lowest bit. Null where the data is too short for it. */
export function unpacked(plane: OverlayPlane, bytes: Uint8Array): PlaneBits | null {
  const size = plane.rows * plane.columns;
  const start = size * plane.index;
  if (bytes.length * 8 < start + size) return null;
  const bits = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) {
    const bit = start + at;
    bits[at] = ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1;
  }
  return { rows: plane.rows, columns: plane.columns, bits };
}

/** The bits of a plane from the little endian words of a frame's pixel data. */
export function fromWords(plane: OverlayPlane, bit: number, frame: Uint8Array): PlaneBits | null {
  const size = plane.rows * plane.columns;
  if (frame.length < size * 2) return null;
  const bits = new Uint8Array(size);
  const [byte, shift] = [bit >> 3, bit & 7];
  for (let at = 0; at < size; at += 1) bits[at] = ((frame[at * 2 + byte] ?? 0) >> shift) & 1;
  return { rows: plane.rows, columns: plane.columns, bits };
}
