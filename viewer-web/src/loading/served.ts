/** Pictures that the renderer in the page would draw wrongly, and never say so: the service draws those. */
import { number, numbers, text } from "../dicomweb/json";
import type { DataSet, Element } from "../model/dataset";
import type { Frame } from "../model/displaySet";
import type { Layers } from "../model/layers";

const PHOTOMETRIC_INTERPRETATION = "00280004";
const MODALITY_LUT = "00283000";
const VOI_LUT = "00283010";
const SEGMENTED_RED_PALETTE = "00281221";
/** Tables that are blended with one another (PS3.3 §C.7.6.23): the service says that it does not draw them. */
const ENHANCED_PALETTE = "0028140B";

/** Compressions whose decoder gives red, green and blue for YBR_FULL_422: baseline and extended JPEG, JPEG 2000 and HTJ2K. */
const DECODED_TO_RGB = new Set(["50", "51", "90", "91", "92", "93", "201", "202", "203"].map((end) => `1.2.840.10008.1.2.4.${end}`));
/** Colour with halved planes or of old kinds (PS3.3 §C.7.6.3.1.2). */
const HALVED = new Set(["YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420"]);

/** The shortest linear window that the renderer draws. */
const SHORTEST = 1.01;

/** Whether a picture is right only as the service draws it: the renderer here takes its samples for something else. */
export function isServed(data: DataSet): boolean {
  const photometric = text(data, PHOTOMETRIC_INTERPRETATION) ?? "";
  const allocated = number(data, "00280100") ?? 0;
  const color = (number(data, "00280002") ?? 1) > 1;
  if ([MODALITY_LUT, SEGMENTED_RED_PALETTE, ENHANCED_PALETTE].some((tag) => data[tag] !== undefined)) return true;
  if (HALVED.has(photometric) && !DECODED_TO_RGB.has(text(data, "00083002") ?? "")) return true;
  if (color ? allocated > 8 : allocated > 16) return true;
  if (allocated === 8 && number(data, "00280103") === 1) return true;
  // What lies beside an index would be part of it.
  if (photometric === "PALETTE COLOR" && (number(data, "00280101") ?? allocated) < allocated) return true;
  return photometric.startsWith("MONOCHROME") && (isSupplemented(data) || isGreyOfOtherSteps(data, photometric));
}

/** Grey whose highest values have colours, by a Supplemental Palette Color Lookup Table (PS3.3 §C.8.16.2.1.1.1). */
const isSupplemented = (data: DataSet): boolean => text(data, "00089205") === "COLOR" && data["00281101"] !== undefined;

/** Grey whose way to the screen has a step that the renderer leaves out (PS3.3 §C.11.1, §C.11.2, §C.7.5.1.1.2, §C.11.6). */
function isGreyOfOtherSteps(data: DataSet, photometric: string): boolean {
  const hasWindow = data["00281050"] !== undefined;
  if ((number(data, "00281053") ?? 1) < 0) return true;
  if (!hasWindow && (data[VOI_LUT] !== undefined || data["00280120"] !== undefined)) return true;
  return photometric === "MONOCHROME2" && text(data, "20500020") === "INVERSE";
}

/** What such a picture is when it comes: eight bits of grey or of red, green and blue, with every table and window applied. */
export function asServed(data: DataSet): DataSet {
  const colored = (number(data, "00280002") ?? 1) > 1 || text(data, PHOTOMETRIC_INTERPRETATION) === "PALETTE COLOR" || isSupplemented(data);
  const { [MODALITY_LUT]: _lut, [VOI_LUT]: _voi, "00281052": _intercept, "00281053": _slope, "00281056": _function, "00281055": _explanation, "00280120": _padding, ...rest } = data;
  return {
    ...rest,
    [PHOTOMETRIC_INTERPRETATION]: one("CS", colored ? "RGB" : "MONOCHROME2"),
    "00280002": one("US", colored ? 3 : 1),
    "00280006": one("US", 0),
    "00280100": one("US", 8),
    "00280101": one("US", 8),
    "00280102": one("US", 7),
    "00280103": one("US", 0),
    "00281050": one("DS", 128),
    "00281051": one("DS", 256),
  };
}

/** What is left to draw over such a picture: its shutter and its graphic overlays, but for those in the words of the pixel data, came with it. */
export function layersOver(layers: Layers): Layers {
  const planes = layers.planes.filter(({ type, source }) => type === "region" || source.kind === "embedded");
  return { ...layers, planes, shutter: null, within: layers.within || layers.shutter !== null || planes.length < layers.planes.length };
}

const polarity = ({ data }: Frame): string => text(data, PHOTOMETRIC_INTERPRETATION) ?? "";
const kind = ({ data }: Frame): string => text(data, "00281056") ?? "LINEAR";

/** The frames of one stack. The renderer keeps the polarity and the kind of window that the picture before had: where a stack has both, the service draws the rarer. */
export function asOneStack(frames: readonly Frame[]): readonly Frame[] {
  const grey = new Set(frames.filter((frame) => !frame.served && polarity(frame).startsWith("MONOCHROME")));
  const isMixed = (of: (frame: Frame) => string): boolean => new Set([...grey].map(of)).size > 1;
  const [polarities, kinds] = [isMixed(polarity), isMixed(kind)];
  if (!polarities && !kinds) return frames;
  const isOther = (frame: Frame): boolean => grey.has(frame) && ((polarities && polarity(frame) === "MONOCHROME1") || (kinds && kind(frame) !== "LINEAR"));
  return frames.map((frame) => (isOther(frame) ? { ...frame, served: true, windows: [], data: asServed(frame.data), layers: layersOver(frame.layers) } : frame));
}

/** Windows that are none (PS3.3 §C.11.2.1.2) left out: a width below 1, or of the exact functions none at all, would turn a picture round or make it black. */
export function withWindows(data: DataSet): DataSet {
  const [centers, widths] = [numbers(data, "00281050"), numbers(data, "00281051")];
  if (centers.length === 0 && widths.length === 0) return data;
  const exact = ["LINEAR_EXACT", "SIGMOID"].includes(text(data, "00281056") ?? "");
  const pairs = centers.flatMap((center, index) => {
    const width = widths[index] ?? 0;
    // A linear width of 1 parts black from white and has no length, which the renderer divides by.
    return (exact ? width > 0 : width >= 1) ? [[center, exact ? width : Math.max(width, SHORTEST)] as const] : [];
  });
  const { "00281050": _centers, "00281051": _widths, ...rest } = data;
  if (pairs.length === 0) return rest;
  return { ...rest, "00281050": { vr: "DS", Value: pairs.map(([center]) => center) }, "00281051": { vr: "DS", Value: pairs.map(([, width]) => width) } };
}

function one(vr: string, value: string | number): Element {
  return { vr, Value: [value] };
}
