import { type Http, requestJson } from "../dicomweb/http";
import type { TestPatient, TestRuling } from "../model/testPatient";
import { listOf } from "./decode";

const ROOT = "/api/admin/test-patients";

/** Who is taken for a test, and of whom somebody ruled. */
export async function searchTestPatients(http: Http, signal: AbortSignal): Promise<readonly TestPatient[]> {
  return listOf((await requestJson(http, `${ROOT}?limit=100`, { signal })).body, (item) => {
    const ruling = item.object("ruling");
    return {
      key: item.text("key"),
      patientKey: item.text("patientKey"),
      repository: item.optional("repository"),
      issuer: item.optional("issuer"),
      patientId: item.optional("patientId"),
      hiddenStudies: item.number("hiddenStudies") ?? 0,
      ruling: ruling === null ? null : { isTest: ruling.flag("isTest"), reason: ruling.optional("reason") ?? "", by: ruling.optional("by"), at: ruling.optional("at") },
    };
  });
}

/** Rules of a number whether its patient is a test. The number is in the body, so that no address names a patient. */
export async function ruleTestPatient(http: Http, ruling: TestRuling, signal: AbortSignal): Promise<void> {
  await requestJson(http, ROOT, { method: "POST", body: { ...ruling }, signal });
}
