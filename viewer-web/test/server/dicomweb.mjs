/** Enough of PS3.18 to be looked at: search, metadata, frames, thumbnails, rendered documents. */
import { bars, ctSlice, greyPng, radiograph, ultrasound } from "./pictures.mjs";
import { personOf, STUDIES } from "./world.mjs";

const LITTLE = "1.2.840.10008.1.2.1";
const CLASSES = { ct: "1.2.840.10008.5.1.4.1.1.2", dx: "1.2.840.10008.5.1.4.1.1.1.1", us: "1.2.840.10008.5.1.4.1.1.3.1", palette: "1.2.840.10008.5.1.4.1.1.6.1", sr: "1.2.840.10008.5.1.4.1.1.88.22", pdf: "1.2.840.10008.5.1.4.1.1.104.1", pr: "1.2.840.10008.5.1.4.1.1.11.1", ko: "1.2.840.10008.5.1.4.1.1.88.59" };

const el = (vr, ...Value) => ({ vr, Value });
const pn = (alphabetic, ideographic) => ({ vr: "PN", Value: [ideographic === null ? { Alphabetic: alphabetic } : { Alphabetic: alphabetic, Ideographic: ideographic }] });

/** The row of a study in a search. */
function row(study) {
  const person = personOf(study.person);
  return {
    "00080020": el("DA", study.date),
    "00080030": el("TM", study.time),
    "00080050": el("SH", study.accession),
    "00080054": el("AE", ...study.regions.map((region) => region.toLowerCase())),
    "00080056": el("CS", study.availability),
    "00080061": el("CS", ...study.modalities),
    "00080080": el("LO", study.institution),
    "00080090": { vr: "PN" },
    "00081030": el("LO", study.description),
    "00100010": pn(person.name, person.ideographic),
    "00100020": el("LO", person.ids[0][0]),
    "00100021": el("LO", person.ids[0][1]),
    "00100030": el("DA", person.birth),
    "00100040": el("CS", person.sex),
    "0020000D": el("UI", study.uid),
    "0040E011": el("UI", ...study.regions.map((_, at) => `1.2.3.${at + 1}`)),
    "00201206": el("IS", study.series.length),
    "00201208": el("IS", study.series.reduce((sum, it) => sum + it.count, 0)),
  };
}

const plain = (text) => text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();

/** Search for studies, with paging and the warnings that go with it. */
export function search(query) {
  const like = (key, value) => {
    const wanted = query.get(key);
    if (wanted === null) return true;
    const pattern = plain(wanted).replaceAll(/[.+?^${}()|[\]\\]/gu, "\\$&").replaceAll("*", ".*");
    return new RegExp(query.get("fuzzymatching") === "true" && key === "PatientName" ? pattern : `^${pattern}$`, "u").test(plain(value));
  };
  const [from = "", to = ""] = (query.get("StudyDate") ?? "-").split("-");
  const hits = STUDIES.filter((it) => {
    const person = personOf(it.person);
    return (
      like("PatientName", person.name) &&
      like("AccessionNumber", it.accession) &&
      like("StudyDescription", it.description) &&
      (query.get("ModalitiesInStudy") === null || it.modalities.includes(query.get("ModalitiesInStudy"))) &&
      (query.get("PatientID") === null || person.hn === query.get("PatientID") || person.ids.some(([id]) => id === query.get("PatientID"))) &&
      (from === "" || it.date >= from) &&
      (to === "" || it.date <= to)
    );
  }).toSorted((a, b) => `${b.date}${b.time}`.localeCompare(`${a.date}${a.time}`));
  const offset = Number(query.get("offset") ?? 0);
  const limit = Number(query.get("limit") ?? 50);
  const rest = hits.length - offset - limit;
  const warnings = ["299 http://here/dicom-web: Repository gta-west did not answer; results may be incomplete."];
  if (rest > 0) warnings.push(`299 http://here/dicom-web: There are ${rest} additional results that can be requested.`);
  return { body: hits.slice(offset, offset + limit).map(row), warnings };
}

const instanceUid = (series, at) => `${series.uid}.${at + 1}`;

/** The series of a study. */
export function seriesOf(study) {
  return study.series.map((it) => ({
    "00080060": el("CS", it.modality),
    "0008103E": el("LO", it.description),
    "0020000D": el("UI", study.uid),
    "0020000E": el("UI", it.uid),
    "00200011": el("IS", it.number),
    "00201209": el("IS", it.count),
  }));
}

/** The metadata of a series. Some attributes come with an empty `Value`, as some servers send them. */
export function metadata(study, it) {
  return Array.from({ length: it.count }, (_, at) => ({
    "00080016": el("UI", CLASSES[it.kind]),
    "00080018": el("UI", instanceUid(it, at)),
    "00080020": el("DA", study.date),
    "00080022": el("DA", study.date),
    "00080032": el("TM", study.time),
    "00080060": el("CS", it.modality),
    "0008103E": el("LO", it.description),
    "00083002": el("UI", LITTLE),
    "0020000D": el("UI", study.uid),
    "0020000E": el("UI", it.uid),
    "00200011": el("IS", it.number),
    "00200013": el("IS", at + 1),
    "00201041": { vr: "DS", Value: [] },
    ...ATTRIBUTES[it.kind](it, at),
    ...(it.lossy === true ? { "00282110": el("CS", "01"), "00282112": el("DS", 12.4) } : {}),
  }));
}

const pixels = (columns, rows, bits, stored, signed, more = {}) => ({
  "00280002": el("US", 1),
  "00280004": el("CS", "MONOCHROME2"),
  "00280010": el("US", rows),
  "00280011": el("US", columns),
  "00280100": el("US", bits),
  "00280101": el("US", stored),
  "00280102": el("US", stored - 1),
  "00280103": el("US", signed),
  ...more,
});

const lut = (curve) => {
  const bytes = Buffer.alloc(512);
  for (let at = 0; at < 256; at += 1) bytes.writeUInt16LE(curve(at) * 257, at * 2);
  return { vr: "OW", InlineBinary: bytes.toString("base64") };
};

const ATTRIBUTES = {
  ct: (it, at) =>
    pixels(it.size, it.size, 16, 16, 1, {
      "00180050": el("DS", 2),
      "00200032": el("DS", -180, -180, -40 - at * 2),
      "00200037": el("DS", 1, 0, 0, 0, 1, 0),
      "00200052": el("UI", "1.2.3.4.5"),
      "00201041": el("DS", -40 - at * 2),
      "00280030": el("DS", 360 / it.size, 360 / it.size),
      "00281050": el("DS", 40, -600),
      "00281051": el("DS", 400, 1500),
      "00281055": el("LO", "MEDIASTINUM", "LUNG"),
      "00281052": el("DS", 0),
      "00281053": el("DS", 1),
    }),
  dx: (it) => pixels(it.size, Math.round(it.size * 1.2), 16, 12, 0, { "00200020": el("CS", "L", "F"), "00200062": el("CS", "L"), "00181164": el("DS", 0.2, 0.2), "00281050": el("DS", 2048), "00281051": el("DS", 3600), "00280004": el("CS", "MONOCHROME1") }),
  us: (it) =>
    pixels(400, 300, 8, 8, 0, {
      "00280008": el("IS", it.frames),
      "00181063": el("DS", 40),
      "00186011": { vr: "SQ", Value: [{ "00186018": el("UL", 0), "0018601A": el("UL", 0), "0018601C": el("UL", 399), "0018601E": el("UL", 299), "00186024": el("US", 3), "00186026": el("US", 3), "0018602C": el("FD", 0.05), "0018602E": el("FD", 0.05) }] },
    }),
  palette: () =>
    pixels(256, 128, 8, 8, 0, {
      "00280004": el("CS", "PALETTE COLOR"),
      "00281101": el("US", 256, 0, 16),
      "00281102": el("US", 256, 0, 16),
      "00281103": el("US", 256, 0, 16),
      "00281201": lut((at) => at),
      "00281202": lut((at) => 255 - at),
      "00281203": lut((at) => Math.abs(128 - at)),
    }),
  sr: () => ({
    "0040A043": { vr: "SQ", Value: [{ "00080104": el("LO", "X-Ray Radiation Dose Report") }] },
    "0040A493": el("CS", "VERIFIED"),
    "0040A730": { vr: "SQ", Value: [{ "0040A040": el("CS", "TEXT"), "0040A043": { vr: "SQ", Value: [{ "00080104": el("LO", "CT Dose Length Product Total") }] }, "0040A160": el("UT", "312 mGy.cm") }] },
  }),
  pdf: () => ({ "00420012": el("LO", "application/pdf") }),
  pr: () => ({}),
  ko: (it) => {
    const study = it.uid.slice(0, it.uid.lastIndexOf("."));
    const sections = `${study}.2`;
    const selected = [8, 30].map((at) => ({ "00081150": el("UI", CLASSES.ct), "00081155": el("UI", `${sections}.${at + 1}`) }));
    return {
      "0040A043": { vr: "SQ", Value: [{ "00080104": el("LO", "Of Interest") }] },
      "0040A375": { vr: "SQ", Value: [{ "0020000D": el("UI", study), "00081115": { vr: "SQ", Value: [{ "0020000E": el("UI", sections), "00081199": { vr: "SQ", Value: selected } }] } }] },
      "0040A730": { vr: "SQ", Value: [{ "0040A040": el("CS", "TEXT"), "0040A160": el("UT", "Nodule, left upper lobe") }] },
    };
  },
};

const TISSUE = ["ct", "dx", "us", "palette"];

/** One frame as it is stored. */
export function frame(it, at, number) {
  if (it.kind === "ct") return ctSlice(it.size, at, it.count);
  if (it.kind === "dx") return radiograph(it.size, Math.round(it.size * 1.2), it.noise === true ? 24 : 0);
  return it.kind === "us" ? ultrasound(400, 300, number - 1, it.frames) : bars(256, 128);
}

/** A thumbnail of a series, or null for what has none. */
export function thumbnail(it) {
  if (!TISSUE.includes(it.kind)) return null;
  const side = 128;
  const shade = {
    ct: () => {
      const values = new Int16Array(ctSlice(side, Math.floor(it.count / 2), it.count).buffer.slice(0));
      return (x, y) => ((values[y * side + x] + 160) / 400) * 255;
    },
    dx: () => {
      const bytes = radiograph(side, side);
      return (x, y) => 255 - bytes.readUInt16LE((y * side + x) * 2) / 16;
    },
    us: () => {
      const bytes = ultrasound(side, side, 0, 1);
      return (x, y) => bytes[y * side + x];
    },
    palette: () => (x) => x * 2,
  }[it.kind]();
  return greyPng(side, side, shade);
}

/** Where something is: study, series and the place of the instance. */
export function find(studyUid, seriesUid, sopUid) {
  const study = STUDIES.find((it) => it.uid === studyUid);
  const found = study?.series.find((it) => it.uid === seriesUid);
  const at = found === undefined || sopUid === undefined ? -1 : Array.from({ length: found.count }, (_, index) => instanceUid(found, index)).indexOf(sopUid);
  return { study, series: found, at };
}
