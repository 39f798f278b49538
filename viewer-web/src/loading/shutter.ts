/** The display shutter of an image (PS3.3 §C.7.6.11), or of its frame, whose functional groups are merged already (§C.7.6.16.2.16). */
import { number, numbers, texts } from "../dicomweb/json";
import type { DataSet } from "../model/dataset";
import type { Shutter, ShutterShape } from "../model/layers";

/** A polygon has no more corners. */
const MOST_CORNERS = 10_000;

/** The shutter; none where the image has none, and unreadable where one of its shapes lacks what describes it. */
export function shutterOf(data: DataSet): { readonly shutter: Shutter | null; readonly unreadableShutter: boolean } {
  const terms = texts(data, "00181600");
  const shapes = terms.map((term) => shapeOf(term, data));
  const readable = shapes.filter((shape) => shape !== null);
  // Shutter Presentation Value: a P-value of 16 bits, black where it is absent.
  const level = Math.round(Math.min(65_535, Math.max(0, number(data, "00181622") ?? 0)) / 257);
  return { shutter: readable.length === 0 ? null : { shapes: readable, level }, unreadableShutter: readable.length < terms.length };
}

/** Rows and columns are counted from 1. */
function shapeOf(term: string, data: DataSet): ShutterShape | null {
  if (term === "RECTANGULAR") {
    const [left, right, upper, lower] = ["00181602", "00181604", "00181606", "00181608"].map((tag) => number(data, tag));
    if (left == null || right == null || upper == null || lower == null) return null;
    return { kind: "rectangle", left: left - 1, right: right - 1, upper: upper - 1, lower: lower - 1 };
  }
  if (term === "CIRCULAR") {
    const [row, column] = numbers(data, "00181610");
    const radius = number(data, "00181612");
    return row === undefined || column === undefined || radius === null || radius < 0 ? null : { kind: "circle", x: column - 1, y: row - 1, radius };
  }
  if (term !== "POLYGONAL") return null;
  const vertices = numbers(data, "00181620");
  if (vertices.length < 6 || vertices.length > 2 * MOST_CORNERS) return null;
  return { kind: "polygon", corners: Array.from({ length: vertices.length >> 1 }, (_, at) => [(vertices[2 * at + 1] ?? 1) - 1, (vertices[2 * at] ?? 1) - 1] as const) };
}
