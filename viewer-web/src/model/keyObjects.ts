import type { DataSet } from "./dataset";
import type { InstanceAddress } from "./displaySet";

/** Key Object Selection Document Storage. */
export const KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59";
/** A selection of more is no selection. */
const MOST = 500;

/** The instances that a key object selection is about, from its evidence (0040,A375), each once and in its order. */
export function selectedInstances(data: DataSet): readonly InstanceAddress[] {
  const found = new Map<string, InstanceAddress>();
  for (const study of sequence(data, "0040A375")) {
    for (const series of sequence(study, "00081115")) {
      for (const instance of sequence(series, "00081199")) {
        const [studyInstanceUid, seriesInstanceUid, sopInstanceUid] = [uid(study, "0020000D"), uid(series, "0020000E"), uid(instance, "00081155")];
        if (studyInstanceUid === null || seriesInstanceUid === null || sopInstanceUid === null || found.size >= MOST) continue;
        found.set(sopInstanceUid, { studyInstanceUid, seriesInstanceUid, sopInstanceUid });
      }
    }
  }
  return [...found.values()];
}

function sequence(data: DataSet, tag: string): readonly DataSet[] {
  return data[tag]?.vr === "SQ" ? ((data[tag].Value ?? []) as readonly DataSet[]) : [];
}

function uid(data: DataSet, tag: string): string | null {
  const value = data[tag]?.Value?.[0];
  return typeof value === "string" && /^[0-9.]{1,64}$/u.test(value) ? value : null;
}
