/** What the values of an image are measured in, once they are rescaled. */
import { number, text } from "../dicomweb/json";
import type { DataSet } from "../model/dataset";

/** Units (0054,1001) of positron emission (PS3.3 §C.8.9.1.1.3) that readers know by other names. */
const PET: Readonly<Record<string, string>> = { BQML: "Bq/mL", GML: "g/mL", CM2ML: "cm²/mL", CNTS: "counts", PROPCNTS: "counts" };
/** SUV Type (0054,1006), where the unit is that of a standardised uptake value. */
const SUV: Readonly<Record<string, string>> = { BW: "SUV bw", LBM: "SUV lbm", LBMJAMES128: "SUV lbm", LBMJANMA: "SUV lbm", BSA: "SUV bsa", IBW: "SUV ibw" };

/** The unit; null where the image says none. Rescale Type (0028,1054) of CT is HU where it is absent (PS3.3 §C.8.2.1). */
export function unitOf(data: DataSet): string | null {
  const modality = text(data, "00080060");
  const type = text(data, "00281054");
  if (modality === "PT") {
    const units = text(data, "00541001");
    if (units === "GML" || units === "CM2ML") return SUV[text(data, "00541006") ?? (units === "GML" ? "BW" : "")] ?? PET[units] ?? null;
    return units === null ? null : (PET[units] ?? units);
  }
  if (type !== null) return type === "US" ? null : type;
  const isRescaled = number(data, "00281053") !== null;
  return modality === "CT" && isRescaled ? "HU" : null;
}
