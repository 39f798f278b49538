import { imageLoader, type Types, utilities } from "@cornerstonejs/core";
import { wadors } from "@cornerstonejs/dicom-image-loader";
import type { Frame } from "../../model/displaySet";
import { rangeOf, sampleOf } from "../unused";
import type { ImageBook } from "./images";

type Values = Float32Array | Int16Array | Uint16Array | Uint8Array | Int8Array;

/** Has every frame of `book` that is loaded lose what lies beside its samples: the loader takes whole words for samples. */
export function registerCleanLoader(book: Pick<ImageBook, "frameOf">): void {
  imageLoader.registerImageLoader("wadors", (imageId, options) => {
    const { promise } = wadors.loadImage(imageId, options as Parameters<typeof wadors.loadImage>[1]);
    return { promise: (promise as unknown as Promise<Types.IImage>).then((image) => withoutUnusedBits(image, book.frameOf(imageId))) };
  });
}

/** The image as it came, unless values of it are none that its stored bits hold: then one whose values are. */
export function withoutUnusedBits(image: Types.IImage, frame: Frame | undefined): Types.IImage {
  const attribute = (tag: string): number => Number(frame?.data[tag]?.Value?.[0] ?? 0);
  const [bits, isSigned] = [attribute("00280101"), attribute("00280103") === 1];
  if (frame === undefined || frame.served || image.color || bits < 1 || bits >= attribute("00280100") || bits > 16) return image;
  const scaled = image.preScale?.scaled === true ? image.preScale.scalingParameters : undefined;
  const [slope, intercept] = [scaled?.rescaleSlope ?? 1, scaled?.rescaleIntercept ?? 0];
  const [least, most] = rangeOf(bits, isSigned).map((value) => value * slope + intercept);
  const tolerance = Math.abs(slope) / 2;
  if (least === undefined || most === undefined || (image.minPixelValue >= least - tolerance && image.maxPixelValue <= most + tolerance)) return image;
  const clean = Array.from(image.getPixelData() as ArrayLike<number>, (value) => sampleOf(Math.round((value - intercept) / slope), bits, isSigned) * slope + intercept);
  return withValues(image, clean, frame.windows.length > 0);
}

/** The same image with other values, and a window over them where it was given none. */
function withValues(image: Types.IImage, values: readonly number[], hasWindow: boolean): Types.IImage {
  const { min, max } = extremes(values);
  const pixels = typed(values, min, max);
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({ scalarData: pixels, width: image.columns, height: image.rows, numberOfComponents: 1 });
  const window = hasWindow ? {} : utilities.windowLevel.toWindowLevel(min, max);
  const imageFrame = { ...image.imageFrame, pixelData: pixels, smallestPixelValue: min, largestPixelValue: max };
  const changed = { voxelManager, imageFrame, dataType: pixels.constructor.name, minPixelValue: min, maxPixelValue: max, sizeInBytes: pixels.byteLength, getPixelData: () => pixels };
  return { ...image, ...changed, ...window } as unknown as Types.IImage;
}

function extremes(values: readonly number[]): { readonly min: number; readonly max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

function typed(values: readonly number[], min: number, max: number): Values {
  if (!values.every(Number.isInteger)) return Float32Array.from(values);
  if (min >= 0) return max < 256 ? Uint8Array.from(values) : Uint16Array.from(values);
  return min >= -32_768 && max <= 32_767 ? Int16Array.from(values) : Float32Array.from(values);
}
