import { cache, Enums, imageLoader, metaData, type Types } from "@cornerstonejs/core";
import { createImage } from "@cornerstonejs/dicom-image-loader";
import type { Frame } from "../../model/displaySet";
import type { ImageBook, ImageId } from "./images";
import { withoutUnusedBits } from "./unused";

/** Two megapixels: below, a frame is there about as soon as its beginning. */
const LARGE_PIXELS = 2_000_000;
const RETRIEVE_CONFIGURATION = "imageRetrieveConfiguration";
/** Before the renderer's own providers. */
const PRIORITY = 20_000;

/** An encoded frame, or its beginning, and how it is encoded. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly transferSyntaxUid: string;
}

/** Retrieves a frame as its beginning and then all of it. */
export type RetrieveInParts = (frame: Frame) => Promise<{ readonly first: Encoded | null; readonly whole: () => Promise<Encoded> }>;

/** What a viewport does with a picture as it gets better. */
interface Listener {
  readonly successCallback: (imageId: string, image: Types.IImage) => void;
  readonly errorCallback: (imageId: string, permanent: boolean, reason: unknown) => void;
}

interface UnderWay {
  readonly preview: Promise<Types.IImage | null>;
  readonly full: Promise<Types.IImage>;
}

/** Large single frames: first a picture of the whole at less detail, from the first bytes, then all of it. */
export interface LargeImages {
  readonly isLarge: (imageId: ImageId) => boolean;
  /** Fetches and decodes all of it; the cache has it then. */
  readonly load: (imageId: ImageId) => Promise<Types.IImage>;
}

/** Has the renderer load large frames of `book` by `retrieve`. Where that fails for any reason, they come whole, as all others. */
export function createLargeImages(book: Pick<ImageBook, "frameOf">, retrieve: RetrieveInParts): LargeImages {
  const underWay = new Map<ImageId, UnderWay>();
  const isLarge = (imageId: ImageId): boolean => {
    const frame = book.frameOf(imageId);
    return frame !== undefined && comesInParts(frame);
  };

  const begin = (imageId: ImageId): UnderWay => {
    const known = underWay.get(imageId);
    if (known !== undefined) return known;
    const frame = book.frameOf(imageId);
    const parts = frame === undefined ? Promise.reject(new Error("unknown frame")) : retrieve(frame);
    const preview = parts.then(({ first }) => (first === null ? null : decode(imageId, first, book, Enums.ImageQualityStatus.SUBRESOLUTION))).catch(() => null);
    const inParts = parts.then(async ({ whole }) => decode(imageId, await whole(), book, Enums.ImageQualityStatus.FULL_RESOLUTION));
    const full = inParts.then((image) => kept(imageId, image)).catch(() => loadWhole(imageId));
    const made = { preview, full };
    underWay.set(imageId, made);
    const done = (): void => {
      underWay.delete(imageId);
    };
    full.then(done, done);
    return made;
  };
  const load = (imageId: ImageId): Promise<Types.IImage> => (cache.isLoaded(imageId) || !isLarge(imageId) ? loadWhole(imageId) : begin(imageId).full);

  const loadImages = async (imageIds: readonly ImageId[], listener: Listener): Promise<void> => {
    const show = async (imageId: ImageId): Promise<void> => {
      const full = load(imageId);
      let isFull = false;
      void underWay.get(imageId)?.preview.then((image) => {
        if (image !== null && !isFull) listener.successCallback(imageId, image);
      });
      try {
        const image = await full;
        isFull = true;
        listener.successCallback(imageId, image);
      } catch (reason) {
        isFull = true;
        listener.errorCallback(imageId, true, reason);
      }
    };
    await Promise.all(imageIds.map(show));
  };
  const configuration = { stages: [], create: () => ({ loadImages }) };
  metaData.addProvider((type: string, imageId: unknown) => (type === RETRIEVE_CONFIGURATION && typeof imageId === "string" && isLarge(imageId) ? configuration : undefined), PRIORITY);
  return { isLarge, load };
}

/** Stored with loss, or perhaps: what has lost something is not encoded anew without loss. */
const LOSSY = new Set(["50", "51", "81", "91", "93", "203", "112"].map((end) => `1.2.840.10008.1.2.4.${end}`));

/** Grey frames with a recorded window: the window of the first picture must be that of the last. */
export function comesInParts(frame: Frame): boolean {
  const value = (tag: string): number => Number(frame.data[tag]?.Value?.[0] ?? 0);
  const stored = String(frame.data["00083002"]?.Value?.[0] ?? "");
  if (frame.served || frame.lossy !== null || LOSSY.has(stored)) return false;
  return value("00280010") * value("00280011") >= LARGE_PIXELS && value("00280002") === 1 && value("00280100") > 1 && frame.windows.length > 0;
}

async function decode(imageId: ImageId, { bytes, transferSyntaxUid }: Encoded, book: Pick<ImageBook, "frameOf">, quality: Enums.ImageQualityStatus): Promise<Types.IImage> {
  // Level 0: a beginning is decoded at full size too, so that nothing moves when the rest comes.
  const options = { useRGBA: false, decodeLevel: 0 } as unknown as Parameters<typeof createImage>[3];
  const decoded = (await createImage(imageId, bytes, transferSyntaxUid, options)) as unknown as Types.IImage;
  const image = withoutUnusedBits(decoded, book.frameOf(imageId));
  image.imageQualityStatus = quality;
  return image;
}

function kept(imageId: ImageId, image: Types.IImage): Types.IImage {
  // Too large for the cache is no reason not to show it.
  if (cache.getImageLoadObject(imageId) === undefined) void cache.putImageLoadObject(imageId, { promise: Promise.resolve(image) }).catch(() => undefined);
  return image;
}

function loadWhole(imageId: ImageId): Promise<Types.IImage> {
  return imageLoader.loadAndCacheImage(imageId, { requestType: Enums.RequestType.Interaction, priority: 5 });
}
