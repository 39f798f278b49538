/** The DICOM JSON model (PS3.18 Annex F), read defensively: a repository's mistakes are input, not errors. */
import type { DataSet, Element } from "../model/dataset";
import type { PersonName } from "../model/person";

const TAG = /^[0-9A-Fa-f]{8}$/;

/** True for an object that is not null and not an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads one data set. Attributes without a value are left out, at every depth: an empty `Value` breaks renderers. */
export function parseDataSet(input: unknown): DataSet {
  const out: Record<string, Element> = {};
  if (!isRecord(input)) return out;
  for (const [tag, raw] of Object.entries(input)) {
    const element = TAG.test(tag) ? parseElement(raw) : null;
    if (element !== null) out[tag.toUpperCase()] = element;
  }
  return out;
}

/** Reads an answer that is a list of data sets; anything else is an empty list. */
export function parseDataSets(input: unknown): readonly DataSet[] {
  return Array.isArray(input) ? input.map(parseDataSet) : [];
}

function parseElement(raw: unknown): Element | null {
  if (!isRecord(raw)) return null;
  const vr = typeof raw["vr"] === "string" ? raw["vr"] : "UN";
  if (typeof raw["InlineBinary"] === "string") return { vr, InlineBinary: raw["InlineBinary"] };
  if (typeof raw["BulkDataURI"] === "string") return { vr, BulkDataURI: raw["BulkDataURI"] };
  const value = raw["Value"];
  if (!Array.isArray(value)) return null;
  if (vr === "SQ") {
    return value.length > 0 ? { vr, Value: value.map(parseDataSet) } : null;
  }
  return value.some((item) => item !== null && item !== "") ? { vr, Value: value } : null;
}

/** The first value as text, trimmed; null when there is none. */
export function text(set: DataSet, tag: string): string | null {
  return texts(set, tag)[0] ?? null;
}

/** All values as text, trimmed, without empty ones. */
export function texts(set: DataSet, tag: string): readonly string[] {
  const values = set[tag]?.Value ?? [];
  return values.flatMap((value) => {
    if (typeof value === "number") return [String(value)];
    const trimmed = typeof value === "string" ? value.trim() : "";
    return trimmed === "" ? [] : [trimmed];
  });
}

/** The first value as a finite number; null when there is none. DS and IS may come as text. */
export function number(set: DataSet, tag: string): number | null {
  return numbers(set, tag)[0] ?? null;
}

/** All values as numbers; one that is not finite makes the list empty, so that a vector is never short by one. */
export function numbers(set: DataSet, tag: string): readonly number[] {
  const values = (set[tag]?.Value ?? []).map((value) => (typeof value === "string" ? Number.parseFloat(value) : value));
  const finite = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  return finite.length === values.length ? finite : [];
}

/** The items of a sequence. */
export function items(set: DataSet, tag: string): readonly DataSet[] {
  const element = set[tag];
  return element?.vr === "SQ" ? ((element.Value ?? []) as readonly DataSet[]) : [];
}

/** A person's name in all its groups. */
export function personName(set: DataSet, tag: string): PersonName {
  const value = set[tag]?.Value?.[0];
  if (typeof value === "string") return { alphabetic: group(value), ideographic: null, phonetic: null };
  const groups = isRecord(value) ? value : {};
  return { alphabetic: group(groups["Alphabetic"]), ideographic: group(groups["Ideographic"]), phonetic: group(groups["Phonetic"]) };
}

function group(value: unknown): string | null {
  const trimmed = typeof value === "string" ? value.trim() : "";
  return trimmed === "" ? null : trimmed;
}
