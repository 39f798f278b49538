import { presetsFor } from "../../model/windows";
import type { ToolName, ViewportHandle } from "../../rendering/engine";

/** What a key means where an image is worked on. */
export type Command =
  | { readonly kind: "tool"; readonly tool: ToolName }
  | { readonly kind: "layout" }
  | { readonly kind: "cine" }
  | { readonly kind: "help" }
  | { readonly kind: "report" }
  | { readonly kind: "view"; readonly option: "layers" | "values" | "scale" }
  /** Moves the point whose value is read, by pixels of the image. */
  | { readonly kind: "point"; readonly right: number; readonly down: number }
  | { readonly kind: "done" };

/** A key as it was pressed. */
export interface Key {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

const TOOL_KEYS: Readonly<Record<string, ToolName>> = { w: "window", p: "pan", z: "zoom", s: "scroll", l: "length" };
const STEP = 12; // screen pixels
const FINE = 4;
const FAR = 10; // pixels of the image
const ARROWS: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Does what a key means to the viewport, or says what it means to the page; null when it means nothing here. */
export function applyKey(event: Key, handle: ViewportHandle, modality: string): Command | null {
  const arrow = ARROWS[event.key];
  if (event.ctrlKey && !event.metaKey && !event.altKey && arrow !== undefined) {
    const far = event.shiftKey ? FAR : 1;
    return { kind: "point", right: arrow[0] * far, down: arrow[1] * far };
  }
  if (event.ctrlKey || event.metaKey) return null;
  if (arrow !== undefined) return applyArrow(event, handle, arrow);
  if (event.altKey) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const tool = TOOL_KEYS[key];
  if (tool !== undefined) return { kind: "tool", tool };
  if (/^[1-9]$/u.test(key)) {
    const preset = presetsFor(modality)[Number(key) - 1];
    if (preset === undefined) return null;
    handle.setWindow(preset);
    return { kind: "done" };
  }
  return PAGE_KEYS[key] ?? applyViewportKey(key, handle);
}

const PAGE_KEYS: Readonly<Record<string, Command>> = { g: { kind: "layout" }, " ": { kind: "cine" }, "?": { kind: "help" }, t: { kind: "report" }, o: { kind: "view", option: "layers" }, x: { kind: "view", option: "values" }, b: { kind: "view", option: "scale" } };

const VIEWPORT_KEYS: Readonly<Record<string, (handle: ViewportHandle) => unknown>> = {
  PageDown: (handle) => handle.scrollBy(10),
  PageUp: (handle) => handle.scrollBy(-10),
  Home: (handle) => handle.scrollTo(0),
  End: (handle) => handle.scrollTo(Number.MAX_SAFE_INTEGER),
  "+": (handle) => handle.zoomBy(1.2),
  "=": (handle) => handle.zoomBy(1.2),
  "-": (handle) => handle.zoomBy(1 / 1.2),
  i: (handle) => handle.invert(),
  r: (handle) => handle.rotate(),
  h: (handle) => handle.flip("horizontal"),
  v: (handle) => handle.flip("vertical"),
  f: (handle) => handle.fit(),
  "0": (handle) => handle.reset(),
  d: (handle) => handle.resetWindow(),
  m: (handle) => handle.placeLength(),
  Delete: (handle) => handle.removeLengths(),
};

function applyViewportKey(key: string, handle: ViewportHandle): Command | null {
  const action = VIEWPORT_KEYS[key];
  if (action === undefined) return null;
  action(handle);
  return { kind: "done" };
}

/** Arrows scroll; with Shift they pan, with Alt they move the end of the newest line, with both its start. */
function applyArrow(event: Key, handle: ViewportHandle, [right, down]: readonly [number, number]): Command {
  if (event.altKey) handle.moveLengthEnd(event.shiftKey ? "start" : "end", right * FINE, down * FINE);
  else if (event.shiftKey) handle.panBy(right * STEP, down * STEP);
  else handle.scrollBy(right + down);
  return { kind: "done" };
}
