import { number, text } from "../dicomweb/json";
import type { DataSet } from "../model/dataset";
import type { DisplaySet, DocumentSet, Frame, ImageStack, InstanceAddress } from "../model/displaySet";
import type { Series } from "../model/study";
import { framesOf } from "./frames";
import { asOneStack } from "./served";

const CROSS_SECTIONAL = new Set(["CT", "MR", "PT", "NM"]);
const STORAGE = "1.2.840.10008.5.1.4.1.1";
/** Pixel data that is not a picture of its own: segmentations lie over another series. */
const OVERLAYS = new Set([`${STORAGE}.66.4`, `${STORAGE}.66.7`]);

/** A series as what is shown: one stack of its single frames, one for each moving picture, one document each for the rest. */
export function displaySetsOf(series: Series, instances: readonly DataSet[]): readonly DisplaySet[] {
  const single: Frame[] = [];
  const others: DisplaySet[] = [];
  for (const data of instances) {
    const instance = addressOf(series, data);
    if (instance === null) continue;
    if (!isImage(data)) others.push(documentOf(series, instance, data));
    else if ((number(data, "00280008") ?? 1) > 1) others.push(multiframeOf(series, instance, data));
    else single.push(...framesOf(data, instance));
  }
  if (single.length === 0) return others;
  const frames = asOneStack(inReadingOrder(single));
  const stack: ImageStack = { kind: "stack", key: series.seriesInstanceUid, series, frames, frameTimeMs: null, start: startOf(series, frames.length) };
  return [stack, ...others];
}

function addressOf(series: Series, data: DataSet): InstanceAddress | null {
  const sopInstanceUid = text(data, "00080018");
  return sopInstanceUid === null ? null : { studyInstanceUid: series.studyInstanceUid, seriesInstanceUid: series.seriesInstanceUid, sopInstanceUid };
}

function isImage(data: DataSet): boolean {
  const sopClassUid = text(data, "00080016") ?? "";
  const drawable = (number(data, "00280010") ?? 0) > 0 && (number(data, "00280011") ?? 0) > 0 && (number(data, "00280100") ?? 0) >= 8;
  return drawable && !OVERLAYS.has(sopClassUid) && !isVideo(data);
}

/** MPEG-2, MPEG-4 and HEVC streams are played, not decoded frame by frame. */
function isVideo(data: DataSet): boolean {
  const syntax = text(data, "00083002") ?? "";
  return /^1\.2\.840\.10008\.1\.2\.4\.10[0-8]/u.test(syntax);
}

function documentOf(series: Series, instance: InstanceAddress, data: DataSet): DocumentSet {
  const sopClassUid = text(data, "00080016");
  return { kind: "document", key: `${series.seriesInstanceUid}/${instance.sopInstanceUid}`, series, instance, sopClassUid, form: formOf(sopClassUid, data), data };
}

function formOf(sopClassUid: string | null, data: DataSet): DocumentSet["form"] {
  if (isVideo(data)) return "video";
  if (sopClassUid?.startsWith(`${STORAGE}.88.`) === true) return "report";
  if (sopClassUid === `${STORAGE}.104.1`) return "pdf";
  return sopClassUid === `${STORAGE}.104.2` ? "report" : "other";
}

function multiframeOf(series: Series, instance: InstanceAddress, data: DataSet): ImageStack {
  const frames = asOneStack(framesOf(data, instance));
  return { kind: "stack", key: `${series.seriesInstanceUid}/${instance.sopInstanceUid}`, series, frames, frameTimeMs: frameTimeOf(series, data), start: startOf(series, frames.length) };
}

/** The recorded time of a frame, or the usual one for a moving picture that recorded none. */
function frameTimeOf(series: Series, data: DataSet): number | null {
  const recorded = number(data, "00181063");
  if (recorded !== null && recorded > 0) return recorded;
  const rate = number(data, "00180040") ?? number(data, "00082144");
  if (rate !== null && rate > 0) return 1000 / rate;
  return CROSS_SECTIONAL.has(series.modality) ? null : 66;
}

/** Sections begin in the middle, where the organ is; anything else begins at its beginning. */
function startOf(series: Series, count: number): number {
  return CROSS_SECTIONAL.has(series.modality) && count > 4 ? Math.floor(count / 2) : 0;
}

/** By instance number, as the scanner meant it to be read; the order of arrival breaks ties. */
function inReadingOrder(frames: readonly Frame[]): readonly Frame[] {
  return frames.toSorted((a, b) => (a.instanceNumber ?? 0) - (b.instanceNumber ?? 0));
}
