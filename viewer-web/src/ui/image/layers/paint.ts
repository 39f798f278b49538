import type { DrawnPlane } from "./usePlanes";

/** The most pixels that a plane is painted with; a larger one is painted at less detail, and loses no line by it. */
const MOST_PIXELS = 4_000_000;
/** The colour of what an image draws on itself: not one that a radiograph has. */
const INK = [255, 216, 77] as const;
const OPAQUE = 255;
const TRANSLUCENT = 110;

/** A plane painted, and the rectangle of the image that it lies over. */
export interface Painted {
  readonly group: string;
  readonly image: ImageData;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Paints the part of a plane in which bits are set; null where none is. */
export function paint({ plane, bits }: DrawnPlane): Painted | null {
  const box = boxOf(bits.bits, bits.rows, bits.columns);
  if (box === null) return null;
  const [width, height] = [box.right + 1 - box.left, box.bottom + 1 - box.top];
  const step = Math.max(1, Math.ceil(Math.sqrt((width * height) / MOST_PIXELS)));
  const [across, down] = [Math.ceil(width / step), Math.ceil(height / step)];
  const image = new ImageData(across, down);
  // A pixel is set as one word: element by element, a large plane would hold up the page.
  const words = new Uint32Array(image.data.buffer);
  const [ink = 0] = new Uint32Array(Uint8Array.of(...INK, plane.type === "region" ? TRANSLUCENT : OPAQUE).buffer);
  for (let row = 0; row < height; row += 1) {
    const from = (box.top + row) * bits.columns + box.left;
    const line = Math.floor(row / step) * across;
    for (let column = 0; column < width; column += 1) {
      if (bits.bits[from + column] === 1) words[line + Math.floor(column / step)] = ink;
    }
  }
  return { group: plane.group, image, left: plane.left + box.left, top: plane.top + box.top, width: across * step, height: down * step };
}

/** The smallest rectangle that holds every set bit. */
function boxOf(bits: Uint8Array, rows: number, columns: number): { left: number; right: number; top: number; bottom: number } | null {
  const [first, last] = [bits.indexOf(1), bits.lastIndexOf(1)];
  if (first < 0) return null;
  const box = { left: columns - 1, right: 0, top: Math.floor(first / columns), bottom: Math.floor(last / columns) };
  for (let row = box.top; row <= box.bottom && row < rows; row += 1) {
    const line = bits.subarray(row * columns, (row + 1) * columns);
    const [from, to] = [line.indexOf(1), line.lastIndexOf(1)];
    if (from >= 0) [box.left, box.right] = [Math.min(box.left, from), Math.max(box.right, to)];
  }
  return box;
}
