import { useEffect, useState } from "react";
import { createPlanes, type Planes } from "../../../loading/planes";
import type { Http } from "../../../dicomweb/http";
import type { Frame } from "../../../model/displaySet";
import type { OverlayPlane, PlaneBits } from "../../../model/layers";
import { useServices } from "../../services";

/** A plane with its bits. */
export interface DrawnPlane {
  readonly plane: OverlayPlane;
  readonly bits: PlaneBits;
}

/** The overlays of the frame on the screen: those that are there, and whether any is missing. */
export interface FramePlanes {
  readonly drawn: readonly DrawnPlane[];
  readonly status: "none" | "loading" | "shown" | "missing";
}

const NONE: FramePlanes = { drawn: [], status: "none" };
const byHttp = new WeakMap<Http, Planes>();

/** Loads the overlays of a frame once it is shown. Never those of another frame: they would mark the wrong place. */
export function usePlanes(frame: Frame | undefined): FramePlanes {
  const { http } = useServices();
  const [loaded, setLoaded] = useState<{ readonly frame: Frame; readonly planes: FramePlanes } | null>(null);
  useEffect(() => {
    if (frame === undefined || frame.layers.planes.length === 0) return;
    const controller = new AbortController();
    const planes = byHttp.get(http) ?? createPlanes(http);
    byHttp.set(http, planes);
    planes.of(frame, controller.signal).then(
      (bits) => setLoaded({ frame, planes: withBits(frame, bits) }),
      () => undefined, // another frame is shown by now
    );
    return () => controller.abort();
  }, [http, frame]);
  if (frame === undefined) return NONE;
  if (frame.layers.planes.length === 0) return frame.layers.unreadablePlanes > 0 ? { drawn: [], status: "missing" } : NONE;
  return loaded?.frame === frame ? loaded.planes : { drawn: [], status: "loading" };
}

function withBits(frame: Frame, bits: readonly (PlaneBits | null)[]): FramePlanes {
  const drawn = frame.layers.planes.flatMap((plane, at) => {
    const its = bits[at];
    return its == null ? [] : [{ plane, bits: its }];
  });
  const isWhole = drawn.length === frame.layers.planes.length && frame.layers.unreadablePlanes === 0;
  return { drawn, status: isWhole ? "shown" : "missing" };
}
