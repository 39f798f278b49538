import type { DataSet } from "../model/dataset";
import type { Availability, Series, StudyRow } from "../model/study";
import { number, personName, text, texts } from "./json";

/** One row of a study search; a row without a Study Instance UID is dropped, as nothing could be done with it. */
export function studyRowOf(set: DataSet): readonly StudyRow[] {
  const studyInstanceUid = text(set, "0020000D");
  if (studyInstanceUid === null) return [];
  return [
    {
      studyInstanceUid,
      patientName: personName(set, "00100010"),
      patientId: text(set, "00100020"),
      issuerOfPatientId: text(set, "00100021"),
      birthDate: text(set, "00100030"),
      sex: text(set, "00100040"),
      studyDate: text(set, "00080020"),
      studyTime: text(set, "00080030"),
      accessionNumber: text(set, "00080050"),
      description: text(set, "00081030"),
      institution: text(set, "00080080"),
      modalities: texts(set, "00080061"),
      regions: regionsOf(set),
      numberOfSeries: number(set, "00201206"),
      numberOfInstances: number(set, "00201208"),
      availability: availabilityOf(text(set, "00080056")),
    },
  ];
}

/** The holders of a study: locations when given (0040,E011), else application entities (0008,0054). */
function regionsOf(set: DataSet): readonly string[] {
  const locations = texts(set, "0040E011");
  const titles = texts(set, "00080054");
  return [...new Set(titles.length > 0 ? titles : locations)];
}

function availabilityOf(value: string | null): Availability {
  return value === "NEARLINE" || value === "OFFLINE" || value === "UNAVAILABLE" ? value : "ONLINE";
}

/** One series of a study. */
export function seriesOf(set: DataSet, studyInstanceUid: string): readonly Series[] {
  const seriesInstanceUid = text(set, "0020000E");
  if (seriesInstanceUid === null) return [];
  return [
    {
      studyInstanceUid,
      seriesInstanceUid,
      modality: text(set, "00080060") ?? "OT",
      seriesNumber: number(set, "00200011"),
      description: text(set, "0008103E"),
      numberOfInstances: number(set, "00201209"),
    },
  ];
}
