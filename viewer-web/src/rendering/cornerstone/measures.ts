import type { StackViewport } from "@cornerstonejs/core";
import { annotation, LengthTool, utilities as toolUtilities } from "@cornerstonejs/tools";
import { lengthBetween } from "../../model/measure";
import type { ImageBook } from "./images";
import { pixelAt, type Point } from "./plane";

/** Lines that measure. */
export interface Measures {
  readonly place: (viewport: StackViewport) => boolean;
  readonly moveEnd: (viewport: StackViewport, end: "start" | "end", right: number, down: number) => void;
  readonly removeAll: (viewport: StackViewport) => void;
  /** The text beside a line whose ends are given in the patient's space. */
  readonly textFor: (imageId: string, points: readonly Point[]) => readonly string[];
  readonly setText: (text: LengthText) => void;
}

export type LengthText = (value: string, basis: string) => readonly string[];

/** Measures over the frames of `book`. */
export function createMeasures(book: ImageBook): Measures {
  let write: LengthText = plain;
  return {
    place: (viewport) => {
      const { clientWidth: width, clientHeight: height } = viewport.element;
      const points = [viewport.canvasToWorld([width * 0.4, height / 2]), viewport.canvasToWorld([width * 0.6, height / 2])];
      LengthTool.hydrate(viewport.id, points);
      return true;
    },
    moveEnd: (viewport, end, right, down) => {
      const newest = linesOf(viewport).at(-1);
      const points = newest?.data.handles?.points;
      const point = points?.[end === "start" ? 0 : 1];
      if (newest === undefined || points === undefined || point === undefined) return;
      const [x, y] = viewport.worldToCanvas(point as Point);
      points[end === "start" ? 0 : 1] = viewport.canvasToWorld([x + right, y + down]);
      newest.invalidated = true;
      redraw(viewport);
    },
    removeAll: (viewport) => {
      for (const line of linesOf(viewport)) if (line.annotationUID !== undefined) annotation.state.removeAnnotation(line.annotationUID);
      redraw(viewport);
    },
    textFor: (imageId, points) => {
      const [a, b] = points.map((point) => pixelAt(imageId, point));
      const frame = book.frameOf(imageId);
      if (a === undefined || b === undefined || frame === undefined) return [];
      const length = lengthBetween(a, b, frame.calibration);
      return write(`${length.value.toFixed(1)} ${length.unit}`, length.basis);
    },
    setText: (text) => {
      write = text;
    },
  };
}

const plain: LengthText = (value) => [value];

function linesOf(viewport: StackViewport): ReturnType<typeof annotation.state.getAnnotations> {
  const shown = new Set(viewport.getImageIds());
  return annotation.state.getAnnotations(LengthTool.toolName, viewport.element).filter((line) => shown.has(line.metadata?.referencedImageId ?? ""));
}

function redraw(viewport: StackViewport): void {
  toolUtilities.triggerAnnotationRenderForViewportIds([viewport.id]);
}
