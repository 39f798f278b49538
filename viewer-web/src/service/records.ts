import { ServiceError } from "../dicomweb/errors";
import { type Http, requestJson } from "../dicomweb/http";
import { isRecord } from "../dicomweb/json";
import type { Identifier, MissingRepository, PatientRecord, PatientStudy, RecordState, Report, ReportDocument, ReportStatus, ReportSummary, ReportVersion } from "../model/patient";
import type { Launch, LaunchChoice, Session } from "../model/session";
import type { Availability } from "../model/study";
import { type Fields, fieldsOf, oneOf } from "./decode";

const STATUSES: readonly ReportStatus[] = ["registered", "partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled", "entered-in-error"];
const AVAILABILITIES: readonly Availability[] = ["ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE"];

/** Who is calling, and what the service is. */
export async function retrieveSession(http: Http, signal: AbortSignal): Promise<Session> {
  const session = fieldsOf((await requestJson(http, "/api/session", { signal })).body);
  return {
    userName: session.object("user")?.optional("name") ?? "",
    authorityName: session.object("authority")?.optional("name") ?? null,
    development: session.optional("mode") === "development",
    language: session.optional("language"),
    regions: session.list("regions", (region) => ({ code: region.text("code"), name: region.optional("name") ?? region.text("code") })),
  };
}

/** Whose study this is: one patient, or a choice when copies belong to different patients. */
export async function locateStudy(http: Http, studyInstanceUid: string, signal: AbortSignal): Promise<Launch> {
  try {
    const found = fieldsOf((await requestJson(http, `/api/studies/${encodeURIComponent(studyInstanceUid)}`, { signal })).body);
    return { kind: "study", patientKey: found.text("patientKey"), studyInstanceUid, diagnosticQuality: false };
  } catch (cause) {
    if (cause instanceof ServiceError && cause.trouble === "conflict" && isRecord(cause.body)) {
      return { kind: "choose", choices: fieldsOf(cause.body).list("choices", (item) => choiceOf(item, studyInstanceUid)) };
    }
    throw cause;
  }
}

/** Has the service bring a study here that is likely to be looked at; breaking it off stops that. */
export async function warmStudy(http: Http, studyInstanceUid: string, signal: AbortSignal): Promise<void> {
  await requestJson(http, `/api/studies/${encodeURIComponent(studyInstanceUid)}/warm`, { method: "POST", signal });
}

/** One person's record of all regions. */
export async function retrievePatient(http: Http, patientKey: string, signal: AbortSignal): Promise<PatientRecord> {
  const record = fieldsOf((await requestJson(http, `/api/patients/${encodeURIComponent(patientKey)}`, { signal })).body);
  const name = record.object("name");
  const healthNumber = record.object("healthNumber");
  return {
    patientKey: record.text("patientKey"),
    state: record.optional("state"),
    images: record.optional("images"),
    name: { alphabetic: name?.optional("alphabetic") ?? null, ideographic: name?.optional("ideographic") ?? null, phonetic: name?.optional("phonetic") ?? null },
    birthDate: record.optional("birthDate"),
    sex: record.optional("sex"),
    healthNumber: healthNumber === null ? null : { value: healthNumber.text("value"), versionCode: healthNumber.optional("versionCode") },
    identifiers: record.list("identifiers", identifierOf),
    studies: record.list("studies", studyOf),
    reports: record.list("reports", reportSummaryOf),
    missing: record.list("missing", missingOf),
  };
}

/** What stands for a record as the service has it now. */
export async function retrievePatientState(http: Http, patientKey: string, signal: AbortSignal): Promise<RecordState> {
  const now = fieldsOf((await requestJson(http, `/api/patients/${encodeURIComponent(patientKey)}/state`, { signal })).body);
  return { state: now.optional("state"), images: now.optional("images") };
}

/** A report with all its versions, newest first. */
export async function retrieveReport(http: Http, reportKey: string, signal: AbortSignal): Promise<Report> {
  const report = fieldsOf((await requestJson(http, `/api/reports/${encodeURIComponent(reportKey)}`, { signal })).body);
  return {
    reportKey: report.text("reportKey"),
    title: report.optional("title"),
    status: statusOf(report),
    region: report.optional("region"),
    heldUntil: report.optional("heldUntil"),
    studyInstanceUids: report.texts("studyInstanceUids"),
    versions: report.list("versions", versionOf).toSorted((a, b) => b.version - a.version),
  };
}

/** Where a document of one version of a report is. */
export function reportDocumentAddress(reportKey: string, version: number, document: number): string {
  return `/api/reports/${encodeURIComponent(reportKey)}/versions/${version}/documents/${document}`;
}

/** What another system asked this viewer to open. */
export async function retrieveLaunch(http: Http, launchId: string, signal: AbortSignal): Promise<Launch> {
  const launch = fieldsOf((await requestJson(http, `/api/launches/${encodeURIComponent(launchId)}`, { signal })).body);
  const kind = launch.text("kind");
  const studyInstanceUid = launch.texts("studyInstanceUids")[0];
  if (kind === "choose") return { kind, choices: launch.list("choices", (item) => choiceOf(item, null)) };
  if (kind === "study" && studyInstanceUid !== undefined) {
    return { kind, patientKey: launch.text("patientKey"), studyInstanceUid, diagnosticQuality: launch.flag("diagnosticQuality") };
  }
  return { kind: "patient", patientKey: launch.text("patientKey") };
}

function identifierOf(item: Fields): Identifier {
  return { value: item.text("value"), issuer: item.optional("issuer"), region: item.optional("region") };
}

function studyOf(item: Fields): PatientStudy {
  const copyOf = item.object("copyOf");
  return {
    studyInstanceUid: item.text("studyInstanceUid"),
    studyDate: item.optional("studyDate"),
    listedDate: item.optional("listedDate"),
    studyTime: item.optional("studyTime"),
    description: item.optional("description"),
    modalities: item.texts("modalities"),
    regions: item.texts("regions"),
    accessionNumber: item.optional("accessionNumber"),
    institution: item.optional("institution"),
    numberOfSeries: item.number("numberOfSeries"),
    numberOfInstances: item.number("numberOfInstances"),
    availability: oneOf(AVAILABILITIES, item.optional("availability"), "ONLINE"),
    conflict: item.flag("conflict"),
    differingInstances: item.number("differingInstances") ?? 0,
    copyOf: copyOf === null ? null : { studyInstanceUid: copyOf.text("studyInstanceUid"), certain: copyOf.flag("certain") },
    reports: item.texts("reports"),
  };
}

function reportSummaryOf(item: Fields): ReportSummary {
  return {
    reportKey: item.text("reportKey"),
    status: statusOf(item),
    title: item.optional("title"),
    observed: item.optional("observed"),
    issued: item.optional("issued"),
    region: item.optional("region"),
    language: item.optional("language"),
    studyInstanceUids: item.texts("studyInstanceUids"),
  };
}

function versionOf(item: Fields): ReportVersion {
  return {
    version: item.number("version") ?? 0,
    status: statusOf(item),
    issued: item.optional("issued"),
    interpreter: item.optional("interpreter"),
    language: item.optional("language"),
    text: item.optional("text") ?? "",
    documents: item.list("documents", documentOf),
    current: item.flag("current"),
  };
}

function documentOf(item: Fields): ReportDocument {
  return { number: item.number("number") ?? 0, mediaType: item.optional("mediaType"), title: item.optional("title"), sizeBytes: item.number("sizeBytes") };
}

function statusOf(item: Fields): ReportStatus {
  return oneOf(STATUSES, item.optional("status"), "unknown");
}

function missingOf(item: Fields): MissingRepository {
  return { repository: item.text("repository"), region: item.optional("region"), since: item.optional("since") };
}

function choiceOf(item: Fields, studyInstanceUid: string | null): LaunchChoice {
  return {
    patientKey: item.text("patientKey"),
    studyInstanceUid: studyInstanceUid ?? item.text("studyInstanceUid"),
    facility: item.optional("facility"),
    studyDate: item.optional("studyDate"),
  };
}

