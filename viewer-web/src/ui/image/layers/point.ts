import { useEffect, useState } from "react";
import type { ViewportHandle } from "../../../rendering/engine";

/** A point of a viewport, in screen pixels, and what put it there. */
export interface ScreenPoint {
  readonly x: number;
  readonly y: number;
  readonly by: "pointer" | "keys";
}

/** The point whose value is read. It moves with the pointer, so that it is kept outside of what the pane is made from. */
export interface ReadPoint {
  readonly get: () => ScreenPoint | null;
  readonly set: (point: ScreenPoint | null) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

function createReadPoint(): ReadPoint {
  let current: ScreenPoint | null = null;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    set: (point) => {
      current = point;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The point of a pane, which follows the pointer over `element`. */
export function useReadPoint(element: React.RefObject<HTMLDivElement | null>): ReadPoint {
  const [point] = useState(createReadPoint);
  useEffect(() => {
    const here = element.current;
    if (here === null) return;
    const onMove = (event: PointerEvent): void => {
      const { left, top } = here.getBoundingClientRect();
      point.set({ x: event.clientX - left, y: event.clientY - top, by: "pointer" });
    };
    const onLeave = (): void => {
      if (point.get()?.by === "pointer") point.set(null);
    };
    here.addEventListener("pointermove", onMove);
    here.addEventListener("pointerleave", onLeave);
    return () => {
      here.removeEventListener("pointermove", onMove);
      here.removeEventListener("pointerleave", onLeave);
    };
  }, [element, point]);
  return point;
}

const within = (at: number, most: number): number => Math.max(0, Math.min(most - 1, at));

/** Moves the point by keys, a pixel of the image a step as large as it is on the screen, from the middle where there is none. */
export function moveReadPoint(point: ReadPoint, element: HTMLElement | null, handle: ViewportHandle, right: number, down: number): void {
  if (element === null) return;
  const { clientWidth: width, clientHeight: height } = element;
  const [a, b] = handle.placement() ?? [1, 0];
  const step = Math.max(1, Math.hypot(a, b));
  const from = point.get();
  const next = from === null ? { x: width / 2, y: height / 2 } : { x: from.x + right * step, y: from.y + down * step };
  point.set({ x: within(next.x, width), y: within(next.y, height), by: "keys" });
}
