import { useEffect } from "react";
import type { ViewportHandle } from "../../rendering/engine";

/** Twelve pictures a second for stacks that recorded no time. */
const DEFAULT_FRAME_MS = 83;

/** Moves a stack on at its recorded pace. It waits for a picture that is not there yet rather than leaving it out. */
export function useCine(handle: ViewportHandle | null, playing: boolean, stop: () => void): void {
  useEffect(() => {
    if (handle === null || !playing) return;
    let last = performance.now();
    let request = 0;
    const tick = (now: number): void => {
      const { stack, shown, target, status } = handle.state();
      if (stack === null || status === "failed") {
        stop();
        return;
      }
      if (shown === target && now - last >= (stack.frameTimeMs ?? DEFAULT_FRAME_MS)) {
        last = now;
        handle.scrollTo((target + 1) % stack.frames.length);
      }
      request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(request);
  }, [handle, playing, stop]);
}
