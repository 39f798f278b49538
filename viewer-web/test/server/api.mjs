/** The service's own API over the invented province, with a repository that indexes while one looks. */
import { record, report, SESSION, STUDIES } from "./world.mjs";

const problem = (status, title, detail, parameter) => ({ status, type: "application/problem+json", body: { status, title, detail, ...(parameter === undefined ? {} : { parameter }) } });
const ok = (body, status = 200) => ({ status, type: "application/json", body });

/** The API with its state. */
export function createApi() {
  const repositories = [
    entry({ code: "neodin", name: "NEODIN", region: "NEODIN", protocol: "dicomweb" }, { state: "following", indexed: 51, expected: 51, lag: 3 }),
    entry({ code: "swodin", name: "SWODIN", region: "SWODIN", protocol: "dimse", patientIdIssuer: "SWODIN", dimse: { host: "pacs.swodin.example", port: 104, aeTitle: "SWODIN", retrieve: "get", tls: true } }, { state: "indexing", indexed: 4021, expected: 18211, lag: 40 }),
    entry({ code: "gtawest", name: "GTA West", region: "GTAWEST", protocol: "archive" }, { state: "unreachable", indexed: 212, expected: null, lag: null, error: "the folder cannot be opened: permission denied; let the service's user read it" }),
    entry({ code: "hdirs", name: "HDIRS", region: "HDIRS", protocol: "push" }, { state: "paused", indexed: 803, expected: null, lag: 0, quarantined: 2 }),
  ];

  const conflicts = CONFLICTS.map((it) => ({ ...it }));
  const heldReports = HELD_REPORTS.map((it) => ({ ...it }));
  const moved = new Set();
  let arrived = 0;
  const held = new Set();

  return (method, path, body) => {
    const [area, a, b, c] = path.split("/").filter(Boolean).slice(1).map(decodeURIComponent);
    if (area === "session") return ok(SESSION);
    if (area === "studies") return locate(a);
    // What no service has: a study goes to another patient while somebody looks at it, and comes back.
    if (area === "move") return ok(moved.add(a).size);
    if (area === "back") return ok(moved.clear() ?? 0);
    if (area === "arrive") return ok((arrived += 1));
    if (area === "hold") return ok(held.add(a).size);
    if (area === "release") return ok(held.clear() ?? 0);
    const images = `images ${arrived}`;
    if (area === "patients" && b === "state") return ok({ state: ["state", ...moved].join(" "), images });
    if (area === "patients") return orMissing(without(record(a), moved, images));
    if (area === "reports") return orMissing(pending(report(a), held));
    if (area === "launches") return launch(a);
    if (area !== "admin") return problem(404, "Not Found", "there is no such resource");
    if (a === "quarantine") return ok(QUARANTINE);
    if (a === "conflicts") return contradictions(conflicts, method, b, body);
    if (a === "readers") return ok(READERS);
    if (a === "test-patients") return method === "GET" ? ok(TEST_PATIENTS) : { status: 204, type: "application/json", body: null };
    if (a === "reports") return holds(heldReports, method, b, c, body);
    return admin(repositories, method, b, c, body);
  };
}

function pending(body, held) {
  return body === null || !held.has(body.reportKey) ? body : { ...body, status: "registered", title: "", heldUntil: "2026-02-01T05:00:00Z", versions: [] };
}

function without(body, moved, images) {
  return body === null ? null : { ...body, images, state: ["state", ...moved].join(" "), studies: body.studies.filter((it) => !moved.has(it.studyInstanceUid)) };
}

function orMissing(body) {
  return body === null ? problem(404, "Not Found", "there is no such resource") : ok(body);
}

function locate(uid) {
  const study = STUDIES.find((it) => it.uid === uid);
  return study === undefined ? problem(404, "Not Found", "no such study") : ok({ studyInstanceUid: uid, patientKey: study.person });
}

function launch(id) {
  const [first] = STUDIES;
  if (id === "study") return ok({ kind: "study", patientKey: first.person, studyInstanceUids: [first.uid], choices: [], modalities: ["CT"], diagnosticQuality: false });
  if (id === "patient") return ok({ kind: "patient", patientKey: first.person, studyInstanceUids: [], choices: [] });
  if (id !== "choose") return problem(404, "Not Found", "this launch is over; open the study again from where you came");
  return ok({ kind: "choose", studyInstanceUids: [], choices: [STUDIES[0], STUDIES[4]].map((it) => ({ patientKey: it.person, studyInstanceUid: it.uid, facility: it.institution, studyDate: it.date })) });
}

function admin(repositories, method, code, action, body) {
  if (code === undefined && method === "GET") {
    for (const it of repositories) if (it.state === "indexing") advance(it);
    return ok(repositories);
  }
  if (code === undefined) {
    if (!/^[a-z0-9-]+$/u.test(body.code)) return problem(400, "Bad Request", "use lower-case letters, digits and hyphens", "code");
    if (repositories.some((it) => it.code === body.code)) return problem(409, "Conflict", "this code is taken", "code");
    const added = entry(body, { state: "indexing", indexed: 0, expected: 60, lag: null });
    repositories.push(added);
    return ok(added, 201);
  }
  if (code === "test") return ok(steps(body.dicomweb?.url?.startsWith("http") === true || body.protocol !== "dicomweb"));
  const found = repositories.find((it) => it.code === code);
  if (found === undefined) return problem(404, "Not Found", "no such repository");
  if (action === "test") return ok(steps(found.state !== "unreachable"));
  if (action === "drift") return ok(found.drift ?? []);
  if (action === "reconcile") {
    found.drift = [{ key: "1", started: "2026-01-10T14:30:00Z", ended: "2026-01-10T14:30:05Z", outcome: "mended", compared: 51, notHere: 1, notThere: 2, differing: 0, text: null }];
    return ok(null, 202);
  }
  if (action === "backfill") {
    Object.assign(found, { state: "indexing", progress: { indexed: 0, expected: 60, remainingSeconds: 90 } });
    return ok(null, 202);
  }
  if (action === undefined && method === "PUT") {
    if (body.code !== code) return problem(400, "Bad Request", "is another than in the address: a repository keeps its code for ever", "code");
    const known = repositories.filter((it) => it !== found).map((it) => it.region);
    return ok({ ...Object.assign(found, { name: body.name, region: body.region, definition: body }), newRegionBeside: known.includes(body.region) ? null : known });
  }
  if (action === undefined && method === "DELETE") {
    repositories.splice(repositories.indexOf(found), 1);
    return ok(null, 202);
  }
  found.state = action === "pause" ? "paused" : "following";
  return { status: 204, type: "application/json", body: null };
}

function steps(good) {
  return good
    ? { ok: true, steps: [{ step: "connect", ok: true, text: "connected in 12 ms" }, { step: "capabilities", ok: true, text: "searches studies, series and instances" }, { step: "search", ok: true, text: "the newest study was found" }] }
    : { ok: false, steps: [{ step: "connect", ok: true, text: "connected in 12 ms" }, { step: "search", ok: false, text: "the answer was 404; the address probably lacks its last part, such as /dicom-web" }] };
}

function advance(it) {
  const expected = it.progress.expected ?? it.progress.indexed;
  it.progress.indexed = Math.min(expected, it.progress.indexed + 7);
  it.counts.studies = it.progress.indexed;
  if (it.progress.indexed === expected) it.state = "following";
}

function entry(definition, { state, indexed, expected, lag, error, quarantined = 0 }) {
  return {
    code: definition.code,
    name: definition.name,
    region: definition.region,
    protocol: definition.protocol,
    state,
    counts: { studies: indexed, series: indexed * 3, instances: indexed * 81, reports: Math.floor(indexed * 0.9), quarantined },
    progress: { indexed, expected },
    lagSeconds: lag,
    lastContact: "2026-01-10T14:25:00Z",
    lastError: error === undefined ? null : { at: "2026-01-10T14:20:00Z", text: error },
    definition,
  };
}

function contradictions(conflicts, method, key, body) {
  if (method === "GET") return ok(conflicts);
  const found = conflicts.find((it) => it.key === key);
  if (found === undefined) return problem(404, "Not Found", "there is no such resource");
  found.dismissal = method === "PUT" ? { reason: body.reason, by: "dev", at: "2026-01-10T14:40:00Z" } : null;
  return { status: 204, type: "application/json", body: null };
}

function holds(reports, method, key, action, body) {
  if (key === "held") return ok(reports);
  const at = reports.findIndex((it) => it.reportKey === key);
  if (method === "POST" && action === "release" && at >= 0) reports.splice(at, 1);
  else if (method === "PUT" && report(key) !== null) reports.push({ reportKey: key, repository: "neodin", until: `${body.until}T12:00:00Z`, since: "2026-01-10T14:40:00Z", by: "dev", reason: body.reason });
  else return problem(404, "Not Found", "there is no such resource");
  return { status: 204, type: "application/json", body: null };
}

const HELD_REPORTS = [{ reportKey: "r-embargo", repository: "hdirs", until: "2026-02-01T12:00:00Z", since: "2026-01-10T14:25:00Z", by: "operator", reason: "an incident is looked into" }];
const CONFLICTS = [
  { key: "study-1.2", kind: "study", severity: "alert", since: "2026-01-10T14:25:00Z", studyInstanceUid: "1.2", leftBehind: null, dismissal: null, patients: [{ patientKey: "pk-tremblay", repository: "neodin", issuer: "NEODIN", patientId: "555001" }, { patientKey: "pk-wang", repository: "swodin", issuer: "SWODIN", patientId: "88213" }] },
  { key: "instance-7", kind: "instance", severity: "warning", since: "2026-01-10T14:26:00Z", studyInstanceUid: STUDIES[1].uid, seriesInstanceUid: STUDIES[1].series[0].uid, sopInstanceUid: `${STUDIES[1].series[0].uid}.1`, instances: 1, shown: "neodin", beside: "hdirs", compared: true, leftBehind: null, dismissal: null, patients: [{ patientKey: "pk-tremblay", repository: "neodin", issuer: "NEODIN", patientId: "555001" }] },
  { key: "report-r-9", kind: "report", severity: "warning", since: null, studyInstanceUid: null, reportKey: "r-9", why: "other-issuer", studies: [STUDIES[3].uid], leftBehind: null, dismissal: null, patients: [] },
];
const TEST_PATIENTS = [{ key: "9", patientKey: "pk-wang", repository: "swodin", issuer: "SWODIN", patientId: "TEST-0001", hiddenStudies: 2, ruling: null }];
const READERS = {
  rows: [
    { at: "2026-01-10T14:00:00Z", until: "2026-01-10T14:06:00Z", user: "dr.example", authority: "0001", face: "dicomweb", action: "view", patientKey: "pk-wang", otherPatient: true, withheld: false },
    { at: "2026-01-10T15:00:00Z", user: "dr.example", authority: "0001", face: "portal", action: "read-report", version: 1, laterVersion: 2, otherPatient: false, withheld: false },
  ],
  notShown: 0,
  altered: 0,
  alsoInStudies: [],
};

const QUARANTINE = [
  { key: "q1", repository: "hdirs", received: "2026-01-10T14:25:00Z", attribute: "PixelData", rule: "is longer than the bytes that follow", sizeBytes: 500 },
  { key: "q2", repository: "hdirs", received: "2026-01-10T14:26:00Z", attribute: "StudyInstanceUID", rule: "is not a unique identifier", sizeBytes: 528_412 },
];
