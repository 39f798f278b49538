import { expect, test } from "vitest";
import en from "../ui/locales/en.json";
import fr from "../ui/locales/fr.json";
import { ServiceError } from "./errors";
import { requestJson } from "./http";
import { firstPart } from "./multipart";
import { EVERYTHING, isHealthNumber, studyQuery } from "./query";
import { parseWarnings } from "./warnings";

const query = (change: Partial<typeof EVERYTHING>): URLSearchParams => new URLSearchParams(studyQuery({ ...EVERYTHING, ...change }));

test("an empty search asks for the newest page and nothing else", () => {
  const asked = query({});
  expect([...asked.keys()]).toEqual(["fuzzymatching", "includefield", "limit", "offset"]);
  expect(asked.get("fuzzymatching")).toBe("false");
});

test("a name is matched by its beginnings when similar names are not wanted", () => {
  expect(query({ patientName: "Tremblay, Gen", fuzzy: false }).get("PatientName")).toBe("Tremblay*^Gen*");
  expect(query({ patientName: "Tremblay, Gen" }).get("PatientName")).toBe("Tremblay^Gen");
  expect(query({ patientName: "Trem*" }).get("PatientName")).toBe("Trem*");
});

test("a health number is asked for without its version code and without an issuer", () => {
  const asked = query({ healthNumber: "9876 543 217 AB", patientId: "1", issuerOfPatientId: "NEODIN" });
  expect(asked.get("PatientID")).toBe("9876543217");
  expect(asked.has("IssuerOfPatientID")).toBe(false);
});

test("a range of dates may be open at one end, and one day is a single value", () => {
  expect(query({ from: "20240101" }).get("StudyDate")).toBe("20240101-");
  expect(query({ to: "20240131" }).get("StudyDate")).toBe("-20240131");
  expect(query({ from: "20240101", to: "20240101" }).get("StudyDate")).toBe("20240101");
});

test.each([
  ["9876543217", true],
  ["1234567897", true],
  ["9876-543-217-ab", true],
  ["1234567890", false],
  ["0876543217", false],
  ["987654321", false],
])("the health number %s is valid: %s", (typed, valid) => {
  expect(isHealthNumber(typed)).toBe(valid);
});

test("warnings are told apart, joined or quoted or as the standard writes them", () => {
  expect(parseWarnings('299 dics "Repository SWODIN did not answer; results may be incomplete", 299 dics "There are 12 additional results that can be requested"')).toEqual([
    { kind: "repository", repository: "SWODIN", text: "Repository SWODIN did not answer; results may be incomplete" },
    { kind: "more", count: 12 },
  ]);
  expect(parseWarnings("299 dics: The fuzzymatching parameter is not supported. Only literal matching has been performed.")).toEqual([{ kind: "literal" }]);
  expect(parseWarnings("299 dics: 3 studies without a Study Date match otherwise and are not shown.")).toEqual([{ kind: "undated", count: 3 }]);
  expect(parseWarnings('299 - "Something, else"')).toEqual([{ kind: "other", text: "Something, else" }]);
  expect(parseWarnings("299 http://here/dicom-web: There are 299 additional results that can be requested., 299 http://here/dicom-web: Repository neodin did not answer; results may be incomplete.")).toEqual([
    { kind: "more", count: 299 },
    { kind: "repository", repository: "neodin", text: "Repository neodin did not answer; results may be incomplete." },
  ]);
  expect(parseWarnings(null)).toEqual([]);
});

test("the first part of a multipart body is found by its boundary", () => {
  const body = new TextEncoder().encode("--b\r\nContent-Type: application/octet-stream\r\n\r\nab\r\ncd\r\n--b--\r\n");
  expect(new TextDecoder().decode(firstPart(body.buffer, 'multipart/related; type="application/octet-stream"; boundary=b'))).toBe("ab\r\ncd");
  expect(firstPart(body.buffer, "application/octet-stream").length).toBe(body.length);
});

const answering = (response: Response): { readonly fetch: typeof fetch } => ({ fetch: () => Promise.resolve(response) });
const signal = new AbortController().signal;

test("a problem document becomes an error that says what to do and repeats nothing that was asked", async () => {
  const response = new Response(JSON.stringify({ status: 400, title: "Bad Request", detail: "not a date", parameter: "StudyDate" }), { status: 400, headers: { "content-type": "application/problem+json" } });
  const error = await requestJson(answering(response), "/dicom-web/studies?PatientName=Secret", { signal }).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ trouble: "invalid", detail: "not a date", parameter: "StudyDate" });
  expect(String(error)).not.toContain("Secret");
});

test("204 is an empty answer, and broken JSON is told as such", async () => {
  await expect(requestJson(answering(new Response(null, { status: 204 })), "/x", { signal })).resolves.toMatchObject({ body: null });
  await expect(requestJson(answering(new Response("<html>")), "/x", { signal })).rejects.toBeInstanceOf(ServiceError);
});

test("no answer at all is trouble with the network, but an abort stays an abort", async () => {
  const broken = { fetch: () => Promise.reject(new TypeError("failed")) };
  await expect(requestJson(broken, "/x", { signal })).rejects.toMatchObject({ trouble: "network" });
  const controller = new AbortController();
  controller.abort();
  await expect(requestJson({ fetch: () => Promise.reject(new DOMException("", "AbortError")) }, "/x", { signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
});

test("what was removed at its source is told from what was never here, in both languages", async () => {
  const body = JSON.stringify({ title: "Gone", detail: "removed at its source: north" });
  const gone = { fetch: () => Promise.resolve(new Response(body, { status: 410, headers: { "Content-Type": "application/problem+json" } })) };
  await expect(requestJson(gone, "/x", { signal })).rejects.toMatchObject({ trouble: "gone", detail: "removed at its source: north" });
  expect(en.trouble.gone.title).toBe("Removed at its source");
  expect(fr.trouble.gone.title).toBe("Retiré à la source");
});
