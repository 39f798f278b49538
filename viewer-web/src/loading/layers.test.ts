import { expect, test } from "vitest";
import { parseDataSet } from "../dicomweb/json";
import type { DataSet } from "../model/dataset";
import { calibrationOf, withShape } from "./calibration";
import { fromWords, planesOf, unpacked } from "./overlays";
import { createPlanes } from "./planes";
import { framesOf } from "./frames";
import { shutterOf } from "./shutter";
import { unitOf } from "./units";

const us = (...Value: unknown[]): { vr: string; Value: unknown[] } => ({ vr: "US", Value });
const image = (more: Record<string, unknown> = {}): DataSet => parseDataSet({ "00280002": us(1), "00280010": us(2), "00280011": us(4), "00280100": us(16), "00280101": us(12), "00280102": us(11), ...more });
const plane = { "60000010": us(2), "60000011": us(3), "60000050": { vr: "SS", Value: [1, 1] }, "60000040": us("G"), "60000100": us(1), "60000102": us(0) };
const inline = (...bytes: number[]): unknown => ({ vr: "OW", InlineBinary: btoa(String.fromCharCode(...bytes)) });
const instance = { studyInstanceUid: "1", seriesInstanceUid: "1.1", sopInstanceUid: "a" };

test("an overlay's bits are in the order of its rows, the first in the lowest bit of the first byte", () => {
  const { planes, unreadablePlanes } = planesOf(image({ ...plane, "60000050": { vr: "SS", Value: [-1, 3] }, "60000040": us("R"), "60003000": inline(0b0010_0101, 0) }), 1);
  expect(unreadablePlanes).toBe(0);
  // Overlay Origin (60xx,0050) is row and column, and 1\1 is the first pixel.
  expect(planes).toMatchObject([{ group: "6000", rows: 2, columns: 3, left: 2, top: -2, type: "region", index: 0 }]);
  expect([...(planes[0] === undefined ? [] : (unpacked(planes[0], Uint8Array.of(0b0010_0101, 0))?.bits ?? []))]).toEqual([1, 0, 1, 0, 0, 1]);
});

test("the planes of a multi-frame overlay begin at its frame, without padding between them", () => {
  const data = image({ ...plane, "60000015": us(2), "60000051": us(3), "60003000": inline(0, 0) });
  const [before, , second, after] = [2, 3, 4, 5].map((frame) => planesOf(data, frame).planes[0]);
  expect([before, after]).toEqual([undefined, undefined]);
  expect(second?.index).toBe(1);
  // Twelve bits: the second plane is bits 6 to 11.
  expect([...((second === undefined ? null : unpacked(second, Uint8Array.of(0b0100_0000, 0b0000_1000)))?.bits ?? [])]).toEqual([1, 0, 0, 0, 0, 1]);
  expect(second === undefined ? 0 : unpacked(second, Uint8Array.of(0))).toBeNull();
});

test("a plane in the free bits of the pixel data is read where the words are the writer's, and is missing where they are not", () => {
  const embedded = { "60020010": us(2), "60020011": us(4), "60020100": us(16), "60020102": us(12) };
  const { planes } = planesOf(image({ ...embedded, "00083002": us("1.2.840.10008.1.2.1") }), 1);
  expect(planes).toMatchObject([{ group: "6002", source: { kind: "embedded", bit: 12 } }]);
  const words = [0x1fff, 0x0fff, 0, 0x1000, 0xefff, 0, 0, 0xf000].flatMap((word) => [word & 255, word >> 8]);
  expect([...((planes[0] === undefined ? null : fromWords(planes[0], 12, Uint8Array.from(words)))?.bits ?? [])]).toEqual([1, 0, 0, 1, 0, 0, 0, 1]);
  const missing = { planes: [], unreadablePlanes: 1 };
  expect(planesOf(image({ ...embedded, "00083002": us("1.2.840.10008.1.2.4.70") }), 1)).toEqual(missing);
  expect(planesOf(image({ ...embedded, "60020102": us(5), "00083002": us("1.2.840.10008.1.2.1") }), 1)).toEqual(missing); // a bit of the sample
  expect(planesOf(image({ ...plane }), 1)).toEqual(missing); // no data
  expect(planesOf(image(), 1)).toEqual({ planes: [], unreadablePlanes: 0 });
});

test("planes come from the metadata or from where it points, once for all frames, and one that fails is missing", async () => {
  const asked: string[] = [];
  const http = { fetch: (async (path: string) => {
    asked.push(path);
    return path === "/fails" ? new Response("", { status: 500 }) : new Response(Uint8Array.of(1, 0));
  }) as typeof fetch };
  const data = image({ "00280008": us(2), ...plane, "60003000": { vr: "OW", BulkDataURI: "/plane" }, "60020010": us(2), "60020011": us(3), "60023000": { vr: "OW", BulkDataURI: "/fails" }, "60040010": us(1), "60040011": us(1), "60043000": inline(1) });
  const frames = framesOf(data, instance);
  const planes = createPlanes(http);
  const [first, second] = await Promise.all(frames.map((frame) => planes.of(frame, new AbortController().signal)));
  expect(first?.map((bits) => (bits === null ? null : bits.bits[0]))).toEqual([1, null, 1]);
  expect(second?.length).toBe(3);
  expect(asked.filter((path) => path === "/plane")).toHaveLength(1);
});

const shutterIn = (more: Record<string, unknown>): ReturnType<typeof shutterOf> => shutterOf(parseDataSet(more));

test("a shutter's rows and columns count from 1, and a shape without its numbers is told", () => {
  const rectangle = { "00181600": us("RECTANGULAR", "CIRCULAR"), "00181602": us(11), "00181604": us(20), "00181606": us(5), "00181608": us(8), "00181610": us(7, 9), "00181612": us(3), "00181622": us(65_535) };
  expect(shutterIn(rectangle)).toEqual({ unreadableShutter: false, shutter: { level: 255, shapes: [{ kind: "rectangle", left: 10, right: 19, upper: 4, lower: 7 }, { kind: "circle", x: 8, y: 6, radius: 3 }] } });
  // Vertices are pairs of row and column.
  expect(shutterIn({ "00181600": us("POLYGONAL"), "00181620": us(1, 2, 3, 4, 5, 6) }).shutter?.shapes).toEqual([{ kind: "polygon", corners: [[1, 0], [3, 2], [5, 4]] }]);
  expect(shutterIn({ "00181600": us("RECTANGULAR"), "00181602": us(11) })).toEqual({ shutter: null, unreadableShutter: true });
  expect(shutterIn({})).toEqual({ shutter: null, unreadableShutter: false });
});

const sq = (...Value: unknown[]): unknown => ({ vr: "SQ", Value });
const ownShutter = (left: number): unknown => ({ "00189472": sq({ "00181600": us("RECTANGULAR"), "00181602": us(left), "00181604": us(4), "00181606": us(1), "00181608": us(2) }) });

test("the shutter of a frame is its own", () => {
  const frames = framesOf(image({ "00280008": us(2), "52009230": sq(ownShutter(1), ownShutter(3)) }), instance);
  expect(frames.map(({ layers }) => layers.shutter?.shapes[0])).toMatchObject([{ left: 0 }, { left: 2 }]);
});

const spacingOf = (more: Record<string, unknown>): unknown => withShape(image(more))["00280030"]?.Value;

test("pixels have the shape that the image gives them, and no spacing that is none", () => {
  expect(spacingOf({ "00280034": us(2, 1) })).toEqual([2, 1]);
  expect(spacingOf({ "00280034": us("3", "4") })).toEqual([0.75, 1]);
  expect(spacingOf({ "00280030": us(0, 0), "00280034": us(2, 1) })).toEqual([2, 1]);
  expect(spacingOf({ "00280030": us(0, 0) })).toBeUndefined();
  expect(spacingOf({ "00280030": us(0.5, 0.5), "00280034": us(2, 1) })).toEqual([0.5, 0.5]);
  expect(spacingOf({ "00181164": us(0.2, 0.1) })).toEqual([2, 1]);
  expect(spacingOf({ "00280034": us(0, 1) })).toBeUndefined();
});

const calibrationIn = (more: Record<string, unknown>): unknown => calibrationOf(parseDataSet(more));

test("a length says what it rests on: detector, scanned film, or only the shape of pixels", () => {
  expect(calibrationIn({ "00280030": us(0, 0) })).toEqual({ kind: "none", heightPerWidth: 1 });
  expect(calibrationIn({ "00280030": us(0, 0), "00280034": us(2, 1) })).toEqual({ kind: "none", heightPerWidth: 2 });
  expect(calibrationIn({ "00182010": us(0.1, 0.1) })).toMatchObject({ kind: "scanned", rowMm: 0.1 });
  expect(calibrationIn({ "00182010": us(0.1, 0.1), "00280030": us(0.1, 0.1) })).toMatchObject({ kind: "scanned" });
  expect(calibrationIn({ "00182010": us(0.1, 0.1), "00280030": us(0.2, 0.2) })).toMatchObject({ kind: "patient", rowMm: 0.2 });
  expect(calibrationIn({ "00181164": us(0.3, 0.3) })).toMatchObject({ kind: "detector", rowMm: 0.3 });
});

const unitIn = (modality: string, more: Record<string, unknown> = {}): string | null => unitOf(parseDataSet({ "00080060": us(modality), ...more }));

test("values have the unit that the image gives them, and none that it does not", () => {
  expect(unitIn("CT", { "00281053": us(1) })).toBe("HU");
  expect(unitIn("CT", { "00281053": us(1), "00281054": us("US") })).toBeNull();
  expect(unitIn("CT", { "00281054": us("HU_MOD") })).toBe("HU_MOD");
  expect(unitIn("MR", { "00281053": us(1) })).toBeNull();
  expect([unitIn("PT", { "00541001": us("BQML") }), unitIn("PT", { "00541001": us("GML") }), unitIn("PT", { "00541001": us("GML"), "00541006": us("LBM") }), unitIn("PT")]).toEqual(["Bq/mL", "SUV bw", "SUV lbm", null]);
});

test("what the service drew into a picture is neither drawn again nor offered to be lifted", () => {
  const shutter = { "00181600": us("RECTANGULAR"), "00181602": us(1), "00181604": us(2), "00181606": us(1), "00181608": us(2) };
  const region = { "60020010": us(2), "60020011": us(3), "60020040": us("R"), "60023000": inline(1) };
  const layersOf = (more: Record<string, unknown>): unknown => framesOf(image({ ...plane, "60003000": inline(1), ...region, ...shutter, ...more }), instance)[0]?.layers;
  expect(layersOf({})).toMatchObject({ planes: [{ group: "6000" }, { group: "6002" }], shutter: { level: 0 }, within: false });
  expect(layersOf({ "00280100": us(32) })).toMatchObject({ planes: [{ group: "6002" }], shutter: null, within: true });
});
