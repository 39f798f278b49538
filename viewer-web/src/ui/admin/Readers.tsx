import { type FormEvent, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { ServiceError } from "../../dicomweb/errors";
import { isoInstant } from "../../model/dates";
import type { Reader, Readers as Found, ReadersQuestion } from "../../model/reader";
import { searchReaders } from "../../service/readers";
import { languageOf } from "../i18n";
import { Failure } from "../parts/Failure";
import { Choice, Field } from "../parts/Field";
import { Notice } from "../parts/Notice";
import { useServices } from "../services";
import { asServiceError } from "../useLoad";
import { READERS_WORDS, type ReadersWords } from "./readersWords";

const KINDS = ["study", "report", "patient"] as const;
const NOTHING: ReadersQuestion = { kind: "study", key: "", version: "", from: "", to: "" };
type Doing = { readonly kind: "nothing" } | { readonly kind: "busy" } | { readonly kind: "found"; readonly found: Found } | { readonly kind: "failed"; readonly error: ServiceError };

/** Who opened something that stood under the wrong patient, or was corrected: asked of the audit trail. */
export function Readers(): React.JSX.Element {
  const { http } = useServices();
  const { t, i18n } = useTranslation();
  const words = READERS_WORDS[languageOf(i18n.language)];
  const [asked, setAsked] = useState<ReadersQuestion>(NOTHING);
  const [doing, setDoing] = useState<Doing>({ kind: "nothing" });
  const set = (change: Partial<ReadersQuestion>): void => setAsked((old) => ({ ...old, ...change }));
  const search = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (asked.key.trim() === "") return;
    setDoing({ kind: "busy" });
    try {
      setDoing({ kind: "found", found: await searchReaders(http, asked, AbortSignal.timeout(300_000)) });
    } catch (cause) {
      setDoing({ kind: "failed", error: asServiceError(cause) });
    }
  };
  return (
    <section aria-labelledby="readers">
      <h2 id="readers">{words.title}</h2>
      <p className="muted">{words.what}</p>
      <form className="register" onSubmit={(event) => void search(event)} noValidate aria-labelledby="readers">
        <fieldset>
          <legend className="sr">{words.title}</legend>
          <Choice label={words.kind} name="readers-kind" value={asked.kind} onChange={(kind) => set({ kind: KINDS.find((it) => it === kind) ?? "study" })}>
            {KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {words.kinds[kind]}
              </option>
            ))}
          </Choice>
          <Field label={words.key} name="readers-key" value={asked.key} onChange={(key) => set({ key })} required />
          {asked.kind === "report" ? <Field label={words.version} name="readers-version" type="number" value={asked.version} onChange={(version) => set({ version })} /> : null}
          <Field label={words.from} name="readers-from" type="datetime-local" value={asked.from} onChange={(from) => set({ from })} />
          <Field label={words.to} name="readers-to" type="datetime-local" value={asked.to} onChange={(to) => set({ to })} />
        </fieldset>
        <div className="register-actions">
          <Button type="submit" className="button" isDisabled={doing.kind === "busy"}>
            {words.search}
          </Button>
        </div>
      </form>
      <div aria-live="polite">
        {doing.kind === "busy" ? <p className="waiting">{t("common.loading")}</p> : null}
        {doing.kind === "failed" ? <Failure error={doing.error} /> : null}
        {doing.kind === "found" ? <FoundReaders found={doing.found} words={words} /> : null}
      </div>
    </section>
  );
}

function FoundReaders({ found, words }: { readonly found: Found; readonly words: ReadersWords }): React.JSX.Element {
  return (
    <>
      {found.altered === 0 ? null : <Notice tone="problem" title={words.altered(found.altered)} />}
      {found.notShown === 0 ? null : <Notice tone="warning" title={words.notShown(found.notShown)} />}
      {found.rows.length === 0 ? <p className="empty">{words.none}</p> : <ReadersTable rows={found.rows} words={words} />}
      {found.alsoInStudies.length === 0 ? null : (
        <p className="muted">
          {words.alsoInStudies} {found.alsoInStudies.join(", ")}
        </p>
      )}
    </>
  );
}

function ReadersTable({ rows, words }: { readonly rows: readonly Reader[]; readonly words: ReadersWords }): React.JSX.Element {
  const { columns } = words;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard
    <div className="table-frame" role="group" aria-label={words.title} tabIndex={0} data-testid="readers">
      <table className="table">
        <thead>
          <tr>
            {Object.entries(columns).map(([column, word]) => (
              <th key={column} scope="col">
                {word}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={`${row.at} ${at}`}>
              <td className="number nowrap">{isoInstant(row.at)}</td>
              <td className="number nowrap">{isoInstant(row.until) ?? "—"}</td>
              <td>
                {row.user}
                {row.recipient === null ? "" : `, ${words.sentTo(row.recipient)}`}
              </td>
              <td>{row.authority}</td>
              <td>{words.faces[row.face ?? ""] ?? "—"}</td>
              <td>
                {words.actions[row.action] ?? row.action}
                {row.withheld ? <span className="muted"> {words.withheld}</span> : null}
              </td>
              <td>
                {row.version ?? "—"}
                {row.laterVersion === null ? null : <span className="muted"> {words.laterVersion(row.laterVersion)}</span>}
              </td>
              <td>
                {row.patientKey ?? "—"}
                {row.otherPatient ? <span className="chip status status-changed">{words.otherPatient}</span> : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
