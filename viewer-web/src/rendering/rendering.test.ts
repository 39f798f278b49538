import { expect, test } from "vitest";
import type { Types } from "@cornerstonejs/core";
import type { Frame } from "../model/displaySet";
import { scaleBar } from "../model/scale";
import { pathOf } from "../ui/image/layers/FrameLayers";
import { paint } from "../ui/image/layers/paint";
import { withoutUnusedBits } from "./cornerstone/unused";
import { rangeOf, sampleOf } from "./unused";

test("a sample is its stored bits, with its sign", () => {
  expect([sampleOf(0xf123, 12, false), sampleOf(0x0ffb, 12, true), sampleOf(-5, 12, true), sampleOf(0x17ff, 12, true)]).toEqual([0x123, -5, -5, 2047]);
  expect([rangeOf(12, false), rangeOf(12, true)]).toEqual([[0, 4095], [-2048, 2047]]);
});

const frame = (isSigned: boolean): Frame => ({ served: false, windows: [], data: { "00280100": { vr: "US", Value: [16] }, "00280101": { vr: "US", Value: [12] }, "00280103": { vr: "US", Value: [isSigned ? 1 : 0] } } }) as unknown as Frame;
const image = (pixels: Int16Array | Uint16Array | Float32Array, scale?: { rescaleSlope: number; rescaleIntercept: number }): Types.IImage =>
  ({ columns: 2, rows: 1, color: false, minPixelValue: Math.min(...pixels), maxPixelValue: Math.max(...pixels), preScale: scale === undefined ? undefined : { scaled: true, scalingParameters: scale }, imageFrame: {}, getPixelData: () => pixels }) as unknown as Types.IImage;

test("what lies above the stored bits is no part of a value, before and after it is rescaled", () => {
  const plain = withoutUnusedBits(image(Uint16Array.of(0xf123, 7)), frame(false));
  expect([...plain.getPixelData()]).toEqual([0x123, 7]);
  expect([plain.minPixelValue, plain.maxPixelValue]).toEqual([7, 0x123]);
  const signed = withoutUnusedBits(image(Int16Array.of(0x0ffb, 3)), frame(true));
  expect([...signed.getPixelData()]).toEqual([-5, 3]);
  const scaled = withoutUnusedBits(image(Float32Array.of(0xf123 * 0.5 - 1024, 7 * 0.5 - 1024), { rescaleSlope: 0.5, rescaleIntercept: -1024 }), frame(false));
  expect([...scaled.getPixelData()]).toEqual([0x123 * 0.5 - 1024, 7 * 0.5 - 1024]);
  const clean = image(Uint16Array.of(0, 4095));
  expect(withoutUnusedBits(clean, frame(false))).toBe(clean);
});

test("a bar has a round length that fits, and says pixels where nothing is calibrated", () => {
  // A screen pixel is half a pixel of 0.5 mm: 120 of them are 30 mm, and the longest round bar is 20 mm.
  expect(scaleBar([0.5, 0], { kind: "patient", rowMm: 9, columnMm: 0.5 }, 120)).toEqual({ length: { value: 20, unit: "mm", basis: "patient" }, screenPixels: 80 });
  expect(scaleBar([0, 1], { kind: "none", heightPerWidth: 2 }, 120)).toMatchObject({ length: { value: 200, unit: "px", basis: "none" }, screenPixels: 100 });
  const region = { left: 0, top: 0, right: 9, bottom: 9, columnCm: 0.1, rowCm: 0.1 };
  expect(scaleBar([1, 0], { kind: "regions", regions: [region] }, 120)).toMatchObject({ length: { value: 100, unit: "mm", basis: "region" } });
  expect(scaleBar([1, 0], { kind: "regions", regions: [region, { ...region, columnCm: 0.2 }] }, 120)?.length.unit).toBe("px");
});

test("the pixels on the edge of a shutter are open", () => {
  expect(pathOf({ kind: "rectangle", left: 10, right: 19, upper: 4, lower: 7 })).toBe("M10 4H20V8H10Z");
  expect(pathOf({ kind: "polygon", corners: [[1, 0], [3, 2], [5, 4]] })).toBe("M1.5 0.5L3.5 2.5L5.5 4.5Z");
});

test("a plane is painted where its bits are set, and a large one loses no line", () => {
  const [rows, columns] = [3000, 3000];
  const bits = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row += 1) bits[row * columns + 1501] = 1;
  bits[0] = 1;
  bits[rows * columns - 1] = 1;
  const plane = { group: "6000", rows, columns, left: 5, top: -2, type: "graphics", source: { kind: "inline", base64: "" }, index: 0 } as const;
  const painted = paint({ plane, bits: { rows, columns, bits } });
  expect(painted).toMatchObject({ left: 5, top: -2, width: 3000, height: 3000 });
  const { width, height, data } = painted?.image ?? { width: 1, height: 0, data: [] };
  expect(width * height).toBeLessThanOrEqual(4_000_000);
  expect(Array.from({ length: height }, (_, row) => data[4 * (row * width + Math.floor((1501 * width) / columns)) + 3]).every((alpha) => alpha === 255)).toBe(true);
});
