import { useTranslation } from "react-i18next";
import { timelineOf } from "../../model/timeline";
import { retrievePatient } from "../../service/records";
import { Failure } from "../parts/Failure";
import { Link } from "../parts/Link";
import { Notice } from "../parts/Notice";
import { useServices } from "../services";
import { useLoad } from "../useLoad";
import { Workstation } from "./Workstation";

/** The images of one study with the patient's others beside them. */
export function ImagePage({ patientKey, studyInstanceUid }: { readonly patientKey: string; readonly studyInstanceUid: string }): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const [record, reload] = useLoad((signal) => retrievePatient(http, patientKey, signal), [http, patientKey]);
  if (record.kind === "failed") {
    return (
      <div className="page">
        <Failure error={record.error} retry={reload} />
      </div>
    );
  }
  const patient = record.kind === "ready" ? record.value : record.previous;
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
  return <Workstation key={studyInstanceUid} patient={patient} study={study} entries={timelineOf(patient)} />;
}
