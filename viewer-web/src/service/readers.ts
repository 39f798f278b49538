import { type Http, requestJson } from "../dicomweb/http";
import type { Readers, ReadersQuestion } from "../model/reader";
import { fieldsOf } from "./decode";

/** Who opened something, as the audit trail tells; that it was asked is in the trail too. */
export async function searchReaders(http: Http, asked: ReadersQuestion, signal: AbortSignal): Promise<Readers> {
  const query = new URLSearchParams({ [asked.kind]: asked.key.trim() });
  if (asked.kind === "report" && asked.version.trim() !== "") query.set("version", asked.version.trim());
  if (asked.from !== "") query.set("from", instant(asked.from));
  if (asked.to !== "") query.set("to", instant(asked.to));
  const found = fieldsOf((await requestJson(http, `/api/admin/readers?${query}`, { signal })).body);
  return {
    rows: found.list("rows", (row) => ({
      at: row.text("at"),
      until: row.optional("until"),
      user: row.text("user"),
      authority: row.text("authority"),
      recipient: row.optional("recipient"),
      face: row.optional("face"),
      action: row.text("action"),
      patientKey: row.optional("patientKey"),
      otherPatient: row.flag("otherPatient"),
      version: row.number("version"),
      laterVersion: row.number("laterVersion"),
      withheld: row.flag("withheld"),
    })),
    notShown: found.number("notShown") ?? 0,
    altered: found.number("altered") ?? 0,
    alsoInStudies: found.texts("alsoInStudies"),
  };
}

/** A local date and time of a field, with its zone. */
function instant(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? local : at.toISOString();
}
