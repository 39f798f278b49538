import { type Http, requestJson } from "../dicomweb/http";
import type { HeldReport } from "../model/heldReport";
import { listOf } from "./decode";

const ROOT = "/api/admin/reports";

/** Reports that are held, the next to be released first. */
export async function searchHeldReports(http: Http, signal: AbortSignal): Promise<readonly HeldReport[]> {
  return listOf((await requestJson(http, `${ROOT}/held?limit=100`, { signal })).body, (item) => ({
    reportKey: item.text("reportKey"),
    repository: item.optional("repository"),
    until: item.optional("until"),
    since: item.optional("since"),
    by: item.optional("by"),
    reason: item.optional("reason") ?? "",
  }));
}

/** Holds a report until a day, or until another than before. */
export async function holdReport(http: Http, reportKey: string, until: string, reason: string, signal: AbortSignal): Promise<void> {
  await requestJson(http, `${ROOT}/${encodeURIComponent(reportKey)}/hold`, { method: "PUT", body: { until, reason }, signal });
}

/** Ends the hold of a report before its time. */
export async function releaseReport(http: Http, reportKey: string, reason: string, signal: AbortSignal): Promise<void> {
  await requestJson(http, `${ROOT}/${encodeURIComponent(reportKey)}/release`, { method: "POST", body: { reason }, signal });
}
