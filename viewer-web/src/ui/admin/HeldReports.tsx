import { type FormEvent, useCallback, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { ServiceError } from "../../dicomweb/errors";
import { isoInstant } from "../../model/dates";
import type { HeldReport } from "../../model/heldReport";
import { holdReport, releaseReport, searchHeldReports } from "../../service/heldReports";
import { languageOf } from "../i18n";
import { Failure } from "../parts/Failure";
import { Field } from "../parts/Field";
import { Notice } from "../parts/Notice";
import { useServices } from "../services";
import { asServiceError } from "../useLoad";
import { HELD_REPORTS_WORDS, type HeldReportsWords } from "./heldReportsWords";
import { useRefresh } from "./useRefresh";

const REFRESH_MS = 30_000;

interface Order {
  readonly failed: ServiceError | null;
  readonly busy: boolean;
  /** Gives an order to the service; whether it was taken. */
  readonly give: (order: (signal: AbortSignal) => Promise<void>) => Promise<boolean>;
}

/** One order at a time, and why it failed. */
function useOrder(onChanged: () => void): Order {
  const [failed, setFailed] = useState<ServiceError | null>(null);
  const [busy, setBusy] = useState(false);
  const give: Order["give"] = async (order) => {
    setBusy(true);
    try {
      await order(AbortSignal.timeout(60_000));
      setFailed(null);
      onChanged();
      return true;
    } catch (cause) {
      setFailed(asServiceError(cause));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { failed, busy, give };
}

/** Reports that nobody reads yet: who said so, since when and why; and the word that holds or releases one. */
export function HeldReports(): React.JSX.Element {
  const { http } = useServices();
  const { t, i18n } = useTranslation();
  const words = HELD_REPORTS_WORDS[languageOf(i18n.language)];
  const reports = useRefresh(
    useCallback((signal) => searchHeldReports(http, signal), [http]),
    REFRESH_MS,
  );
  return (
    <section aria-labelledby="held-reports">
      <h2 id="held-reports">{words.title}</h2>
      <p className="muted">{words.what}</p>
      <HoldForm words={words} onChanged={reports.refresh} />
      {reports.error === null ? null : <Failure error={reports.error} retry={reports.refresh} />}
      {reports.value === null ? <p className="waiting">{t("common.loading")}</p> : null}
      {reports.value?.length === 0 ? <p className="empty">{words.empty}</p> : null}
      <ul className="repositories conflicts">
        {reports.value?.map((report) => (
          <Entry key={report.reportKey} report={report} words={words} onChanged={reports.refresh} />
        ))}
      </ul>
    </section>
  );
}

function HoldForm({ words, onChanged }: { readonly words: HeldReportsWords; readonly onChanged: () => void }): React.JSX.Element {
  const { http } = useServices();
  const [key, setKey] = useState("");
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("");
  const { failed, busy, give } = useOrder(onChanged);
  const isWhole = [key, until, reason].every((text) => text.trim() !== "");
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isWhole && !busy && (await give((signal) => holdReport(http, key.trim(), until, reason.trim(), signal)))) {
      setKey("");
      setReason("");
    }
  };
  return (
    <form className="register" onSubmit={(event) => void submit(event)} noValidate aria-label={words.hold}>
      <fieldset>
        <legend>{words.hold}</legend>
        <Field label={words.report} name="held-report" value={key} onChange={setKey} required hint={words.reportHint} />
        <Field label={words.until} name="held-until" type="date" value={until} onChange={setUntil} required />
        <Field label={words.reason} name="held-reason" value={reason} onChange={setReason} required />
      </fieldset>
      <div className="register-actions">
        <Button type="submit" className="button" isDisabled={!isWhole || busy}>
          {words.hold}
        </Button>
      </div>
      <div aria-live="polite">{failed === null ? null : failed.trouble === "missing" ? <Notice tone="problem" title={words.nobody} /> : <Failure error={failed} />}</div>
    </form>
  );
}

function Entry({ report, words, onChanged }: { readonly report: HeldReport; readonly words: HeldReportsWords; readonly onChanged: () => void }): React.JSX.Element {
  const { http } = useServices();
  const [reason, setReason] = useState("");
  const { failed, busy, give } = useOrder(onChanged);
  const release = (): void => void give((signal) => releaseReport(http, report.reportKey, reason.trim(), signal));
  return (
    <li className="repository" data-testid="held-report">
      <strong>{report.reportKey}</strong> {report.repository === null ? "" : `(${report.repository}) `}
      {words.held(isoInstant(report.until) ?? "—")}.
      <p className="muted">
        {isoInstant(report.since) ?? ""} ({report.by ?? "—"}): {report.reason}
      </p>
      <div className="confirmation">
        <Field label={words.reason} value={reason} onChange={setReason} name="reason" />
        <Button className="button button-small" aria-label={`${words.release}: ${report.reportKey}`} isDisabled={reason.trim() === "" || busy} onPress={release}>
          {words.release}
        </Button>
      </div>
      {failed === null ? null : <Failure error={failed} />}
    </li>
  );
}
