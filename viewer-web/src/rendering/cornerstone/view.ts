import { type StackViewport, utilities } from "@cornerstonejs/core";
import type { Frame, Window } from "../../model/displaySet";
import { type Direction, type EdgeLetters, edgesInSpace, edgesOfProjection } from "../orientation";

/** The window in force, as DICOM writes windows; null before the first picture. */
export function windowOf(viewport: StackViewport): Window | null {
  const range = viewport.getProperties().voiRange;
  if (range === undefined || range === null || !Number.isFinite(range.lower) || !Number.isFinite(range.upper)) return null;
  const { windowWidth, windowCenter } = utilities.windowLevel.toWindowLevel(range.lower, range.upper);
  return { width: Math.round(windowWidth), center: Math.round(windowCenter) };
}

/** Sets the window of all pictures of the stack. */
export function applyWindow(viewport: StackViewport, window: Window): void {
  viewport.setProperties({ voiRange: utilities.windowLevel.toLowHighRange(Math.max(1, window.width), window.center) });
  viewport.render();
}

/** What lies at the edges of the picture as it is turned and flipped now. */
export function edgesOf(viewport: StackViewport, frame: Frame): EdgeLetters | null {
  const { viewUp, viewPlaneNormal } = viewport.getCamera();
  if (viewUp === undefined || viewPlaneNormal === undefined) return null;
  const right = cross(viewUp, viewPlaneNormal);
  const down: Direction = [-viewUp[0], -viewUp[1], -viewUp[2]];
  return frame.inSpace ? edgesInSpace(right, down) : edgesOfProjection(right, down, frame.patientOrientation);
}

function cross(a: readonly number[], b: readonly number[]): Direction {
  const [ax = 0, ay = 0, az = 0] = a;
  const [bx = 0, by = 0, bz = 0] = b;
  return [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
}

/** True when the reader turned black and white round; MONOCHROME1 asks for it by itself (PS3.3 §C.7.6.3.1.2). */
export function isInverted(viewport: StackViewport, frame: Frame | undefined): boolean {
  const asked = frame?.data["00280004"]?.Value?.[0] === "MONOCHROME1";
  return (viewport.getProperties().invert === true) !== asked;
}

/** Turns the picture a quarter to the right. */
export function rotate(viewport: StackViewport): void {
  const { rotation = 0 } = viewport.getViewPresentation();
  viewport.setViewPresentation({ ...viewport.getViewPresentation(), rotation: (rotation + 90) % 360 });
  viewport.render();
}

/** Flips the picture along the screen, however it is turned. By the camera: the renderer's presentation flips, and never flips back. */
export function flip(viewport: StackViewport, axis: "horizontal" | "vertical"): void {
  const { flipHorizontal = false, flipVertical = false } = viewport.getCamera();
  viewport.setCamera(axis === "horizontal" ? { flipHorizontal: !flipHorizontal } : { flipVertical: !flipVertical });
  viewport.render();
}

/** Neither turned nor flipped. */
export function upright(viewport: StackViewport): void {
  viewport.setCamera({ flipHorizontal: false, flipVertical: false });
  viewport.setViewPresentation({ ...viewport.getViewPresentation(), rotation: 0 });
}

export function zoomBy(viewport: StackViewport, factor: number): void {
  viewport.setZoom(Math.min(40, Math.max(0.1, viewport.getZoom() * factor)));
  viewport.render();
}

export function panBy(viewport: StackViewport, right: number, down: number): void {
  const [x, y] = viewport.getPan();
  viewport.setPan([x + right, y + down]);
  viewport.render();
}
