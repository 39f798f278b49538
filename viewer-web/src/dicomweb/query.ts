/** What a person asked for, as typed. Empty text means that it does not matter. */
export interface StudySearch {
  readonly patientName: string;
  readonly patientId: string;
  readonly issuerOfPatientId: string;
  readonly healthNumber: string;
  readonly accessionNumber: string;
  readonly modality: string;
  readonly studyDescription: string;
  /** DICOM dates, or empty for an open end. */
  readonly from: string;
  readonly to: string;
  readonly fuzzy: boolean;
  readonly limit: number;
  readonly offset: number;
}

export const EVERYTHING: StudySearch = {
  patientName: "",
  patientId: "",
  issuerOfPatientId: "",
  healthNumber: "",
  accessionNumber: "",
  modality: "",
  studyDescription: "",
  from: "",
  to: "",
  fuzzy: true,
  limit: 50,
  offset: 0,
};

const RETURNED = ["00081030", "00080090", "00080061", "00080056", "00080054", "0040E011", "00080080", "00100021", "00100030", "00100040", "00201206", "00201208"];

/** Renders a search for studies as the query of Table 10.6.1-2 of PS3.18. */
export function studyQuery(search: StudySearch): string {
  const query = new URLSearchParams();
  const add = (keyword: string, value: string): void => {
    if (value.trim() !== "") query.append(keyword, value.trim());
  };
  add("PatientName", nameKey(search.patientName, search.fuzzy));
  const healthNumber = search.healthNumber.replaceAll(/[\s-]/gu, "");
  add("PatientID", healthNumber === "" ? search.patientId : healthNumber.slice(0, 10));
  if (healthNumber === "" && search.patientId.trim() !== "") add("IssuerOfPatientID", search.issuerOfPatientId);
  add("AccessionNumber", search.accessionNumber);
  add("ModalitiesInStudy", search.modality);
  add("StudyDescription", contains(search.studyDescription));
  if (search.from !== "" || search.to !== "") add("StudyDate", search.from === search.to ? search.from : `${search.from}-${search.to}`);
  query.append("fuzzymatching", String(search.fuzzy && search.patientName.trim() !== ""));
  query.append("includefield", RETURNED.join(","));
  query.append("limit", String(search.limit));
  query.append("offset", String(search.offset));
  return query.toString();
}

/** `Tremblay, Gen` is `Tremblay*^Gen*` when matched literally; fuzzy matching takes the words as they are (PS3.18 §8.3.4.2). */
function nameKey(typed: string, fuzzy: boolean): string {
  const name = typed.trim();
  if (name === "" || /[*?]/u.test(name)) return name;
  if (fuzzy) return name.replaceAll(/\s*,\s*/gu, "^");
  return `${name.split(/\s*[,^]\s*/u).join("*^")}*`;
}

function contains(typed: string): string {
  const words = typed.trim();
  return words === "" || /[*?]/u.test(words) ? words : `*${words}*`;
}

/** True for an Ontario health number: ten digits, the first not 0, with a valid check digit; a version code may follow. */
export function isHealthNumber(typed: string): boolean {
  const digits = /^([1-9]\d{9})([A-Z]{0,2})$/iu.exec(typed.replaceAll(/[\s-]/gu, ""))?.[1];
  if (digits === undefined) return false;
  const sum = Array.from(digits, Number).reduce((total, digit, at) => {
    const doubled = at % 2 === 0 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
