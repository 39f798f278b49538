import { type FormEvent, useCallback, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { ServiceError } from "../../dicomweb/errors";
import { isoInstant } from "../../model/dates";
import type { TestPatient } from "../../model/testPatient";
import { ruleTestPatient, searchTestPatients } from "../../service/testPatients";
import { languageOf } from "../i18n";
import { Failure } from "../parts/Failure";
import { Field } from "../parts/Field";
import { Link } from "../parts/Link";
import { Notice } from "../parts/Notice";
import { useServices } from "../services";
import { asServiceError } from "../useLoad";
import { TEST_PATIENTS_WORDS, type TestPatientsWords } from "./testPatientsWords";
import { useRefresh } from "./useRefresh";

const REFRESH_MS = 30_000;

interface Rule {
  readonly failed: ServiceError | null;
  /** Rules of a number; whether it was taken. */
  readonly rule: (issuer: string, patientId: string, isTest: boolean, reason: string) => Promise<boolean>;
}

/** One ruling at a time, and why it failed. */
function useRule(onChanged: () => void): Rule {
  const { http } = useServices();
  const [failed, setFailed] = useState<ServiceError | null>(null);
  const rule = async (issuer: string, patientId: string, isTest: boolean, reason: string): Promise<boolean> => {
    try {
      await ruleTestPatient(http, { issuer: issuer.trim(), patientId: patientId.trim(), isTest, reason: reason.trim() }, AbortSignal.timeout(60_000));
      setFailed(null);
      onChanged();
      return true;
    } catch (cause) {
      setFailed(asServiceError(cause));
      return false;
    }
  };
  return { failed, rule };
}

/** Who is taken for a test, and the word of an operator that somebody is one, or is none. */
export function TestPatients(): React.JSX.Element {
  const { http } = useServices();
  const { t, i18n } = useTranslation();
  const words = TEST_PATIENTS_WORDS[languageOf(i18n.language)];
  const patients = useRefresh(
    useCallback((signal) => searchTestPatients(http, signal), [http]),
    REFRESH_MS,
  );
  return (
    <section aria-labelledby="test-patients">
      <h2 id="test-patients">{words.title}</h2>
      <p className="muted">{words.what}</p>
      <MarkForm words={words} onChanged={patients.refresh} />
      {patients.error === null ? null : <Failure error={patients.error} retry={patients.refresh} />}
      {patients.value === null ? <p className="waiting">{t("common.loading")}</p> : null}
      {patients.value?.length === 0 ? <p className="empty">{words.empty}</p> : null}
      <ul className="repositories conflicts">
        {patients.value?.map((patient) => (
          <Entry key={patient.key} patient={patient} words={words} onChanged={patients.refresh} />
        ))}
      </ul>
    </section>
  );
}

function MarkForm({ words, onChanged }: { readonly words: TestPatientsWords; readonly onChanged: () => void }): React.JSX.Element {
  const [issuer, setIssuer] = useState("");
  const [number, setNumber] = useState("");
  const [reason, setReason] = useState("");
  const { failed, rule } = useRule(onChanged);
  const isWhole = [issuer, number, reason].every((text) => text.trim() !== "");
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isWhole && (await rule(issuer, number, true, reason))) {
      setNumber("");
      setReason("");
    }
  };
  return (
    <form className="register" onSubmit={(event) => void submit(event)} noValidate aria-label={words.mark}>
      <fieldset>
        <legend>{words.mark}</legend>
        <Field label={words.issuer} name="test-issuer" value={issuer} onChange={setIssuer} required />
        <Field label={words.number} name="test-number" value={number} onChange={setNumber} required />
        <Field label={words.reason} name="test-reason" value={reason} onChange={setReason} required />
      </fieldset>
      <div className="register-actions">
        <Button type="submit" className="button" isDisabled={!isWhole}>
          {words.mark}
        </Button>
      </div>
      <div aria-live="polite">{failed === null ? null : failed.trouble === "missing" ? <Notice tone="problem" title={words.nobody} /> : <Failure error={failed} />}</div>
    </form>
  );
}

function Entry({ patient, words, onChanged }: { readonly patient: TestPatient; readonly words: TestPatientsWords; readonly onChanged: () => void }): React.JSX.Element {
  const [reason, setReason] = useState("");
  const { failed, rule } = useRule(onChanged);
  const { issuer, patientId, ruling } = patient;
  const isTest = ruling?.isTest ?? true;
  const press = (): void => void rule(issuer ?? "", patientId ?? "", !isTest, reason).then((done) => (done ? setReason("") : undefined));
  return (
    <li className="repository" data-testid="test-patient">
      {words.patient} <Link to={{ page: "patient", patientKey: patient.patientKey }}>{[issuer, patientId ?? "—", patient.repository === null ? "" : `(${patient.repository})`].filter(Boolean).join(" ")}</Link>{" "}
      <strong>{ruling === null ? words.byNumber : isTest ? words.isTest : words.isNoTest}</strong>. {words.hidden(patient.hiddenStudies)}.
      {ruling === null ? null : (
        <p className="muted">
          {isoInstant(ruling.at) ?? ""} ({ruling.by ?? "—"}): {ruling.reason}
        </p>
      )}
      <div className="confirmation">
        <Field label={words.reason} value={reason} onChange={setReason} name="reason" />
        <Button className="button button-small" isDisabled={reason.trim() === ""} onPress={press}>
          {isTest ? words.notATest : words.again}
        </Button>
      </div>
      {failed === null ? null : <Failure error={failed} />}
    </li>
  );
}
