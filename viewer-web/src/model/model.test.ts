import { expect, test } from "vitest";
import { parseDataSet } from "../dicomweb/json";
import { contentOf } from "./content";
import type { DataSet } from "./dataset";
import { ageOn, isoDate, isoTime, sinceExam } from "./dates";
import { selectedInstances } from "./keyObjects";
import { lengthBetween } from "./measure";
import type { PatientRecord, PatientStudy, ReportSummary } from "./patient";
import { displayName, fullName } from "./person";
import { definitionOf, EMPTY_FORM, missingFields } from "./repository";
import { filterTimeline, priorsOf, timelineOf } from "./timeline";

test("dates are shown as ISO dates, and what is no date as it came", () => {
  expect(isoDate("20260110")).toBe("2026-01-10");
  expect(isoDate("2026")).toBe("2026");
  expect(isoDate("")).toBeNull();
  expect(isoTime("083000.123")).toBe("08:30");
});

test.each([
  ["19700101", "20260110", { unit: "years", count: 56 }],
  ["19700111", "20260110", { unit: "years", count: 55 }],
  ["20250611", "20260105", { unit: "months", count: 6 }],
  ["20260101", "20260105", { unit: "days", count: 4 }],
  ["20270101", "20260105", null],
  ["", "20260105", null],
])("born %s, on %s", (born, on, age) => {
  expect(ageOn(born, on)).toEqual(age);
});

test("a name is read family first, with its ideographic group beside it", () => {
  expect(displayName("MacDonald^Ian^Robert^Dr")).toBe("MacDonald, Dr Ian Robert");
  expect(displayName("^^")).toBeNull();
  expect(fullName({ alphabetic: "Wang^XiaoDong", ideographic: "王^小東", phonetic: null })).toEqual({ main: "Wang, XiaoDong", native: "王 小東" });
});

const study = (uid: string, date: string, modality: string, region: string, reports: readonly string[] = []): PatientStudy => ({
  studyInstanceUid: uid,
  studyDate: date,
  listedDate: null,
  studyTime: null,
  description: null,
  modalities: [modality],
  regions: [region],
  accessionNumber: null,
  institution: null,
  numberOfSeries: 1,
  numberOfInstances: 1,
  availability: "ONLINE",
  conflict: false,
  differingInstances: 0,
  copyOf: null,
  reports,
});
const report = (key: string, observed: string, studies: readonly string[]): ReportSummary => ({ reportKey: key, status: "final", title: null, observed, issued: null, region: "B", language: null, studyInstanceUids: studies });
const record: PatientRecord = {
  patientKey: "p",
  state: null,
  images: null,
  name: { alphabetic: null, ideographic: null, phonetic: null },
  birthDate: null,
  sex: null,
  healthNumber: null,
  identifiers: [],
  studies: [study("1", "20200101", "CT", "A", ["r1"]), study("2", "20240101", "MR", "B"), study("3", "20250101", "CT", "B")],
  reports: [report("r1", "2020-01-02T12:00:00Z", []), report("r2", "2022-06-01T12:00:00Z", ["unknown"]), report("r3", "2024-01-02T12:00:00Z", ["2"])],
  missing: [],
};

test("a time line holds studies and reports without images, newest first, and each report once", () => {
  const entries = timelineOf(record).map((entry) => (entry.kind === "study" ? [entry.study.studyInstanceUid, ...entry.reports.map((it) => it.reportKey)] : entry.report.reportKey));
  expect(entries).toEqual([["3"], ["2", "r3"], "r2", ["1", "r1"]]);
});

test("a filter keeps what it names, and priors of the same modality come first", () => {
  const entries = timelineOf(record);
  expect(filterTimeline(entries, { modality: "CT", region: "" })).toHaveLength(2);
  expect(filterTimeline(entries, { modality: "", region: "B" })).toHaveLength(3);
  const priors = priorsOf(entries, study("3", "20250101", "CT", "B"));
  expect(priors.map((entry) => (entry.kind === "study" ? entry.study.studyInstanceUid : "report"))).toEqual(["1", "2", "report"]);
});

test("a length claims millimetres only with a source, and in ultrasound only inside one region", () => {
  expect(lengthBetween([0, 0], [30, 40], { kind: "patient", rowMm: 0.5, columnMm: 0.5 })).toEqual({ value: 25, unit: "mm", basis: "patient" });
  expect(lengthBetween([0, 0], [3, 4], { kind: "none", heightPerWidth: 1 })).toEqual({ value: 5, unit: "px", basis: "none" });
  // Pixels twice as high as wide: four of them upward are as long as eight across.
  expect(lengthBetween([0, 0], [6, 4], { kind: "none", heightPerWidth: 2 })).toEqual({ value: 10, unit: "px", basis: "none" });
  expect(lengthBetween([0, 0], [0, 20], { kind: "scanned", rowMm: 0.2, columnMm: 0.1 })).toEqual({ value: 4, unit: "mm", basis: "scanned" });
  const regions = { kind: "regions", regions: [{ left: 0, top: 0, right: 100, bottom: 100, columnCm: 0.05, rowCm: 0.05 }] } as const;
  expect(lengthBetween([0, 0], [0, 20], regions)).toEqual({ value: 10, unit: "mm", basis: "region" });
  expect(lengthBetween([0, 0], [0, 200], regions).unit).toBe("px");
});

test("a structured report becomes lines, and one that nests without end is cut off", () => {
  const content = contentOf(
    parseDataSet({
      "0040A043": { vr: "SQ", Value: [{ "00080104": { vr: "LO", Value: ["Dose Report"] } }] },
      "0040A730": {
        vr: "SQ",
        Value: [{ "0040A040": { vr: "CS", Value: ["NUM"] }, "0040A043": { vr: "SQ", Value: [{ "00080104": { vr: "LO", Value: ["DLP"] } }] }, "0040A300": { vr: "SQ", Value: [{ "0040A30A": { vr: "DS", Value: [312] }, "004008EA": { vr: "SQ", Value: [{ "00080104": { vr: "LO", Value: ["mGy.cm"] } }] } }] } }],
      },
    }),
  );
  expect(content).toMatchObject({ title: "Dose Report", verified: false, items: [{ name: "DLP", value: "312 mGy.cm" }] });
  let deep: Record<string, unknown> = {};
  for (let depth = 0; depth < 60; depth += 1) deep = { "0040A730": { vr: "SQ", Value: [deep] } };
  let depth = 0;
  for (let at = contentOf(parseDataSet(deep)).items; at.length > 0; at = at[0]?.items ?? []) depth += 1;
  expect(depth).toBe(12);
});

test("a registration holds the block of its own protocol only", () => {
  const form = { ...EMPTY_FORM, code: "hdirs", protocol: "push" as const, callingAeTitles: "HDIRS, HDIRS2" };
  expect(definitionOf(form)).toMatchObject({ code: "hdirs", name: "HDIRS", region: "HDIRS", protocol: "push", patientIdIssuer: "HDIRS", push: { callingAeTitles: ["HDIRS", "HDIRS2"] } });
  expect(definitionOf(form)).not.toHaveProperty("hl7");
  expect(definitionOf({ ...form, sendingFacility: "0001" })).toHaveProperty("hl7", { sendingFacility: "0001", accessionField: "OBR-18" });
  expect(missingFields({ ...EMPTY_FORM, protocol: "dimse" })).toEqual(["code", "host", "aeTitle"]);
});

const ui = (value: string): unknown => ({ vr: "UI", Value: [value] });
const sq = (...Value: unknown[]): unknown => ({ vr: "SQ", Value });

test("a key object selection leads to each of its instances once", () => {
  const series = { "0020000E": ui("1.2.1"), "00081199": sq({ "00081155": ui("1.2.1.1") }, { "00081155": ui("1.2.1.2") }, { "00081155": ui("1.2.1.1") }, { "00081155": ui("../x") }) };
  const data = { "0040A375": sq({ "0020000D": ui("1.2"), "00081115": sq(series) }) } as unknown as DataSet;
  expect(selectedInstances(data).map((it) => `${it.studyInstanceUid} ${it.seriesInstanceUid} ${it.sopInstanceUid}`)).toEqual(["1.2 1.2.1 1.2.1.1", "1.2 1.2.1 1.2.1.2"]);
  expect(selectedInstances({})).toEqual([]);
});

test("a study without a date stands where the best known day puts it, and says that none is given", () => {
  const undated: PatientStudy = { ...study("4", "", "US", "A"), studyDate: null, listedDate: "20240601" };
  const entries = timelineOf({ ...record, studies: [...record.studies, undated], reports: [] });
  expect(entries.map((it) => (it.kind === "study" ? it.study.studyInstanceUid : ""))).toEqual(["3", "4", "2", "1"]);
  expect(entries[1]).toMatchObject({ date: "20240601", study: { studyDate: null } });
});

test.each([
  ["20260110", "1030", "3 hours ago", "il y a 3 heures"],
  ["20260109", "1030", "27 hours ago", "il y a 27 heures"],
  ["20260110", null, "today", "aujourd’hui"],
  ["20260105", "1030", "5 days ago", "il y a 5 jours"],
  ["20251010", null, "3 months ago", "il y a 3 mois"],
  ["20210110", null, "5 years ago", "il y a 5 ans"],
  ["20260111", null, "today", "aujourd’hui"],
])("an examination of %s at %s was %s", (date, time, english, french) => {
  const now = new Date(2026, 0, 10, 13, 45);
  expect(sinceExam(date, time, "en", now)).toBe(english);
  expect(sinceExam(date, time, "fr", now)).toBe(french);
  expect(sinceExam(null, time, "en", now)).toBeNull();
});
