import type { Calibration } from "./displaySet";

/** A point of an image in pixels: column, then row. */
export type ImagePoint = readonly [number, number];

/** A length with its unit and with what it rests on. */
export interface Length {
  readonly value: number;
  readonly unit: "mm" | "px";
  readonly basis: "patient" | "calibrated" | "detector" | "scanned" | "region" | "none";
}

/** The distance of two points. There are no millimetres without a source for them, and in ultrasound only inside one region. */
export function lengthBetween(a: ImagePoint, b: ImagePoint, calibration: Calibration): Length {
  const columns = b[0] - a[0];
  const rows = b[1] - a[1];
  switch (calibration.kind) {
    case "patient":
    case "calibrated":
    case "detector":
    case "scanned":
      return { value: Math.hypot(columns * calibration.columnMm, rows * calibration.rowMm), unit: "mm", basis: calibration.kind };
    case "regions": {
      const region = calibration.regions.find((it) => [a, b].every(([x, y]) => x >= it.left && x <= it.right && y >= it.top && y <= it.bottom));
      if (region === undefined) return { value: Math.hypot(columns, rows), unit: "px", basis: "none" };
      return { value: 10 * Math.hypot(columns * region.columnCm, rows * region.rowCm), unit: "mm", basis: "region" };
    }
    case "none":
      // In widths of a pixel, so that two lengths compare whatever their directions.
      return { value: Math.hypot(columns, rows * calibration.heightPerWidth), unit: "px", basis: "none" };
  }
}
