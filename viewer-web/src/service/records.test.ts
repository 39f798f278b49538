import { expect, test } from "vitest";
import { locateStudy, reportDocumentAddress, retrieveLaunch, retrievePatient, retrieveReport, retrieveSession } from "./records";

const signal = new AbortController().signal;
const answering = (body: unknown, status = 200): { readonly fetch: typeof fetch } => ({
  fetch: () => Promise.resolve(new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } })),
});

test("a record needs its key and lives without the rest", async () => {
  const patient = await retrievePatient(answering({ patientKey: "p", studies: [{ studyInstanceUid: "1", availability: "SOMEWHERE" }], reports: [{ reportKey: "r", status: "novel" }] }), "p", signal);
  expect(patient.studies[0]).toMatchObject({ availability: "ONLINE", modalities: [], numberOfInstances: null, differingInstances: 0 });
  expect(patient.reports[0]?.status).toBe("unknown");
  await expect(retrievePatient(answering({}), "p", signal)).rejects.toMatchObject({ trouble: "malformed" });
});

test("a report's versions come newest first", async () => {
  const report = await retrieveReport(answering({ reportKey: "r", status: "final", versions: [{ version: 1, status: "preliminary" }, { version: 2, status: "final", current: true }] }), "r", signal);
  expect(report.versions.map((it) => it.version)).toEqual([2, 1]);
  expect(report.studyInstanceUids).toEqual([]);
});

test("a version lists its documents, and each has an address", async () => {
  const documents = [{ number: 1, mediaType: "application/pdf", title: "Report", sizeBytes: 9 }];
  const report = await retrieveReport(answering({ reportKey: "r/1", versions: [{ version: 2, documents }, { version: 1 }] }), "r/1", signal);
  expect(report.versions.map((it) => it.documents)).toEqual([documents, []]);
  expect(reportDocumentAddress("r/1", 2, 1)).toBe("/api/reports/r%2F1/versions/2/documents/1");
});

test("a study of two patients is a choice by facility and date", async () => {
  const found = await locateStudy(answering({ choices: [{ patientKey: "a", facility: "X", studyDate: "20260101" }, { patientKey: "b" }] }, 409), "1.2", signal);
  expect(found).toEqual({ kind: "choose", choices: [{ patientKey: "a", studyInstanceUid: "1.2", facility: "X", studyDate: "20260101" }, { patientKey: "b", studyInstanceUid: "1.2", facility: null, studyDate: null }] });
});

test("a launch for a study opens it, and one without a study its patient", async () => {
  expect(await retrieveLaunch(answering({ kind: "study", patientKey: "p", studyInstanceUids: ["1"] }), "x", signal)).toMatchObject({ kind: "study", studyInstanceUid: "1" });
  expect(await retrieveLaunch(answering({ kind: "study", patientKey: "p", studyInstanceUids: [] }), "x", signal)).toEqual({ kind: "patient", patientKey: "p" });
});

test("only the word development makes a development service", async () => {
  expect((await retrieveSession(answering({ mode: "development" }), signal)).development).toBe(true);
  expect((await retrieveSession(answering({ user: { name: "N" } }), signal)).development).toBe(false);
});
