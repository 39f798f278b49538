import { number, text } from "../dicomweb/json";
import type { DataSet } from "../model/dataset";

const BITS_STORED = "00280101";
const HIGH_BIT = "00280102";
const RESCALE_INTERCEPT = "00281052";
const RESCALE_SLOPE = "00281053";
const MODALITY_LUT = "00283000";

/**
 * Grey samples that don't begin at bit 0 (PS3.5 §8.1.1), told to a renderer that takes each word as its sample: the word is 2^n times
 * the sample, which the slope undoes. Others are returned as they are.
 */
export function fromBitZero(data: DataSet): DataSet {
  const stored = number(data, BITS_STORED);
  const high = number(data, HIGH_BIT);
  if (stored === null || high === null || high < stored || !isPlainGrey(data)) return data;
  const slope = (number(data, RESCALE_SLOPE) ?? 1) / 2 ** (high + 1 - stored);
  return {
    ...data,
    [BITS_STORED]: { vr: "US", Value: [high + 1] },
    [RESCALE_SLOPE]: { vr: "DS", Value: [slope] },
    [RESCALE_INTERCEPT]: { vr: "DS", Value: [number(data, RESCALE_INTERCEPT) ?? 0] },
  };
}

/** Neither colour nor a table of samples: those are looked up by the sample itself. */
function isPlainGrey(data: DataSet): boolean {
  return text(data, "00280004")?.startsWith("MONOCHROME") === true && data[MODALITY_LUT] === undefined;
}
