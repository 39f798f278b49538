import type { DataSet } from "./dataset";
import type { Layers } from "./layers";
import type { Series } from "./study";

/** Where an instance lives below the service. */
export interface InstanceAddress {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
}

/** A window on the values of an image: what is black, what is white. */
export interface Window {
  readonly width: number;
  readonly center: number;
}

/** A window that the acquisition recorded, with its own explanation. */
export interface RecordedWindow extends Window {
  readonly explanation: string | null;
}

/** How the distance between two pixels is known, and so what a measured length may claim. */
export type Calibration =
  | { readonly kind: "patient"; readonly rowMm: number; readonly columnMm: number }
  | { readonly kind: "calibrated"; readonly rowMm: number; readonly columnMm: number }
  | { readonly kind: "detector"; readonly rowMm: number; readonly columnMm: number; readonly magnification: number | null }
  /** On the film or paper that was scanned. */
  | { readonly kind: "scanned"; readonly rowMm: number; readonly columnMm: number }
  | { readonly kind: "regions"; readonly regions: readonly UltrasoundRegion[] }
  /** Of the pixels only their shape is known. */
  | { readonly kind: "none"; readonly heightPerWidth: number };

/** A rectangle of an ultrasound image within which distances are calibrated, in pixels and centimetres. */
export interface UltrasoundRegion {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly columnCm: number;
  readonly rowCm: number;
}

/** One picture of a stack: what the renderer needs, and what is written beside it. */
export interface Frame {
  readonly instance: InstanceAddress;
  /** Counts from 1. */
  readonly frameNumber: number;
  /** The service draws it: it comes with every table and window applied, and its samples are no values. */
  readonly served: boolean;
  /** The instance's attributes with this frame's functional groups laid over them; of a served one, those of what comes. */
  readonly data: DataSet;
  readonly instanceNumber: number | null;
  readonly sliceLocation: number | null;
  readonly sliceThickness: number | null;
  readonly laterality: string | null;
  readonly acquired: { readonly date: string | null; readonly time: string | null };
  /** Null when the pixels are as they were acquired. */
  readonly lossy: { readonly ratio: number | null } | null;
  readonly windows: readonly RecordedWindow[];
  /** Directions of rows and columns when there is no orientation in space (0020,0020). */
  readonly patientOrientation: readonly string[];
  readonly inSpace: boolean;
  readonly calibration: Calibration;
  readonly layers: Layers;
  /** What its values are measured in; null where they have no unit, or where what comes has no values. */
  readonly unit: string | null;
}

/** Pictures that are scrolled together. */
export interface ImageStack {
  readonly kind: "stack";
  readonly key: string;
  readonly series: Series;
  readonly frames: readonly Frame[];
  /** Milliseconds a frame when this is a moving picture. */
  readonly frameTimeMs: number | null;
  /** The picture to start with. */
  readonly start: number;
}

/** Something that is read rather than looked at, or that this viewer can't draw. */
export interface DocumentSet {
  readonly kind: "document";
  readonly key: string;
  readonly series: Series;
  readonly instance: InstanceAddress;
  readonly sopClassUid: string | null;
  readonly form: "report" | "pdf" | "video" | "other";
  readonly data: DataSet;
}

export type DisplaySet = ImageStack | DocumentSet;
