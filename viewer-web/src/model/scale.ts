import type { Calibration } from "./displaySet";
import { type Length, lengthBetween } from "./measure";

/** A bar of a round length, and how long it is on the screen. */
export interface ScaleBar {
  readonly length: Length;
  readonly screenPixels: number;
}

const ROUND = [5, 2, 1] as const;

/** The longest bar of 1, 2 or 5 times a power of ten that fits; `perPixel` is the step in the image, in columns and rows, that one screen pixel to the right makes. */
export function scaleBar(perPixel: readonly [number, number], calibration: Calibration, mostPixels: number): ScaleBar | null {
  const { value, unit, basis } = lengthBetween([0, 0], perPixel, calibration.kind === "regions" ? ofAllRegions(calibration) : calibration);
  if (!Number.isFinite(value) || value <= 0) return null;
  const most = value * mostPixels;
  const power = 10 ** Math.floor(Math.log10(most));
  const round = (ROUND.find((factor) => factor * power <= most) ?? 1) * power;
  return { length: { value: round, unit, basis: calibration.kind === "regions" && unit === "mm" ? "region" : basis }, screenPixels: round / value };
}

/** One bar stands for the whole picture: regions that differ have none in common. */
function ofAllRegions({ regions }: Extract<Calibration, { kind: "regions" }>): Calibration {
  const [first] = regions;
  const isOne = first !== undefined && regions.every((it) => it.columnCm === first.columnCm && it.rowCm === first.rowCm);
  return isOne ? { kind: "patient", columnMm: first.columnCm * 10, rowMm: first.rowCm * 10 } : { kind: "none", heightPerWidth: 1 };
}
