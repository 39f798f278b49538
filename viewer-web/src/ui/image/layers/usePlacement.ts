import { useSyncExternalStore } from "react";
import type { Placement, ViewportHandle } from "../../../rendering/engine";

/** Where the picture of a viewport lies, followed through every step of a drag. */
export function usePlacement(handle: ViewportHandle): Placement | null {
  return useSyncExternalStore(handle.followPlacement, handle.placement);
}
