import { expect, test } from "vitest";
import { ruleTestPatient, searchTestPatients } from "../service/testPatients";
import { TEST_PATIENTS_WORDS } from "./admin/testPatientsWords";

const signal = new AbortController().signal;

test("a ruling names the number in its body and never in its address", async () => {
  const asked: (readonly [unknown, RequestInit | undefined])[] = [];
  const http = {
    fetch: (address: unknown, init?: RequestInit) => {
      asked.push([address, init]);
      return Promise.resolve(new Response(null, { status: 204 }));
    },
  };
  const ruling = { issuer: "NORTH", patientId: "4711", isTest: false, reason: "numbers of our old system" };
  await ruleTestPatient(http, ruling, signal);
  expect(asked[0]?.[0]).toBe("/api/admin/test-patients");
  expect(asked[0]?.[1]).toMatchObject({ method: "POST", body: JSON.stringify(ruling) });
});

test("who is a test by a number, and who by a word, are told apart", async () => {
  const body = [
    { key: "1", patientKey: "a", issuer: "NORTH", patientId: "TEST-1", hiddenStudies: 2, ruling: null },
    { key: "2", patientKey: "b", ruling: { isTest: true, reason: "a phantom", by: "operator", at: "2026-01-10T14:25:00Z" } },
  ];
  const http = { fetch: () => Promise.resolve(new Response(JSON.stringify(body))) };
  const [number, word] = await searchTestPatients(http, signal);
  expect(number).toMatchObject({ hiddenStudies: 2, ruling: null });
  expect(word).toMatchObject({ hiddenStudies: 0, ruling: { isTest: true, reason: "a phantom" } });
});

test("test patients have their words in both languages", () => {
  const { en, fr } = TEST_PATIENTS_WORDS;
  expect(Object.keys(fr)).toEqual(Object.keys(en));
  expect([en.hidden(1), fr.hidden(1), fr.hidden(2)]).toEqual(["1 study is left out of searches", "1 examen est laissé hors des recherches", "2 examens sont laissés hors des recherches"]);
});
