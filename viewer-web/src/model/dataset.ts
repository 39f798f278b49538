/** One attribute of the DICOM JSON model (PS3.18 Annex F). */
export interface Element {
  readonly vr: string;
  readonly Value?: readonly unknown[];
  readonly InlineBinary?: string;
  readonly BulkDataURI?: string;
}

/** A data set: eight upper-case hexadecimal digits to an attribute that has a value. */
export type DataSet = Readonly<Record<string, Element>>;
