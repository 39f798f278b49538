import { getShouldUseCPURendering, metaData, type StackViewport } from "@cornerstonejs/core";
import type { ImagePoint } from "../../model/measure";
import type { Placement, Probe } from "../engine";

/** A point of the patient's space. */
export type Point = [number, number, number];

/** What the renderer knows of where a picture lies. */
interface Plane {
  readonly imagePositionPatient?: readonly number[] | null;
  readonly rowCosines?: readonly number[] | null;
  readonly columnCosines?: readonly number[] | null;
  readonly rowPixelSpacing?: number | null;
  readonly columnPixelSpacing?: number | null;
}

/** From a pixel's corner to the point that is its place in space: its middle where a graphics processor draws, its corner where none does. */
const toPlace = (): number => (getShouldUseCPURendering() ? 0 : 0.5);

const planeOf = (imageId: string): Plane => (metaData.get("imagePlaneModule", imageId) as Plane | undefined) ?? {};

/** The pixel at a point of the patient's space: the pixel's own place has whole numbers. The renderer's own way back takes the two spacings for each other. */
export function pixelAt(imageId: string, point: Point): ImagePoint | undefined {
  const plane = planeOf(imageId);
  const { imagePositionPatient: origin, rowCosines: right, columnCosines: down } = plane;
  if (!origin || !right || !down) return undefined;
  const along = (direction: readonly number[]): number => point.reduce((sum, value, axis) => sum + (value - (origin[axis] ?? 0)) * (direction[axis] ?? 0), 0);
  return [along(right) / (plane.columnPixelSpacing || 1), along(down) / (plane.rowPixelSpacing || 1)];
}

/** Where the image lies in the viewport, from the corner of its first pixel. */
export function placementOf(viewport: StackViewport, imageId: string): Placement | null {
  const plane = planeOf(imageId);
  const { imagePositionPatient: origin, rowCosines: right, columnCosines: down } = plane;
  // Before its image is there, a viewport without graphics has no place for it.
  if (!origin || !right || !down || viewport.getCornerstoneImage()?.imageId !== imageId || viewport.getImageData() === undefined) return null;
  const half = toPlace();
  const at = (column: number, row: number): readonly number[] => {
    const [x, y] = [(column - half) * (plane.columnPixelSpacing || 1), (row - half) * (plane.rowPixelSpacing || 1)];
    return viewport.worldToCanvas([0, 1, 2].map((axis) => (origin[axis] ?? 0) + x * (right[axis] ?? 0) + y * (down[axis] ?? 0)) as Point);
  };
  // From points far apart: neighbours would differ by less than the renderer rounds.
  const FAR = 1000;
  const [[e = 0, f = 0], [ax = 0, ay = 0], [cx = 0, cy = 0]] = [at(0, 0), at(FAR, 0), at(0, FAR)];
  const placement = [(ax - e) / FAR, (ay - f) / FAR, (cx - e) / FAR, (cy - f) / FAR, e, f] as const;
  return placement.every(Number.isFinite) ? placement : null;
}

/** The pixel at a point of the viewport, and its values as the renderer has them. */
export function probeAt(viewport: StackViewport, imageId: string, x: number, y: number, hasValues: boolean): Probe | null {
  const image = viewport.getCornerstoneImage();
  if (image?.imageId !== imageId || viewport.getImageData() === undefined) return null;
  const point = pixelAt(imageId, viewport.canvasToWorld([x, y]) as Point);
  if (point === undefined) return null;
  const [column, row] = [Math.floor(point[0] + toPlace()), Math.floor(point[1] + toPlace())];
  if (column < 0 || row < 0 || column >= image.columns || row >= image.rows) return null;
  const pixels = image.getPixelData();
  const samples = Math.max(1, Math.round(pixels.length / (image.columns * image.rows)));
  const first = (row * image.columns + column) * samples;
  const stored = Array.from({ length: Math.min(3, samples) }, (_, at) => Number(pixels[first + at]));
  // Some renderers scale while they draw: their pixels are as they were stored.
  const isScaled = image.preScale?.scaled === true || samples > 1;
  const values = isScaled ? stored : stored.map((value) => value * image.slope + image.intercept);
  return { column: column + 1, row: row + 1, values: hasValues ? values : [] };
}
