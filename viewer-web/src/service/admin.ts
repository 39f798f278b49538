import { type Http, requestJson } from "../dicomweb/http";
import type { DriftOutcome, DriftReport, QuarantineEntry, Repository, RepositoryState, TestResult } from "../model/repository";
import { type Fields, fieldsOf, listOf, oneOf } from "./decode";

const ROOT = "/api/admin";
const STATES: readonly RepositoryState[] = ["waiting", "indexing", "following", "unreachable", "refused", "paused"];
const OUTCOMES: readonly DriftOutcome[] = ["clean", "mended", "held-back", "failed"];

/** Every repository, with its state. */
export async function searchRepositories(http: Http, signal: AbortSignal): Promise<readonly Repository[]> {
  return listOf((await requestJson(http, `${ROOT}/repositories`, { signal })).body, repositoryOf);
}

/** Registers a repository; indexing starts at once. */
export async function registerRepository(http: Http, definition: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Repository> {
  return repositoryOf(fieldsOf((await requestJson(http, `${ROOT}/repositories`, { method: "POST", body: definition, signal })).body));
}

/** Changes operator, region or address of a repository, and how it is registered then; its code and all that is registered stay. */
export async function changeRepository(http: Http, code: string, definition: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Repository> {
  return repositoryOf(fieldsOf((await requestJson(http, `${ROOT}/repositories/${encodeURIComponent(code)}`, { method: "PUT", body: definition, signal })).body));
}

/** Tries a definition before it is registered. */
export async function testDefinition(http: Http, definition: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<TestResult> {
  return testResultOf((await requestJson(http, `${ROOT}/repositories/test`, { method: "POST", body: definition, signal })).body);
}

/** Tries a registered repository. */
export async function testRepository(http: Http, code: string, signal: AbortSignal): Promise<TestResult> {
  return testResultOf((await requestJson(http, `${ROOT}/repositories/${encodeURIComponent(code)}/test`, { method: "POST", signal })).body);
}

/** Stops or continues following a repository. */
export async function setPaused(http: Http, code: string, paused: boolean, signal: AbortSignal): Promise<void> {
  await requestJson(http, `${ROOT}/repositories/${encodeURIComponent(code)}/${paused ? "pause" : "resume"}`, { method: "POST", signal });
}

/** Starts the walk over a repository over, from the newest study. */
export async function backfillRepository(http: Http, code: string, signal: AbortSignal): Promise<void> {
  await requestJson(http, `${ROOT}/repositories/${encodeURIComponent(code)}/backfill`, { method: "POST", signal });
}

/** Asks that the registry be compared with a repository's own list. */
export async function reconcileRepository(http: Http, code: string, signal: AbortSignal): Promise<void> {
  await requestJson(http, `${ROOT}/repositories/${encodeURIComponent(code)}/reconcile`, { method: "POST", signal });
}

/** Takes a repository out, with what only it has. */
export async function removeRepository(http: Http, code: string, signal: AbortSignal): Promise<void> {
  const path = `${ROOT}/repositories/${encodeURIComponent(code)}?confirm=${encodeURIComponent(code)}`;
  await requestJson(http, path, { method: "DELETE", signal });
}

/** What comparisons with a repository's own list found, latest first. */
export async function searchDrift(http: Http, code: string, signal: AbortSignal): Promise<readonly DriftReport[]> {
  return listOf((await requestJson(http, `${ROOT}/repositories/${encodeURIComponent(code)}/drift?limit=5`, { signal })).body, (item) => ({
    key: item.text("key"),
    started: item.optional("started"),
    outcome: oneOf(OUTCOMES, item.optional("outcome"), "unknown"),
    compared: item.number("compared") ?? 0,
    notHere: item.number("notHere") ?? 0,
    notThere: item.number("notThere") ?? 0,
    differing: item.number("differing") ?? 0,
    text: item.optional("text"),
  }));
}

/** What was refused, newest first. */
export async function searchQuarantine(http: Http, signal: AbortSignal): Promise<readonly QuarantineEntry[]> {
  return listOf((await requestJson(http, `${ROOT}/quarantine?limit=100`, { signal })).body, (item) => ({
    key: item.text("key"),
    repository: item.text("repository"),
    received: item.optional("received"),
    attribute: item.optional("attribute") ?? "",
    rule: item.optional("rule") ?? "",
    sizeBytes: item.number("sizeBytes"),
  }));
}

function repositoryOf(item: Fields): Repository {
  const counts = item.object("counts");
  const progress = item.object("progress");
  const lastError = item.object("lastError");
  return {
    code: item.text("code"),
    name: item.optional("name") ?? item.text("code"),
    region: item.optional("region"),
    protocol: item.optional("protocol") ?? "",
    state: oneOf(STATES, item.optional("state"), "unknown"),
    counts: {
      studies: counts?.number("studies") ?? 0,
      series: counts?.number("series") ?? 0,
      instances: counts?.number("instances") ?? 0,
      reports: counts?.number("reports") ?? 0,
      quarantined: counts?.number("quarantined") ?? 0,
    },
    progress: progress === null ? null : { indexed: progress.number("indexed") ?? 0, expected: progress.number("expected"), remainingSeconds: progress.number("remainingSeconds") },
    downSince: item.optional("downSince"),
    lagSeconds: item.number("lagSeconds"),
    clockSkewSeconds: item.number("clockSkewSeconds"),
    lastContact: item.optional("lastContact"),
    lastError: lastError === null ? null : { at: lastError.optional("at"), text: lastError.optional("text") ?? "" },
    newRegionBeside: item.texts("newRegionBeside"),
    definition: item.record("definition"),
  };
}

function testResultOf(body: unknown): TestResult {
  const result = fieldsOf(body);
  return { ok: result.flag("ok"), steps: result.list("steps", (step) => ({ step: step.text("step"), ok: step.flag("ok"), text: step.optional("text") ?? "" })) };
}
