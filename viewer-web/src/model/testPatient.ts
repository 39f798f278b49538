/** A patient who is taken for a test, or of whom somebody ruled whether they are one. */
export interface TestPatient {
  readonly key: string;
  readonly patientKey: string;
  readonly repository: string | null;
  readonly issuer: string | null;
  readonly patientId: string | null;
  readonly hiddenStudies: number;
  readonly ruling: { readonly isTest: boolean; readonly reason: string; readonly by: string | null; readonly at: string | null } | null;
}

/** What somebody rules of a number, and why. */
export interface TestRuling {
  readonly issuer: string;
  readonly patientId: string;
  readonly isTest: boolean;
  readonly reason: string;
}
