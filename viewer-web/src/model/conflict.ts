export const CONFLICT_KINDS = ["study", "patient-number", "instance", "report", "health-number", "visit", "message", "unknown"] as const;
export type ConflictKind = (typeof CONFLICT_KINDS)[number];

export const DOUBTS = ["other-patient", "several-patients", "other-issuer", "unknown"] as const;
export type Doubt = (typeof DOUBTS)[number];

/** A patient whom a conflict concerns, as far as it takes to find them. */
export interface ConcernedPatient {
  readonly patientKey: string;
  readonly repository: string | null;
  readonly issuer: string | null;
  readonly patientId: string | null;
}

/** That an administrator looked at a conflict and found that it needs nothing more. */
export interface Dismissal {
  readonly reason: string;
  readonly by: string | null;
  readonly at: string | null;
}

/** Something that contradicts itself: somebody has to look. */
export interface Conflict {
  readonly key: string;
  readonly kind: ConflictKind;
  readonly alert: boolean;
  readonly since: string | null;
  readonly patients: readonly ConcernedPatient[];
  readonly studyInstanceUid: string | null;
  /** One of the images whose copies differ, and how many there are. */
  readonly sopInstanceUid: string | null;
  readonly instances: number;
  /** Whose copy of an instance is shown, and whose stands beside it. */
  readonly shown: string | null;
  readonly beside: string | null;
  readonly compared: boolean;
  readonly why: Doubt;
  /** Studies that a report may mean, or that stayed when a visit moved. */
  readonly studies: readonly string[];
  /** Whose messages used control ids of others again, the latest of these, and how many there were. */
  readonly repository: string | null;
  readonly controlId: string | null;
  readonly messages: number;
  readonly dismissal: Dismissal | null;
}
