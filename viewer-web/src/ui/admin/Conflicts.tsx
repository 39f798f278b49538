import { useCallback, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { ServiceError } from "../../dicomweb/errors";
import { isoInstant } from "../../model/dates";
import type { Conflict } from "../../model/conflict";
import { dismissConflict, listAgain, searchConflicts } from "../../service/conflicts";
import { languageOf } from "../i18n";
import { Failure } from "../parts/Failure";
import { Field } from "../parts/Field";
import { Link } from "../parts/Link";
import { useServices } from "../services";
import { asServiceError } from "../useLoad";
import { type ConflictWords, conflictWords } from "./conflictWords";
import { useRefresh } from "./useRefresh";

const REFRESH_MS = 10_000;

/** What contradicts itself, and what an administrator said of it. */
export function Conflicts(): React.JSX.Element {
  const { http } = useServices();
  const { t, i18n } = useTranslation();
  const words = conflictWords(languageOf(i18n.language));
  const [dismissed, setDismissed] = useState(false);
  const conflicts = useRefresh(
    useCallback((signal) => searchConflicts(http, dismissed, signal), [http, dismissed]),
    REFRESH_MS,
  );
  const shown = conflicts.value?.filter((it) => (it.dismissal !== null) === dismissed) ?? null;
  return (
    <section aria-labelledby="conflicts">
      <h2 id="conflicts">{words.title}</h2>
      <p className="muted">{words.what}</p>
      <div>
        <Button className="button button-small" aria-pressed={dismissed} onPress={() => setDismissed((old) => !old)}>
          {dismissed ? words.showOpen : words.showDismissed}
        </Button>
      </div>
      {conflicts.error === null ? null : <Failure error={conflicts.error} retry={conflicts.refresh} />}
      {shown === null ? <p className="waiting">{t("common.loading")}</p> : null}
      {shown?.length === 0 ? <p className="empty">{dismissed ? words.emptyDismissed : words.empty}</p> : null}
      <ul className="repositories conflicts">
        {shown?.map((conflict) => (
          <Entry key={conflict.key} conflict={conflict} words={words} onChanged={conflicts.refresh} />
        ))}
      </ul>
    </section>
  );
}

function Entry({ conflict, words, onChanged }: { readonly conflict: Conflict; readonly words: ConflictWords; readonly onChanged: () => void }): React.JSX.Element {
  const { http } = useServices();
  const [reason, setReason] = useState("");
  const [failed, setFailed] = useState<ServiceError | null>(null);
  const run = async (action: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    try {
      await action(AbortSignal.timeout(60_000));
      setFailed(null);
      onChanged();
    } catch (cause) {
      setFailed(asServiceError(cause));
    }
  };
  return (
    <li className="repository" data-testid={`conflict-${conflict.kind}`}>
      {conflict.alert ? <span className="chip status status-bad">{words.alert}</span> : null} <strong>{words.kinds[conflict.kind]}</strong>{" "}
      {conflict.since === null ? null : (
        <span className="faint number">
          {words.since} {isoInstant(conflict.since)}
        </span>
      )}
      <Facts conflict={conflict} words={words} />
      {conflict.dismissal === null ? (
        <div className="confirmation">
          <Field label={words.reason} value={reason} onChange={setReason} name="reason" />
          <Button className="button button-small" isDisabled={reason.trim() === ""} onPress={() => void run((signal) => dismissConflict(http, conflict.key, reason.trim(), signal))}>
            {words.dismiss}
          </Button>
        </div>
      ) : (
        <div className="confirmation">
          <span>
            {words.dismissed} {isoInstant(conflict.dismissal.at) ?? ""} ({conflict.dismissal.by ?? "—"}): {conflict.dismissal.reason}
          </span>
          <Button className="button button-small" onPress={() => void run((signal) => listAgain(http, conflict.key, signal))}>
            {words.again}
          </Button>
        </div>
      )}
      {failed === null ? null : <Failure error={failed} />}
    </li>
  );
}

/** Whom and what it concerns, by numbers: names are for the record itself. */
function Facts({ conflict, words }: { readonly conflict: Conflict; readonly words: ConflictWords }): React.JSX.Element {
  return (
    <ul className="conflict-facts">
      {conflict.patients.map((it) => (
        <li key={`${it.patientKey} ${it.issuer ?? ""} ${it.patientId ?? ""}`}>
          {words.patient} <Link to={{ page: "patient", patientKey: it.patientKey }}>{[it.issuer, it.patientId ?? "—", it.repository === null ? "" : `(${it.repository})`].filter(Boolean).join(" ")}</Link>
        </li>
      ))}
      {conflict.studyInstanceUid === null ? null : (
        <li>
          {words.study} <span className="number">{conflict.studyInstanceUid}</span>
        </li>
      )}
      {conflict.sopInstanceUid === null ? null : (
        <li>
          {words.instance} {conflict.instances}, <span className="number">{conflict.sopInstanceUid}</span>. {words.shown} {conflict.shown ?? "—"}; {words.beside} {conflict.beside ?? "—"}.{conflict.compared ? "" : ` ${words.notCompared}`}
        </li>
      )}
      {conflict.controlId === null ? null : (
        <li>
          {conflict.repository ?? "—"}, {words.messages} {conflict.messages}. {words.controlId} <span className="number">{conflict.controlId}</span>
        </li>
      )}
      {conflict.kind === "report" ? <li>{words.doubts[conflict.why]}</li> : null}
      {conflict.studies.length === 0 ? null : (
        <li>
          {words.meant} <span className="number">{conflict.studies.join(", ")}</span>
        </li>
      )}
    </ul>
  );
}
