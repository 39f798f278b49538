/** Somebody who opened a study, a report or a record, as the audit trail tells. Nothing in it names a patient. */
export interface Reader {
  readonly at: string;
  readonly until: string | null;
  readonly user: string;
  readonly authority: string;
  readonly recipient: string | null;
  readonly face: string | null;
  readonly action: string;
  readonly patientKey: string | null;
  /** It stood under another patient then than now. */
  readonly otherPatient: boolean;
  readonly version: number | null;
  readonly laterVersion: number | null;
  /** It had been withdrawn: no words were given. */
  readonly withheld: boolean;
}

/** What is asked of the trail. */
export interface ReadersQuestion {
  readonly kind: "study" | "report" | "patient";
  readonly key: string;
  readonly version: string;
  readonly from: string;
  readonly to: string;
}

/** Who read it, the oldest first, and what the list lacks. */
export interface Readers {
  readonly rows: readonly Reader[];
  readonly notShown: number;
  readonly altered: number;
  readonly alsoInStudies: readonly string[];
}
