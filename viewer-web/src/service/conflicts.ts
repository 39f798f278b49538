import { type Http, requestJson } from "../dicomweb/http";
import { CONFLICT_KINDS, DOUBTS, type Conflict } from "../model/conflict";
import { type Fields, listOf, oneOf } from "./decode";

const ROOT = "/api/admin/conflicts";

/** What somebody has to look at, or what was dismissed. */
export async function searchConflicts(http: Http, dismissed: boolean, signal: AbortSignal): Promise<readonly Conflict[]> {
  return listOf((await requestJson(http, `${ROOT}?limit=100&dismissed=${dismissed}`, { signal })).body, conflictOf);
}

/** Says why one needs nothing more. */
export async function dismissConflict(http: Http, key: string, reason: string, signal: AbortSignal): Promise<void> {
  await requestJson(http, `${ROOT}/${encodeURIComponent(key)}/dismissal`, { method: "PUT", body: { reason }, signal });
}

/** Lists one again that was dismissed. */
export async function listAgain(http: Http, key: string, signal: AbortSignal): Promise<void> {
  await requestJson(http, `${ROOT}/${encodeURIComponent(key)}/dismissal`, { method: "DELETE", signal });
}

function conflictOf(item: Fields): Conflict {
  const dismissal = item.object("dismissal");
  return {
    key: item.text("key"),
    kind: oneOf(CONFLICT_KINDS, item.optional("kind"), "unknown"),
    alert: item.optional("severity") === "alert",
    since: item.optional("since"),
    patients: item.list("patients", (it) => ({ patientKey: it.text("patientKey"), repository: it.optional("repository"), issuer: it.optional("issuer"), patientId: it.optional("patientId") })),
    studyInstanceUid: item.optional("studyInstanceUid"),
    sopInstanceUid: item.optional("sopInstanceUid"),
    instances: item.number("instances") ?? 1,
    shown: item.optional("shown"),
    beside: item.optional("beside"),
    compared: item.flag("compared"),
    why: oneOf(DOUBTS, item.optional("why"), "unknown"),
    studies: item.object("leftBehind")?.texts("studies") ?? item.texts("studies"),
    repository: item.optional("repository"),
    controlId: item.optional("controlId"),
    messages: item.number("messages") ?? 0,
    dismissal: dismissal === null ? null : { reason: dismissal.optional("reason") ?? "", by: dismissal.optional("by"), at: dismissal.optional("at") },
  };
}
