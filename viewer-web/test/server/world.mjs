/** A small invented province: people, studies, reports and repositories. */

const ROOT = "1.2.826.0.1.3680043.10.999";
const PEOPLE = [
  { key: "pk-tremblay", name: "Tremblay^Geneviève", ideographic: null, birth: "19700101", sex: "F", hn: "9876543217", vc: "AB", ids: [["555001", "NEODIN"], ["H-20881", "HDIRS"]] },
  { key: "pk-wang", name: "Wang^XiaoDong", ideographic: "王^小東", birth: "19581130", sex: "M", hn: "1234567897", vc: "", ids: [["88213", "SWODIN"]] },
  { key: "pk-macdonald", name: "MacDonald^Ian^Robert", ideographic: null, birth: "20250611", sex: "M", hn: null, vc: null, ids: [["000412", "GTAWEST"]] },
];

const study = (n, person, date, time, description, region, modalities, series, more = {}) => ({
  uid: `${ROOT}.${n}`,
  person,
  date,
  time,
  description,
  regions: Array.isArray(region) ? region : [region],
  modalities,
  accession: `A${10_000 + n}`,
  institution: more.institution ?? "Hôpital régional de démonstration",
  availability: more.availability ?? "ONLINE",
  conflict: more.conflict ?? false,
  differingInstances: more.differingInstances ?? 0,
  series: series.map((it, at) => ({ ...it, uid: `${ROOT}.${n}.${at + 1}`, number: at + 1 })),
});

const ct = (description, count, more = {}) => ({ modality: "CT", kind: "ct", description, count, size: 256, ...more });

export const STUDIES = [
  study(1, "pk-tremblay", "20260110", "083000", "CT CHEST WITH CONTRAST", "NEODIN", ["CT", "SR"], [
    ct("SCOUT", 2),
    ct("CHEST AXIAL 2.0 SOFT TISSUE", 40),
    ct("CHEST AXIAL 5.0 LUNG", 16, { broken: 3 }),
    { modality: "SR", kind: "sr", description: "Radiation dose report", count: 1 },
    { modality: "DOC", kind: "pdf", description: "Requisition", count: 1 },
    { modality: "PR", kind: "pr", description: "Presentation state", count: 1 },
    { modality: "KO", kind: "ko", description: "Key images", count: 1 },
  ]),
  study(2, "pk-tremblay", "20250302", "141500", "CHEST PA AND LATERAL", ["HDIRS", "NEODIN"], ["DX"], [{ modality: "DX", kind: "dx", description: "PA", count: 1, size: 1024 }], { differingInstances: 1, institution: "Lakeridge demonstration" }),
  study(3, "pk-tremblay", "20231118", "101000", "ECHOCARDIOGRAM", "HDIRS", ["US"], [{ modality: "US", kind: "us", description: "PLAX", count: 1, frames: 24 }, { modality: "US", kind: "palette", description: "Colour map", count: 1 }]),
  study(4, "pk-tremblay", "20230920", "073000", "CT CHEST", "SWODIN", ["CT"], [ct("AXIAL 3.0", 12, { lossy: true })], { availability: "NEARLINE", institution: "London demonstration" }),
  study(5, "pk-wang", "20260108", "160500", "CT CHEST SCREENING", "SWODIN", ["CT"], [ct("LOW DOSE AXIAL", 20)]),
  study(6, "pk-macdonald", "20260105", "091200", "CHEST PORTABLE", "GTAWEST", ["DX"], [{ modality: "DX", kind: "dx", description: "AP", count: 1, size: 768 }, { modality: "DX", kind: "dx", description: "AP FULL SIZE", count: 1, size: 2084, noise: true }], { institution: "Mississauga demonstration" }),
  ...Array.from({ length: 60 }, (_, at) =>
    study(100 + at, at % 2 === 0 ? "pk-wang" : "pk-macdonald", `2024${String((at % 12) + 1).padStart(2, "0")}${String((at % 27) + 1).padStart(2, "0")}`, "120000", at % 3 === 0 ? "CT ABDOMEN" : "CHEST PA", ["SWODIN", "GTAWEST", "HDIRS"][at % 3], [at % 3 === 0 ? "CT" : "DX"], [
      at % 3 === 0 ? ct("AXIAL", 8) : { modality: "DX", kind: "dx", description: "PA", count: 1, size: 256 },
    ]),
  ),
];

const TEXT = `CT CHEST WITH CONTRAST

CLINICAL INFORMATION: Cough for six weeks.

TECHNIQUE: Helical acquisition after intravenous contrast, 2 mm reconstructions.

COMPARISON: CT chest of 2023-09-20 (SWODIN).

FINDINGS:
Lungs: 9 mm solid nodule in the left upper lobe, new since the prior examination. No consolidation.
Mediastinum: no enlarged lymph node. Heart size is normal.
Bones: no destructive lesion.

IMPRESSION: New 9 mm solid nodule, left upper lobe. Follow-up CT in three months is recommended.`;

export const REPORTS = [
  { key: "r-1", person: "pk-tremblay", studies: [`${ROOT}.1`], region: "NEODIN", status: "corrected", title: "CT CHEST WITH CONTRAST", observed: "2026-01-10T13:30:00Z", issued: "2026-01-10T15:25:00Z", language: "en", texts: [["preliminary", TEXT.replace("9 mm solid nodule", "8 mm nodule"), "2026-01-10T13:55:00Z"], ["final", TEXT.replace("left upper lobe, new", "right upper lobe, new"), "2026-01-10T14:25:00Z"], ["corrected", TEXT, "2026-01-10T15:25:00Z"]] },
  { key: "r-3", person: "pk-tremblay", studies: [`${ROOT}.3`], region: "HDIRS", status: "final", title: "ECHOCARDIOGRAM", observed: "2023-11-18T15:10:00Z", issued: "2023-11-18T18:00:00Z", language: "en", texts: [["final", "FINDINGS: Normal left ventricular size and function.\nIMPRESSION: Normal study.", "2023-11-18T18:00:00Z"]] },
  { key: "r-4", person: "pk-tremblay", studies: [`${ROOT}.4`], region: "SWODIN", status: "preliminary", title: "TDM THORAX", observed: "2023-09-20T11:30:00Z", issued: "2023-09-20T12:00:00Z", language: "fr", texts: [["preliminary", "RÉSULTATS : Pas de nodule.\nCONCLUSION : Examen sans particularité.", "2023-09-20T12:00:00Z"]] },
  { key: "r-9", person: "pk-tremblay", studies: [], region: "SWODIN", status: "final", title: "MRI KNEE LEFT", observed: "2021-05-04T14:00:00Z", issued: "2021-05-04T18:00:00Z", language: "en", documents: [{ number: 1, mediaType: "application/pdf", title: "MRI KNEE LEFT", sizeBytes: 600 }], texts: [["final", "IMPRESSION: Medial meniscus tear.", "2021-05-04T18:00:00Z"]] },
  { key: "r-5", person: "pk-wang", studies: [`${ROOT}.5`, `${ROOT}.100`], region: "SWODIN", status: "final", title: "CT CHEST SCREENING", observed: "2026-01-08T21:05:00Z", issued: "2026-01-08T22:05:00Z", language: "en", texts: [["final", "IMPRESSION: No nodule.", "2026-01-08T22:05:00Z"]] },
];

export const SESSION = {
  user: { id: "dev", name: "Development user" },
  authority: { id: "dev", name: "Development" },
  mode: "development",
  language: "en",
  regions: [
    { code: "NEODIN", name: "Northern and Eastern Ontario" },
    { code: "SWODIN", name: "Southwestern Ontario" },
    { code: "GTAWEST", name: "Greater Toronto Area West" },
    { code: "HDIRS", name: "Hospital Diagnostic Imaging Repository Services" },
  ],
};

export const personOf = (key) => PEOPLE.find((it) => it.key === key);

/** A patient's record as the service's API gives it. */
export function record(key) {
  const person = personOf(key);
  if (person === undefined) return null;
  const reports = REPORTS.filter((it) => it.person === key);
  return {
    patientKey: key,
    name: { alphabetic: person.name, ideographic: person.ideographic, phonetic: null },
    birthDate: person.birth,
    sex: person.sex,
    healthNumber: person.hn === null ? null : { value: person.hn, versionCode: person.vc },
    identifiers: person.ids.map(([value, issuer]) => ({ value, issuer, region: issuer })),
    studies: STUDIES.filter((it) => it.person === key).map((it) => ({
      studyInstanceUid: it.uid,
      studyDate: it.date,
      studyTime: it.time,
      description: it.description,
      modalities: it.modalities,
      regions: it.regions,
      repositories: it.regions.map((region) => region.toLowerCase()),
      accessionNumber: it.accession,
      institution: it.institution,
      numberOfSeries: it.series.length,
      numberOfInstances: it.series.reduce((sum, series) => sum + series.count, 0),
      availability: it.availability,
      conflict: it.conflict,
      differingInstances: it.differingInstances,
      reports: reports.filter((one) => one.studies.includes(it.uid)).map((one) => one.key),
    })),
    reports: reports.map((it) => ({ reportKey: it.key, status: it.status, title: it.title, observed: it.observed, issued: it.issued, region: it.region, language: it.language, studyInstanceUids: it.studies, evidence: it.studies.length > 0 ? "study-uid" : "none" })),
    missing: [{ repository: "gtawest", region: "GTAWEST", since: "2026-01-10T14:25:00Z" }],
  };
}

/** A report with its versions. */
export function report(key) {
  const it = REPORTS.find((one) => one.key === key);
  if (it === undefined) return null;
  return {
    reportKey: key,
    patientKey: it.person,
    title: it.title,
    status: it.status,
    region: it.region,
    studyInstanceUids: it.studies,
    versions: it.texts.map(([status, text, issued], at) => ({ version: at + 1, status, issued, received: issued, interpreter: "Demonstration^Radiologist", language: it.language, text, documents: it.documents ?? [], current: at === it.texts.length - 1 })).toReversed(),
  };
}
