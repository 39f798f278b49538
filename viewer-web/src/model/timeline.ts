import { dayOfInstant } from "./dates";
import type { PatientRecord, PatientStudy, ReportSummary } from "./patient";

/** One line of a patient's record: a study with its reports, or a report that has no images. */
export type TimelineEntry =
  | { readonly kind: "study"; readonly date: string | null; readonly study: PatientStudy; readonly reports: readonly ReportSummary[] }
  | { readonly kind: "report"; readonly date: string | null; readonly report: ReportSummary };

/** What a reader wants to see of a record; empty means all. */
export interface TimelineFilter {
  readonly modality: string;
  readonly region: string;
}

/** The record in one order, newest first. A report that belongs to a listed study stands with it, any other by itself. */
export function timelineOf(record: PatientRecord): readonly TimelineEntry[] {
  const byKey = new Map(record.reports.map((report) => [report.reportKey, report]));
  const claimed = new Set<string>();
  const studies = record.studies.map((study): TimelineEntry => {
    const keys = new Set(study.reports);
    for (const report of record.reports) if (report.studyInstanceUids.includes(study.studyInstanceUid)) keys.add(report.reportKey);
    const reports = [...keys].flatMap((key) => byKey.get(key) ?? []);
    for (const report of reports) claimed.add(report.reportKey);
    return { kind: "study", date: study.studyDate ?? study.listedDate, study, reports };
  });
  const alone = record.reports
    .filter((report) => !claimed.has(report.reportKey))
    .map((report): TimelineEntry => ({ kind: "report", date: dayOfInstant(report.observed ?? report.issued), report }));
  return [...studies, ...alone].toSorted((a, b) => sortKey(b).localeCompare(sortKey(a)));
}

function sortKey(entry: TimelineEntry): string {
  return `${entry.date ?? ""} ${entry.kind === "study" ? (entry.study.studyTime ?? "") : ""}`;
}

/** The entries that pass the filter. A report without images has no modality, so a modality filter hides it. */
export function filterTimeline(entries: readonly TimelineEntry[], filter: TimelineFilter): readonly TimelineEntry[] {
  return entries.filter((entry) => {
    const modalities = entry.kind === "study" ? entry.study.modalities : [];
    const regions = entry.kind === "study" ? entry.study.regions : [entry.report.region ?? ""];
    return (filter.modality === "" || modalities.includes(filter.modality)) && (filter.region === "" || regions.includes(filter.region));
  });
}

/** The values that a filter can take, from what is there. */
export function filterChoices(entries: readonly TimelineEntry[]): { readonly modalities: readonly string[]; readonly regions: readonly string[] } {
  const modalities = new Set(entries.flatMap((entry) => (entry.kind === "study" ? entry.study.modalities : [])));
  const regions = new Set(entries.flatMap((entry) => (entry.kind === "study" ? entry.study.regions : entry.report.region === null ? [] : [entry.report.region])));
  return { modalities: [...modalities].toSorted(), regions: [...regions].toSorted() };
}

/** Words of a description that name no part of the body. */
const UNSPECIFIC = new Set(["with", "without", "contrast", "left", "right", "study", "view", "views", "exam", "avec", "sans", "contraste", "gauche", "droite", "examen"]);

function parts(study: PatientStudy): readonly string[] {
  const plain = (study.description ?? "").normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return plain.split(/[^a-z]+/u).filter((word) => word.length > 3 && !UNSPECIFIC.has(word));
}

/** Which entries of other dates matter most beside a study: same modality and part of the body first, then same modality, newest first within each. */
export function priorsOf(entries: readonly TimelineEntry[], open: PatientStudy): readonly TimelineEntry[] {
  const here = new Set(parts(open));
  const shared = (entry: TimelineEntry): number => {
    if (entry.kind !== "study") return 0;
    const part = parts(entry.study).some((word) => here.has(word)) ? 1 : 0;
    return entry.study.modalities.some((modality) => open.modalities.includes(modality)) ? 2 + part : part;
  };
  return entries
    .filter((entry) => entry.kind !== "study" || entry.study.studyInstanceUid !== open.studyInstanceUid)
    .toSorted((a, b) => shared(b) - shared(a));
}
