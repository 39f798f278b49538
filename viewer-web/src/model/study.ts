import type { PersonName } from "./person";

/** Where a study's images can be had from right now. */
export type Availability = "ONLINE" | "NEARLINE" | "OFFLINE" | "UNAVAILABLE";

/** One row of a search across the regions. */
export interface StudyRow {
  readonly studyInstanceUid: string;
  readonly patientName: PersonName;
  readonly patientId: string | null;
  readonly issuerOfPatientId: string | null;
  readonly birthDate: string | null;
  readonly sex: string | null;
  readonly studyDate: string | null;
  readonly studyTime: string | null;
  readonly accessionNumber: string | null;
  readonly description: string | null;
  readonly institution: string | null;
  readonly modalities: readonly string[];
  readonly regions: readonly string[];
  readonly numberOfSeries: number | null;
  readonly numberOfInstances: number | null;
  readonly availability: Availability;
}

/** One series as a search knows it. */
export interface Series {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly modality: string;
  readonly seriesNumber: number | null;
  readonly description: string | null;
  readonly numberOfInstances: number | null;
}
