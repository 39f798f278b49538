import type { DataSet } from "../model/dataset";
import type { InstanceAddress } from "../model/displaySet";
import type { Series, StudyRow } from "../model/study";
import { seriesOf, studyRowOf } from "./studies";
import { type Http, requestBytes, requestJson, send } from "./http";
import { parseDataSets } from "./json";
import { firstPart } from "./multipart";
import { studyQuery, type StudySearch } from "./query";
import { parseWarnings, type SearchWarning } from "./warnings";

const ROOT = "/dicom-web";
const DICOM_JSON = "application/dicom+json";

/** One page of a search, and what it does not hold. */
export interface StudyPage {
  readonly rows: readonly StudyRow[];
  readonly warnings: readonly SearchWarning[];
}

/** What a rendered document turned out to be. */
export type Rendered =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "html" | "pdf" | "image" | "video"; readonly address: string };

/** Search for Studies (PS3.18 §10.6). */
export async function searchStudies(http: Http, search: StudySearch, signal: AbortSignal): Promise<StudyPage> {
  const answer = await requestJson(http, `${ROOT}/studies?${studyQuery(search)}`, { accept: DICOM_JSON, signal });
  return { rows: parseDataSets(answer.body).flatMap(studyRowOf), warnings: parseWarnings(answer.headers.get("warning")) };
}

/** Search for Series of one study, in reading order. */
export async function searchSeries(http: Http, studyInstanceUid: string, signal: AbortSignal): Promise<readonly Series[]> {
  const fields = "includefield=00080021%2C00080031%2C0008103E%2C00200011%2C00180015%2C00200060";
  const answer = await requestJson(http, `${ROOT}/studies/${studyInstanceUid}/series?${fields}`, { accept: DICOM_JSON, signal });
  const found = parseDataSets(answer.body).flatMap((set) => seriesOf(set, studyInstanceUid));
  return found.toSorted((a, b) => (a.seriesNumber ?? Number.MAX_SAFE_INTEGER) - (b.seriesNumber ?? Number.MAX_SAFE_INTEGER));
}

/** Retrieve Series Metadata (PS3.18 §10.4): one data set an instance. */
export async function retrieveSeriesMetadata(http: Http, studyInstanceUid: string, seriesInstanceUid: string, signal: AbortSignal): Promise<readonly DataSet[]> {
  const answer = await requestJson(http, `${ROOT}/studies/${studyInstanceUid}/series/${seriesInstanceUid}/metadata`, { accept: DICOM_JSON, signal });
  return parseDataSets(answer.body);
}

/** Retrieve Bulkdata (PS3.18 §10.4.1.1.5) from an address that the metadata gave. */
export async function retrieveBulkdata(http: Http, address: string, signal: AbortSignal): Promise<Uint8Array> {
  const { bytes, type } = await requestBytes(http, address, "application/octet-stream, multipart/related; type=\"application/octet-stream\"", signal);
  return firstPart(bytes, type);
}

/** Retrieve Frame (PS3.18 §10.4.1.1.6) as the words that its writer stored, little endian. */
export async function retrieveNativeFrame(http: Http, instance: InstanceAddress, frameNumber: number, signal: AbortSignal): Promise<Uint8Array> {
  const { bytes, type } = await requestBytes(http, frameAddress(instance, frameNumber), 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1', signal);
  return firstPart(bytes, type);
}

/** Retrieve Rendered Instance: what a document looks like, or where to look at it. */
export async function retrieveRendered(http: Http, instance: InstanceAddress, signal: AbortSignal): Promise<Rendered> {
  const address = renderedAddress(instance);
  const response = await send(http, address, { headers: { accept: "text/html, application/pdf, text/plain;q=0.9, video/mp4;q=0.8, image/jpeg;q=0.5" }, signal });
  const type = (response.headers.get("content-type") ?? "").toLowerCase();
  if (type.startsWith("text/plain")) return { kind: "text", text: await response.text() };
  await response.body?.cancel();
  // A page asks for HTML first, which is a page that leads to the PDF; the parameter asks for the PDF itself.
  if (type.startsWith("application/pdf")) return { kind: "pdf", address: `${address}?accept=application%2Fpdf` };
  if (type.startsWith("video/")) return { kind: "video", address };
  return { kind: type.startsWith("image/") ? "image" : "html", address };
}

/** The address of an instance as its decoder asks for it; the frame counts from 1. */
export function frameAddress(instance: InstanceAddress, frameNumber: number): string {
  return `${instancePath(instance)}/frames/${frameNumber}`;
}

/** The address of a frame as the service draws it (Retrieve Rendered Frames), as good as JPEG gets. */
export function drawnFrameAddress(instance: InstanceAddress, frameNumber: number): string {
  return `${frameAddress(instance, frameNumber)}/rendered?accept=image%2Fjpeg&quality=100`;
}

/** The address of a small picture of a series. */
export function thumbnailAddress(studyInstanceUid: string, seriesInstanceUid: string): string {
  return `${ROOT}/studies/${studyInstanceUid}/series/${seriesInstanceUid}/thumbnail?viewport=160%2C160`;
}

/** The address of a small picture of one instance. */
export function instanceThumbnailAddress(instance: InstanceAddress): string {
  return `${instancePath(instance)}/thumbnail?viewport=192%2C192`;
}

/** The address of an instance in a form that a browser shows. */
export function renderedAddress(instance: InstanceAddress): string {
  return `${instancePath(instance)}/rendered`;
}

function instancePath(at: InstanceAddress): string {
  return `${ROOT}/studies/${at.studyInstanceUid}/series/${at.seriesInstanceUid}/instances/${at.sopInstanceUid}`;
}
