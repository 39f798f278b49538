import type { ImageStack, Window } from "../model/displaySet";
import type { EdgeLetters } from "./orientation";

/** Which gesture the primary button makes. */
export type ToolName = "window" | "pan" | "zoom" | "scroll" | "length";

/** What a viewport shows right now. The picture itself never passes through here. */
export interface ViewportState {
  readonly stack: ImageStack | null;
  /** The picture on the screen; null while there is none. */
  readonly shown: number | null;
  /** The picture that was asked for. */
  readonly target: number;
  readonly status: "empty" | "loading" | "shown" | "failed";
  /** The picture on the screen lacks detail that is still to come. */
  readonly preview: boolean;
  readonly window: Window | null;
  readonly inverted: boolean;
  /** 1 when the image fits. */
  readonly zoom: number;
  readonly edges: EdgeLetters | null;
  /** How many pictures of the stack are held ready. */
  readonly ready: number;
}

/** Where the picture lies on the screen: a point of the image (x to the right, y down, a pixel is 1 × 1) is at (ax + cy + e, bx + dy + f). */
export type Placement = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** What the picture holds at a point of the screen. */
export interface Probe {
  /** Counted from 1, as the rows and columns of the standard are. */
  readonly column: number;
  readonly row: number;
  /** Rescaled; three of a colour; none where the samples are no values. */
  readonly values: readonly number[];
}

/** One place on the screen that shows one stack. */
export interface ViewportHandle {
  readonly state: () => ViewportState;
  readonly subscribe: (listener: () => void) => () => void;
  /** Where the picture on the screen lies; null without one. It changes with every step of a drag, and so is followed apart. */
  readonly placement: () => Placement | null;
  readonly followPlacement: (listener: () => void) => () => void;
  /** What lies at a point of the viewport, in screen pixels; null outside the picture, and while it is a preview. */
  readonly probe: (x: number, y: number) => Probe | null;
  readonly show: (stack: ImageStack, index: number) => void;
  readonly clear: () => void;
  readonly retry: () => void;
  readonly scrollTo: (index: number) => void;
  readonly scrollBy: (delta: number) => void;
  readonly setWindow: (window: Window) => void;
  readonly resetWindow: () => void;
  readonly invert: () => void;
  readonly rotate: () => void;
  readonly flip: (axis: "horizontal" | "vertical") => void;
  readonly zoomBy: (factor: number) => void;
  readonly panBy: (right: number, down: number) => void;
  readonly fit: () => void;
  readonly reset: () => void;
  /** Places a line in the middle, for those who measure by keyboard; false when there is no picture. */
  readonly placeLength: () => boolean;
  /** Moves an end of the newest line, in screen pixels. */
  readonly moveLengthEnd: (end: "start" | "end", right: number, down: number) => void;
  readonly removeLengths: () => void;
}

/** Draws images. One for the page, made outside the components. */
export interface ImageEngine {
  /** True without a graphics processor: slower, and without volumes. */
  readonly software: boolean;
  readonly attach: (element: HTMLDivElement, name: string) => ViewportHandle;
  readonly detach: (name: string) => void;
  readonly setTool: (tool: ToolName) => void;
  /** Fetches at most `limit` pictures of a stack that is not in view yet, in place of what was fetched so before. */
  readonly fetchAhead: (stack: ImageStack, limit: number) => void;
  readonly stopFetchingAhead: () => void;
  /** How a measured length is written, in the reader's language. */
  readonly setLengthText: (text: (value: string, basis: string) => readonly string[]) => void;
}

/** Fetches pictures ahead of need, beginning with the one in view. */
export interface Ahead {
  /** Replaces what `owner` waits for: at most `limit` of `keys`, in the order of their worth from `view`. */
  readonly request: (owner: string, keys: readonly string[], view: number, limit: number) => void;
  readonly cancel: (owner: string) => void;
}
