import { retrieveBulkdata, retrieveNativeFrame } from "../dicomweb/client";
import type { Http } from "../dicomweb/http";
import type { Frame } from "../model/displaySet";
import type { OverlayPlane, PlaneBits } from "../model/layers";
import { fromWords, unpacked } from "./overlays";

/** Data that was retrieved a moment ago: the planes of all frames of an image are in one value. */
const KEPT = 8;

/** Retrieves planes over frames. */
export interface Planes {
  /** The bits of each plane; null for one that can't be had. */
  readonly of: (frame: Frame, signal: AbortSignal) => Promise<readonly (PlaneBits | null)[]>;
}

/** Retrieves planes by `http`, each value once. */
export function createPlanes(http: Http): Planes {
  const values = new Map<string, Promise<Uint8Array>>();
  const kept = (key: string, retrieve: () => Promise<Uint8Array>): Promise<Uint8Array> => {
    const value = values.get(key) ?? retrieve();
    values.delete(key);
    values.set(key, value);
    value.catch(() => values.delete(key)); // the next reader tries again
    for (const oldest of values.keys()) if (values.size > KEPT) values.delete(oldest);
    return value;
  };
  // A value may be wanted for the next frame too: it is not given up with the frame.
  const never = new AbortController().signal;
  const bitsOf = async (plane: OverlayPlane, { instance, frameNumber }: Frame): Promise<PlaneBits | null> => {
    const { source } = plane;
    if (source.kind === "inline") return unpacked(plane, Uint8Array.from(atob(source.base64), (character) => character.charCodeAt(0)));
    if (source.kind === "bulk") return unpacked(plane, await kept(source.address, () => retrieveBulkdata(http, source.address, never)));
    return fromWords(plane, source.bit, await kept(`${instance.sopInstanceUid} ${frameNumber}`, () => retrieveNativeFrame(http, instance, frameNumber, never)));
  };
  return {
    of: async (frame, signal) => {
      const bits = await Promise.all(frame.layers.planes.map((plane) => bitsOf(plane, frame).catch(() => null)));
      signal.throwIfAborted();
      return bits;
    },
  };
}
