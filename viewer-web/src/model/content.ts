import type { DataSet } from "./dataset";
import { isoDate, isoTime } from "./dates";

/** One line of a structured report: what is said of what, and what is said below it. */
export interface ContentItem {
  readonly path: string;
  readonly name: string | null;
  readonly value: string | null;
  readonly items: readonly ContentItem[];
}

export interface Content {
  readonly title: string | null;
  readonly verified: boolean;
  readonly items: readonly ContentItem[];
}

/** A report nested deeper, or longer, is cut off: it is either broken or made by a machine for machines. */
const MAX_DEPTH = 12;
const MAX_ITEMS = 2000;

/** Reads the content tree of a structured report (PS3.3 §C.17.3). */
export function contentOf(data: DataSet): Content {
  const budget = { left: MAX_ITEMS };
  return { title: meaning(first(data, "0040A043")), verified: scalar(data, "0040A493") === "VERIFIED", items: itemsOf(data, "", 0, budget) };
}

function itemsOf(data: DataSet, path: string, depth: number, budget: { left: number }): readonly ContentItem[] {
  if (depth >= MAX_DEPTH) return [];
  return sequence(data, "0040A730").flatMap((item, at) => {
    budget.left -= 1;
    if (budget.left < 0) return [];
    const here = `${path}/${at}`;
    return [{ path: here, name: meaning(first(item, "0040A043")), value: valueOf(item), items: itemsOf(item, here, depth + 1, budget) }];
  });
}

/** The value of a content item by its type (0040,A040). */
function valueOf(item: DataSet): string | null {
  switch (scalar(item, "0040A040")) {
    case "TEXT":
      return scalar(item, "0040A160");
    case "CODE":
      return meaning(first(item, "0040A168"));
    case "NUM": {
      const measured = first(item, "0040A300");
      const value = measured === undefined ? null : scalar(measured, "0040A30A");
      return value === null ? null : `${value} ${meaning(measured === undefined ? undefined : first(measured, "004008EA")) ?? ""}`.trim();
    }
    case "DATE":
      return isoDate(scalar(item, "0040A121"));
    case "TIME":
      return isoTime(scalar(item, "0040A122")) ?? scalar(item, "0040A122");
    case "DATETIME":
      return scalar(item, "0040A120");
    case "PNAME":
      return scalar(item, "0040A123");
    default:
      return null;
  }
}

function meaning(code: DataSet | undefined): string | null {
  return code === undefined ? null : scalar(code, "00080104");
}

function first(data: DataSet, tag: string): DataSet | undefined {
  return sequence(data, tag)[0];
}

function sequence(data: DataSet, tag: string): readonly DataSet[] {
  return data[tag]?.vr === "SQ" ? ((data[tag].Value ?? []) as readonly DataSet[]) : [];
}

function scalar(data: DataSet, tag: string): string | null {
  const value = data[tag]?.Value?.[0];
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (typeof value === "object" && value !== null && "Alphabetic" in value) return String(value.Alphabetic);
  return null;
}
