/** What is known of the size and the shape of a pixel (PS3.3 §10.7). */
import { items, number, numbers, text } from "../dicomweb/json";
import type { DataSet } from "../model/dataset";
import type { Calibration, UltrasoundRegion } from "../model/displaySet";

const PIXEL_SPACING = "00280030";
const IMAGER_PIXEL_SPACING = "00181164";
const NOMINAL_SCANNED_PIXEL_SPACING = "00182010";
const PIXEL_ASPECT_RATIO = "00280034";
const PROJECTION = new Set(["CR", "DX", "MG", "PX", "RG", "IO", "XA", "RF"]);

/** The distance of rows, then of columns; two numbers above zero or nothing. Zeros are how some writers say that they don't know. */
function pairOf(data: DataSet, tag: string): readonly [number, number] | null {
  const [row, column] = numbers(data, tag);
  return row !== undefined && column !== undefined && row > 0 && column > 0 ? [row, column] : null;
}

/** How high a pixel is for its width (PS3.3 §C.7.6.3.1.7): by its spacing, and without one by Pixel Aspect Ratio. */
function heightPerWidth(data: DataSet): number {
  const [vertical, horizontal] = pairOf(data, IMAGER_PIXEL_SPACING) ?? pairOf(data, NOMINAL_SCANNED_PIXEL_SPACING) ?? pairOf(data, PIXEL_ASPECT_RATIO) ?? [1, 1];
  return vertical / horizontal;
}

/** The data set with a Pixel Spacing that the renderer can draw by: it knows no other, and takes pixels without one for squares. */
export function withShape(data: DataSet): DataSet {
  if (pairOf(data, PIXEL_SPACING) !== null) return data;
  const { [PIXEL_SPACING]: _none, ...rest } = data;
  const height = heightPerWidth(data);
  return height === 1 ? rest : { ...rest, [PIXEL_SPACING]: { vr: "DS", Value: [height, 1] } };
}

/** What a length in the image may claim (PS3.3 §10.7.1.3, §C.8.5.5). */
export function calibrationOf(data: DataSet): Calibration {
  const regions = items(data, "00186011").flatMap(regionOf);
  if (regions.length > 0) return { kind: "regions", regions };
  const spacing = pairOf(data, PIXEL_SPACING);
  const detector = pairOf(data, IMAGER_PIXEL_SPACING);
  const scanned = pairOf(data, NOMINAL_SCANNED_PIXEL_SPACING);
  const magnification = number(data, "00181114");
  if (spacing !== null) {
    const [rowMm, columnMm] = spacing;
    if (isSame(spacing, scanned) && detector === null) return { kind: "scanned", rowMm, columnMm };
    if (!PROJECTION.has(text(data, "00080060") ?? "")) return { kind: "patient", rowMm, columnMm };
    if (!isSame(spacing, detector) && (detector !== null || text(data, "00280A02") !== null)) return { kind: "calibrated", rowMm, columnMm };
    return { kind: "detector", rowMm, columnMm, magnification };
  }
  if (detector !== null) return { kind: "detector", rowMm: detector[0], columnMm: detector[1], magnification };
  if (scanned !== null) return { kind: "scanned", rowMm: scanned[0], columnMm: scanned[1] };
  return { kind: "none", heightPerWidth: heightPerWidth(data) };
}

function isSame(a: readonly [number, number], b: readonly [number, number] | null): boolean {
  return b !== null && Math.abs(a[0] - b[0]) < 1e-6 && Math.abs(a[1] - b[1]) < 1e-6;
}

/** A region whose both axes are in centimetres (unit 3); others measure time or speed. */
function regionOf(region: DataSet): readonly UltrasoundRegion[] {
  const left = number(region, "00186018");
  const top = number(region, "0018601A");
  const right = number(region, "0018601C");
  const bottom = number(region, "0018601E");
  const columnCm = number(region, "0018602C");
  const rowCm = number(region, "0018602E");
  const centimetres = number(region, "00186024") === 3 && number(region, "00186026") === 3;
  if (!centimetres || left === null || top === null || right === null || bottom === null || columnCm === null || rowCm === null) return [];
  return [{ left, top, right, bottom, columnCm: Math.abs(columnCm), rowCm: Math.abs(rowCm) }];
}
