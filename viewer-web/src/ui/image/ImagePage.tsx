import { useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { PatientRecord } from "../../model/patient";
import { timelineOf } from "../../model/timeline";
import { retrievePatient } from "../../service/records";
import { Failure } from "../parts/Failure";
import { Link } from "../parts/Link";
import { Notice } from "../parts/Notice";
import { useServices } from "../services";
import { useCurrent } from "../useCurrent";
import { useLoad } from "../useLoad";
import { Workstation } from "./Workstation";

/** The images of one study with the patient's others beside them. */
export function ImagePage({ patientKey, studyInstanceUid }: { readonly patientKey: string; readonly studyInstanceUid: string }): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const [record, reload] = useLoad((signal) => retrievePatient(http, patientKey, signal), [http, patientKey]);
  const patient = record.kind === "ready" ? record.value : record.kind === "loading" ? record.previous : null;
  const grew = useCurrent(patient, reload);
  const [renewed, setRenewed] = useState(0);
  const departures = useDepartures(patient);
  if (record.kind === "failed") {
    return (
      <div className="page">
        <Failure error={record.error} retry={reload} />
      </div>
    );
  }
  if (patient === null) return <p className="waiting">{t("common.loading")}</p>;
  const study = patient.studies.find((it) => it.studyInstanceUid === studyInstanceUid);
  if (study === undefined) {
    return (
      <div className="page">
        <Notice tone="problem" title={t("image.notOfPatient")}>
          <p>
            <Link to={{ page: "patient", patientKey }}>{t("image.toRecord")}</Link>
          </p>
        </Notice>
      </div>
    );
  }
  // What left the record is shown nowhere any more: every place begins anew.
  return (
    <>
      {departures === 0 ? null : <Notice tone="warning" title={t("image.departed")} />}
      {grew ? (
        <Notice tone="info" title={t("image.arrived")}>
          <Button
            className="button"
            onPress={() => {
              setRenewed(renewed + 1);
              reload();
            }}
          >
            {t("image.showArrived")}
          </Button>
        </Notice>
      ) : null}
      <Workstation key={`${studyInstanceUid} ${departures} ${renewed}`} patient={patient} study={study} entries={timelineOf(patient)} />
    </>
  );
}

/** How many times a study has left the record since it was opened: it is another patient's, or was rejected. */
function useDepartures(patient: PatientRecord | null): number {
  const [last, setLast] = useState<{ readonly patient: PatientRecord | null; readonly times: number }>({ patient: null, times: 0 });
  if (patient !== null && patient !== last.patient) {
    const here = new Set(patient.studies.map((it) => it.studyInstanceUid));
    const left = last.patient?.studies.some((it) => !here.has(it.studyInstanceUid)) === true;
    setLast({ patient, times: last.times + (left ? 1 : 0) });
  }
  return last.times;
}
