import { cache } from "@cornerstonejs/core";
import { wadors } from "@cornerstonejs/dicom-image-loader";
import type { Frame, ImageStack } from "../../model/displaySet";

const VOI_LUT_FUNCTION = "00281056";

/** How the engine names a frame: the loader's scheme before the frame's address. */
export type ImageId = string;

/** The frames that the engine knows, by the name it uses for them. */
export interface ImageBook {
  /** Makes a stack known and returns its image ids in order. */
  readonly register: (stack: ImageStack) => readonly ImageId[];
  readonly frameOf: (imageId: ImageId) => Frame | undefined;
  readonly isReady: (imageId: ImageId) => boolean;
}

/** A book of frames; `addressOf` says where a frame is retrieved. */
export function createImageBook(addressOf: (frame: Frame) => string): ImageBook {
  const frames = new Map<ImageId, Frame>();
  const stacks = new WeakMap<ImageStack, readonly ImageId[]>();
  return {
    register: (stack) => {
      const known = stacks.get(stack);
      if (known !== undefined) return known;
      const imageIds = stack.frames.map((frame) => {
        const imageId = `wadors:${addressOf(frame)}`;
        frames.set(imageId, frame);
        wadors.metaDataManager.add(imageId, mutable(frame));
        return imageId;
      });
      stacks.set(stack, imageIds);
      return imageIds;
    },
    frameOf: (imageId) => frames.get(imageId),
    isReady: (imageId) => cache.isLoaded(imageId),
  };
}

/**
 * The loader marks the data set it is given, so it gets its own copy. It takes the first letter of VOILUTFunction for its name, unless the
 * name stands in a list of its own, and then draws nothing.
 */
function mutable(frame: Frame): Parameters<typeof wadors.metaDataManager.add>[1] {
  const { [VOI_LUT_FUNCTION]: named, ...data } = frame.data;
  const listed = named === undefined ? {} : { [VOI_LUT_FUNCTION]: { vr: "CS", Value: [named.Value] } };
  return { ...data, ...listed } as unknown as Parameters<typeof wadors.metaDataManager.add>[1];
}

/** The bytes that a decoded frame takes, at least. */
export function bytesOf(frame: Frame): number {
  const value = (tag: string): number => Number(frame.data[tag]?.Value?.[0] ?? 1);
  return value("00280010") * value("00280011") * value("00280002") * Math.max(1, Math.ceil(value("00280100") / 8));
}
