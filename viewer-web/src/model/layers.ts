/** Where the bits of an overlay plane are. */
export type PlaneSource =
  | { readonly kind: "inline"; readonly base64: string }
  | { readonly kind: "bulk"; readonly address: string }
  /** In a bit of the words of the pixel data that the samples leave free: retired, and still in archives. */
  | { readonly kind: "embedded"; readonly bit: number };

/** One plane of bits over an image (PS3.3 §C.9.2). */
export interface OverlayPlane {
  readonly group: string;
  readonly rows: number;
  readonly columns: number;
  /** The pixel of the image, from 0, under the plane's first bit; outside it where negative. */
  readonly left: number;
  readonly top: number;
  /** Graphics are drawn as they are; a region of interest lets the picture through. */
  readonly type: "graphics" | "region";
  readonly source: PlaneSource;
  /** Planes of other frames that come before it in the data. */
  readonly index: number;
}

/** One shape of a shutter, in pixels of the image from 0: what lies outside is covered. */
export type ShutterShape =
  | { readonly kind: "rectangle"; readonly left: number; readonly right: number; readonly upper: number; readonly lower: number }
  | { readonly kind: "circle"; readonly x: number; readonly y: number; readonly radius: number }
  | { readonly kind: "polygon"; readonly corners: readonly (readonly [number, number])[] };

/** The display shutter of an image (PS3.3 §C.7.6.11). */
export interface Shutter {
  readonly shapes: readonly ShutterShape[];
  /** The grey that covers, from 0 to 255. */
  readonly level: number;
}

/** What the image asks to have drawn over its pixels. */
export interface Layers {
  readonly planes: readonly OverlayPlane[];
  /** Planes that are described in a way that nobody can draw: the reader is told that they are missing. */
  readonly unreadablePlanes: number;
  readonly shutter: Shutter | null;
  /** The shutter is described in a way that nobody can apply. */
  readonly unreadableShutter: boolean;
  /** Some are part of the picture already, as the service drew it: they can't be lifted. */
  readonly within: boolean;
}

/** The bits of a plane, one to a byte and 1 where it is drawn, row by row. */
export interface PlaneBits {
  readonly rows: number;
  readonly columns: number;
  readonly bits: Uint8Array;
}
