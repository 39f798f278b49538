/** A report that nobody reads before a time, by an operator's word. */
export interface HeldReport {
  readonly reportKey: string;
  readonly repository: string | null;
  readonly until: string | null;
  readonly since: string | null;
  readonly by: string | null;
  readonly reason: string;
}
