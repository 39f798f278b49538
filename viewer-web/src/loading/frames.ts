import { items, number, numbers, text, texts } from "../dicomweb/json";
import type { DataSet } from "../model/dataset";
import type { Frame, InstanceAddress, RecordedWindow } from "../model/displaySet";
import { calibrationOf, withShape } from "./calibration";
import { planesOf } from "./overlays";
import { fromBitZero } from "./samples";
import { asServed, isServed, layersOver, withWindows } from "./served";
import { shutterOf } from "./shutter";
import { unitOf } from "./units";

const SHARED_GROUPS = "52009229";
const FRAME_GROUPS = "52009230";
const NUMBER_OF_FRAMES = "00280008";
const VOI_LUT_FUNCTION = "00281056";
const MODALITY = "00080060";

/** Every frame of an image, each with its own functional groups (PS3.3 §C.7.6.16) at the top level. */
export function framesOf(data: DataSet, instance: InstanceAddress): readonly Frame[] {
  const count = Math.max(1, Math.min(number(data, NUMBER_OF_FRAMES) ?? 1, 20_000));
  const perFrame = items(data, FRAME_GROUPS);
  const base = { ...withoutGroups(data), ...merged(items(data, SHARED_GROUPS)[0]) };
  return Array.from({ length: count }, (_, index) => frameOf({ ...base, ...merged(perFrame[index]) }, instance, index + 1));
}

function withoutGroups(data: DataSet): DataSet {
  const { [SHARED_GROUPS]: _shared, [FRAME_GROUPS]: _frames, [NUMBER_OF_FRAMES]: _count, ...rest } = data;
  const voi = text(data, VOI_LUT_FUNCTION);
  if (voi === null || voi === "LINEAR" || voi === "LINEAR_EXACT" || voi === "SIGMOID") return rest;
  const { [VOI_LUT_FUNCTION]: _unknown, ...known } = rest; // an unknown function would stop the renderer
  return known;
}

/** The attributes of the macros inside one functional group item. */
function merged(group: DataSet | undefined): DataSet {
  if (group === undefined) return {};
  return Object.assign({}, ...Object.keys(group).map((macro) => items(group, macro)[0] ?? {})) as DataSet;
}

function frameOf(said: DataSet, instance: InstanceAddress, frameNumber: number): Frame {
  const data = withWindows(said);
  const served = isServed(data);
  const layers = { ...planesOf(data, frameNumber), ...shutterOf(data), within: false };
  return {
    instance,
    frameNumber,
    served,
    data: named(withShape(served ? asServed(data) : fromBitZero(data))),
    instanceNumber: number(data, "00200013"),
    sliceLocation: number(data, "00201041"),
    sliceThickness: number(data, "00180050"),
    laterality: text(data, "00200062") ?? text(data, "00200060") ?? text(data, "00209072"),
    acquired: { date: text(data, "00080022") ?? text(data, "00080021") ?? text(data, "00080020"), time: text(data, "00080032") ?? text(data, "00080031") ?? text(data, "00080030") },
    lossy: text(data, "00282110") === "01" ? { ratio: number(data, "00282112") } : null,
    windows: served ? [] : recordedWindows(data),
    patientOrientation: texts(data, "00200020"),
    inSpace: numbers(data, "00200037").length === 6 && numbers(data, "00200032").length === 3,
    calibration: calibrationOf(data),
    layers: served ? layersOver(layers) : layers,
    unit: served ? null : unitOf(data),
  };
}

/** The renderer asks for a modality before it draws anything; what has none is like any other image (PS3.3 §C.7.3.1.1.1). */
function named(data: DataSet): DataSet {
  return text(data, MODALITY) === null ? { ...data, [MODALITY]: { vr: "CS", Value: ["OT"] } } : data;
}

function recordedWindows(data: DataSet): readonly RecordedWindow[] {
  const widths = numbers(data, "00281051");
  const explanations = texts(data, "00281055");
  return numbers(data, "00281050").flatMap((center, index) => {
    const width = widths[index];
    return width === undefined || width <= 0 ? [] : [{ width, center, explanation: explanations[index] ?? null }];
  });
}
