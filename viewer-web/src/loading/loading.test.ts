import { expect, test } from "vitest";
import { parseDataSet } from "../dicomweb/json";
import type { DataSet } from "../model/dataset";
import type { Frame, ImageStack } from "../model/displaySet";
import type { Series } from "../model/study";
import { displaySetsOf } from "./displaySets";
import { calibrationOf } from "./calibration";
import { framesOf } from "./frames";
import { prefetchOrder } from "./order";
import { entriesOf, withPalette } from "./palette";
import { createPrefetcher } from "./prefetcher";
import { asOneStack, isServed, withWindows } from "./served";

const series: Series = { studyInstanceUid: "1", seriesInstanceUid: "1.1", modality: "CT", seriesNumber: 1, description: null, numberOfInstances: null };
const ds = (...Value: unknown[]): { vr: string; Value: unknown[] } => ({ vr: "DS", Value });
const sq = (...Value: unknown[]): unknown => ({ vr: "SQ", Value });
const picture = (uid: string, number: number, more: Record<string, unknown> = {}): DataSet =>
  parseDataSet({ "00080018": ds(uid), "00200013": ds(number), "00280010": ds(4), "00280011": ds(4), "00280100": ds(16), ...more });

test("a stack is fetched from the picture in view, its middle and ends, then outward, each once", () => {
  expect(prefetchOrder(7, 3)).toEqual([3, 0, 6, 4, 2, 5, 1]);
  expect(prefetchOrder(1, 0)).toEqual([0]);
  expect(prefetchOrder(5, 0)).toEqual([0, 2, 4, 1, 3]);
});

test("a prefetcher is fair between its owners, keeps to its limit, and forgets what was cancelled", async () => {
  const started: string[] = [];
  const releases: (() => void)[] = [];
  const load = (key: string): Promise<void> => {
    started.push(key);
    return new Promise((resolve) => releases.push(resolve));
  };
  const prefetcher = createPrefetcher(load, 2);
  prefetcher.request("a", ["a0", "a1", "a2", "a3"], 0, 3);
  prefetcher.request("b", ["b0", "b1"], 0, 9);
  expect(started).toEqual(["a0", "a2"]);
  const finish = async (): Promise<void> => {
    releases.shift()?.();
    await Promise.resolve();
    await Promise.resolve();
  };
  await finish();
  expect(started.slice(2)).toEqual(["a3"]);
  await finish();
  expect(started.slice(3)).toEqual(["b0"]);
  prefetcher.cancel("b");
  await finish();
  await finish();
  expect(started).toHaveLength(4);
});

test("a failed prefetch does not stop the rest", async () => {
  const started: string[] = [];
  const prefetcher = createPrefetcher((key) => {
    started.push(key);
    return Promise.reject(new Error("failed"));
  }, 1);
  prefetcher.request("a", ["0", "1", "2"], 0, 3);
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(started).toHaveLength(3);
});

test("single frames make one stack by instance number, a moving picture and a report stand for themselves", () => {
  const sets = displaySetsOf(series, [
    picture("b", 2),
    picture("a", 1),
    picture("c", 3, { "00280008": ds(3), "00181063": ds(40) }),
    parseDataSet({ "00080018": ds("d"), "00080016": ds("1.2.840.10008.5.1.4.1.1.88.22") }),
    parseDataSet({ "00080016": ds("no uid") }),
  ]);
  expect(sets.map((set) => (set.kind === "stack" ? set.frames.map((frame) => `${frame.instance.sopInstanceUid}${frame.frameNumber}`) : set.form))).toEqual([["a1", "b1"], ["c1", "c2", "c3"], "report"]);
  expect((sets[1] as ImageStack).frameTimeMs).toBe(40);
});

test("segmentations and one-bit pixels are not drawn as pictures", () => {
  const sets = displaySetsOf(series, [picture("a", 1, { "00080016": ds("1.2.840.10008.5.1.4.1.1.66.4") }), picture("b", 2, { "00280100": ds(1) })]);
  expect(sets.map((set) => set.kind)).toEqual(["document", "document"]);
});

test("each frame has its own functional groups over the shared ones", () => {
  const frames = framesOf(
    picture("a", 1, {
      "00280008": ds(2),
      "52009229": sq({ "00289110": sq({ "00280030": ds(0.5, 0.5) }), "00209116": sq({ "00200037": ds(1, 0, 0, 0, 1, 0) }) }),
      "52009230": sq({ "00209113": sq({ "00200032": ds(0, 0, 1) }) }, { "00209113": sq({ "00200032": ds(0, 0, 2) }) }),
    }),
    { studyInstanceUid: "1", seriesInstanceUid: "1.1", sopInstanceUid: "a" },
  );
  expect(frames.map((frame) => frame.data["00200032"]?.Value)).toEqual([[0, 0, 1], [0, 0, 2]]);
  expect(frames[1]).toMatchObject({ frameNumber: 2, inSpace: true, calibration: { kind: "patient", rowMm: 0.5 } });
  expect(frames[0]?.data).not.toHaveProperty("52009230");
  expect(frames[0]?.data).not.toHaveProperty("00280008");
});

test("a projection's spacing is the detector's unless it was calibrated", () => {
  const set = (spacing: Record<string, unknown>): DataSet => parseDataSet({ "00080060": ds("DX"), ...spacing });
  expect(calibrationOf(set({ "00181164": ds(0.2, 0.2) }))).toMatchObject({ kind: "detector", rowMm: 0.2 });
  expect(calibrationOf(set({ "00181164": ds(0.2, 0.2), "00280030": ds(0.2, 0.2) }))).toMatchObject({ kind: "detector" });
  expect(calibrationOf(set({ "00181164": ds(0.2, 0.2), "00280030": ds(0.15, 0.15) }))).toMatchObject({ kind: "calibrated", rowMm: 0.15 });
  expect(calibrationOf(set({}))).toEqual({ kind: "none", heightPerWidth: 1 });
});

test("palettes become numbers, from the metadata or from where it points", async () => {
  expect(entriesOf(Uint8Array.of(1, 0, 2, 1), [2, 0, 16])).toEqual([1, 258]);
  expect(entriesOf(Uint8Array.of(7, 8), [2, 0, 8])).toEqual([7, 8]);
  const data = parseDataSet({ "00281101": ds(2, 0, 16), "00281102": ds(2, 0, 16), "00281201": { vr: "OW", InlineBinary: "AQACAQ==" }, "00281202": { vr: "OW", BulkDataURI: "/bulk" } });
  const resolved = await withPalette(data, (address) => Promise.resolve(Uint8Array.of(address.length, 0, 0, 0)));
  expect(resolved["00281201"]?.Value).toEqual([1, 258]);
  expect(resolved["00281202"]?.Value).toEqual([5, 0]);
});

test("grey samples above bit 0 are scaled down to what they are, and others left alone", () => {
  const grey = { "00280004": ds("MONOCHROME2"), "00280101": ds(12) };
  const instance = { studyInstanceUid: "1", seriesInstanceUid: "1.1", sopInstanceUid: "1.1.1" };
  const dataOf = (more: Record<string, unknown>): DataSet | undefined => framesOf(picture("1.1.1", 1, more), instance)[0]?.data;
  const raised = dataOf({ ...grey, "00280102": ds(15), "00281053": ds(2), "00281052": ds(-1024) });
  expect([raised?.["00280101"]?.Value, raised?.["00281053"]?.Value, raised?.["00281052"]?.Value]).toEqual([[16], [0.125], [-1024]]);
  expect(dataOf({ ...grey, "00280102": ds(15) })?.["00281053"]?.Value).toEqual([1 / 16]);
  expect(dataOf({ ...grey, "00280102": ds(11) })?.["00281053"]).toBeUndefined();
  // An index above bit 0 would be looked up with what lies below it: the service draws that.
  expect(framesOf(picture("1.1.1", 1, { ...grey, "00280004": ds("PALETTE COLOR"), "00280102": ds(15) }), instance)[0]?.served).toBe(true);
});

test("what the renderer would take for something else is drawn by the service", () => {
  const of = (more: Record<string, unknown>): DataSet => picture("a", 1, { "00280004": ds("MONOCHROME2"), "00280002": ds(1), "00280103": ds(0), ...more });
  const color = { "00280002": ds(3), "00280100": ds(8) };
  expect([of({}), of({ "00280100": ds(8) }), of({ ...color, "00280004": ds("RGB") }), of({ ...color, "00280004": ds("YBR_FULL_422"), "00083002": ds("1.2.840.10008.1.2.4.50") })].map(isServed)).toEqual([false, false, false, false]);
  const served = [
    of({ "00283000": sq({}) }),
    of({ "00280100": ds(8), "00280103": ds(1) }),
    of({ "00280100": ds(32) }),
    of({ ...color, "00280100": ds(16), "00280004": ds("RGB") }),
    of({ ...color, "00280004": ds("YBR_FULL_422"), "00083002": ds("1.2.840.10008.1.2.1") }),
    of({ ...color, "00280004": ds("YBR_FULL_422"), "00083002": ds("1.2.840.10008.1.2.4.57") }),
  ];
  expect(served.map(isServed)).toEqual(served.map(() => true));
  const window = { "00281050": ds(40), "00281051": ds(400) };
  const steps = [of({ ...window, "00281053": ds(-1) }), of({ "00283010": sq({}) }), of({ "00280120": ds(60000) }), of({ ...window, "20500020": ds("INVERSE") })];
  expect(steps.map(isServed)).toEqual(steps.map(() => true));
  const drawnHere = [of({ ...window, "00283010": sq({}) }), of({ ...window, "00280120": ds(60000) }), of({ "00280004": ds("MONOCHROME1"), "20500020": ds("INVERSE") }), of({ ...window, "60000102": ds(12) })];
  expect(drawnHere.map(isServed)).toEqual(drawnHere.map(() => false));
  const [frame] = framesOf(of({ "00283000": sq({}), "00281052": ds(-1024), "00281050": ds(40), "00281051": ds(400) }), { studyInstanceUid: "1", seriesInstanceUid: "1.1", sopInstanceUid: "a" });
  expect(frame).toMatchObject({ served: true, windows: [] });
  expect([frame?.data["00280100"]?.Value, frame?.data["00281051"]?.Value, frame?.data["00281052"]]).toEqual([[8], [256], undefined]);
});

test("a grey image with colours of its own is drawn by the service, and comes in colour", () => {
  const of = (more: Record<string, unknown>): unknown[] => {
    const grey = { "00280004": ds("MONOCHROME2"), "00280002": ds(1), "00280103": ds(0), "00281050": ds(40), "00281051": ds(400), "00281101": ds(16, 100, 16) };
    const [frame] = framesOf(picture("a", 1, { ...grey, ...more }), { studyInstanceUid: "1", seriesInstanceUid: "1.1", sopInstanceUid: "a" });
    return [frame?.served, frame?.data["00280004"]?.Value, frame?.data["00280002"]?.Value];
  };
  expect(of({ "00089205": ds("COLOR") })).toEqual([true, ["RGB"], [3]]);
  expect(of({ "00089205": ds("MONOCHROME") })).toEqual([false, ["MONOCHROME2"], [1]]);
  expect(of({ "0028140B": sq({}) })).toEqual([true, ["MONOCHROME2"], [1]]);
});

const servedIn = (...frames: Frame[][]): boolean[] => asOneStack(frames.flat()).map(({ served }) => served);

test("in a stack of both polarities, or of several kinds of windows, the service draws the rarer", () => {
  const instance = { studyInstanceUid: "1", seriesInstanceUid: "1.1", sopInstanceUid: "a" };
  const of = (photometric: string, kind?: string): Frame[] =>
    [...framesOf(picture("a", 1, { "00280002": ds(1), "00280103": ds(0), "00280004": ds(photometric), "00281050": ds(40), "00281051": ds(400), ...(kind === undefined ? {} : { "00281056": ds(kind) }) }), instance)];
  expect(servedIn(of("MONOCHROME2"), of("MONOCHROME1"), of("MONOCHROME2"))).toEqual([false, true, false]);
  expect(servedIn(of("MONOCHROME1"), of("MONOCHROME1"))).toEqual([false, false]);
  expect(servedIn(of("MONOCHROME2"), of("MONOCHROME2", "SIGMOID"))).toEqual([false, true]);
  expect(servedIn(of("MONOCHROME2", "SIGMOID"), of("MONOCHROME2", "SIGMOID"))).toEqual([false, false]);
});

const windowsOf = (name: string | null, centers: number[], widths: number[]): unknown[] => {
  const data = withWindows(parseDataSet({ "00281050": ds(...centers), "00281051": ds(...widths), ...(name === null ? {} : { "00281056": ds(name) }) }));
  return [data["00281050"]?.Value, data["00281051"]?.Value];
};

test("windows that are none are left out, each with its center", () => {
  expect(windowsOf(null, [40, 0, 5], [400, 0, 80])).toEqual([[40, 5], [400, 80]]);
  expect(windowsOf("LINEAR", [0], [0.5])).toEqual([undefined, undefined]);
  expect(windowsOf("LINEAR_EXACT", [0], [0.5])).toEqual([[0], [0.5]]);
  expect(windowsOf(null, [1], [1])).toEqual([[1], [1.01]]);
});
