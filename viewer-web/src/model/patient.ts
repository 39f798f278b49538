import type { Availability } from "./study";
import type { PersonName } from "./person";

/** An identifier that one issuer gave. */
export interface Identifier {
  readonly value: string;
  readonly issuer: string | null;
  readonly region: string | null;
}

/** A study as a patient's record knows it, copies of all regions united. */
export interface PatientStudy {
  readonly studyInstanceUid: string;
  readonly studyDate: string | null;
  /** Where no date is given, the best known one: of its objects, its report, or its arrival. */
  readonly listedDate: string | null;
  readonly studyTime: string | null;
  readonly description: string | null;
  readonly modalities: readonly string[];
  readonly regions: readonly string[];
  readonly accessionNumber: string | null;
  readonly institution: string | null;
  readonly numberOfSeries: number | null;
  readonly numberOfInstances: number | null;
  readonly availability: Availability;
  /** Another patient has a study of the same identifier. */
  readonly conflict: boolean;
  /** Of how many images copies differ; the first that came is shown. */
  readonly differingInstances: number;
  /** The study of this record that it is a copy of, imported under identifiers of its own; certain where its header says so. */
  readonly copyOf: { readonly studyInstanceUid: string; readonly certain: boolean } | null;
  readonly reports: readonly string[];
}

export type ReportStatus = "registered" | "partial" | "preliminary" | "final" | "amended" | "corrected" | "appended" | "cancelled" | "entered-in-error" | "unknown";

/** A report as a patient's record lists it. */
export interface ReportSummary {
  readonly reportKey: string;
  readonly status: ReportStatus;
  readonly title: string | null;
  readonly observed: string | null;
  readonly issued: string | null;
  readonly region: string | null;
  readonly language: string | null;
  readonly studyInstanceUids: readonly string[];
}

/** A repository that does not answer now. */
export interface MissingRepository {
  readonly repository: string;
  readonly region: string | null;
  readonly since: string | null;
}

/** What stands for a record, and for the images of its studies. */
export type RecordState = Pick<PatientRecord, "state" | "images">;

/** One person's record of all regions. */
export interface PatientRecord {
  readonly patientKey: string;
  /** What stands for the record as it was when it was read. */
  readonly state: string | null;
  /** What stands for the images of its studies, as they were counted then. */
  readonly images: string | null;
  readonly name: PersonName;
  readonly birthDate: string | null;
  readonly sex: string | null;
  readonly healthNumber: { readonly value: string; readonly versionCode: string | null } | null;
  readonly identifiers: readonly Identifier[];
  readonly studies: readonly PatientStudy[];
  readonly reports: readonly ReportSummary[];
  readonly missing: readonly MissingRepository[];
}

/** A document that came with a report, as its author laid it out. */
export interface ReportDocument {
  readonly number: number;
  readonly mediaType: string | null;
  readonly title: string | null;
  readonly sizeBytes: number | null;
}

/** One state of a report's text. */
export interface ReportVersion {
  readonly version: number;
  readonly status: ReportStatus;
  readonly issued: string | null;
  readonly interpreter: string | null;
  readonly language: string | null;
  readonly text: string;
  readonly documents: readonly ReportDocument[];
  readonly current: boolean;
}

/** A report with all its versions, newest first. */
export interface Report {
  readonly reportKey: string;
  readonly title: string | null;
  readonly status: ReportStatus;
  readonly region: string | null;
  /** Until when nobody may read it. */
  readonly heldUntil: string | null;
  readonly studyInstanceUids: readonly string[];
  readonly versions: readonly ReportVersion[];
}
