/** A region whose repositories the service speaks for. */
export interface Region {
  readonly code: string;
  readonly name: string;
}

/** Who is calling, and what the service is. */
export interface Session {
  readonly userName: string;
  readonly authorityName: string | null;
  /** A development service has no sign-in and no real patients. */
  readonly development: boolean;
  readonly language: string | null;
  readonly regions: readonly Region[];
}

/** One of several studies that a launch may have meant: facility and date only. */
export interface LaunchChoice {
  readonly patientKey: string;
  readonly studyInstanceUid: string;
  readonly facility: string | null;
  readonly studyDate: string | null;
}

/** What another system asked this viewer to open. */
export type Launch =
  | { readonly kind: "study"; readonly patientKey: string; readonly studyInstanceUid: string; readonly diagnosticQuality: boolean }
  | { readonly kind: "patient"; readonly patientKey: string }
  | { readonly kind: "choose"; readonly choices: readonly LaunchChoice[] };
