import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { PatientRecord } from "../../model/patient";
import { filterChoices, filterTimeline, timelineOf, type TimelineFilter } from "../../model/timeline";
import { retrievePatient } from "../../service/records";
import { Failure } from "../parts/Failure";
import { Choice } from "../parts/Field";
import { Icon } from "../parts/Icon";
import { Missing } from "../parts/Missing";
import { PatientBanner } from "../parts/PatientBanner";
import { ReportReader } from "../parts/ReportReader";
import { useServices } from "../services";
import { useCurrent } from "../useCurrent";
import { useLoad } from "../useLoad";
import { Timeline } from "./Timeline";

/** One person's record of all regions, by date. */
export function PatientPage({ patientKey }: { readonly patientKey: string }): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const [record, reload] = useLoad((signal) => retrievePatient(http, patientKey, signal), [http, patientKey]);
  const patient = record.kind === "ready" ? record.value : record.kind === "loading" ? record.previous : null;
  const grew = useCurrent(patient, reload);
  useEffect(() => {
    if (grew) reload();
  }, [grew, reload]);
  if (record.kind === "failed") {
    return (
      <div className="page">
        <Failure error={record.error} retry={reload} />
      </div>
    );
  }
  if (patient === null) return <p className="waiting">{t("common.loading")}</p>;
  return <Record patient={patient} />;
}

function Record({ patient }: { readonly patient: PatientRecord }): React.JSX.Element {
  const { t } = useTranslation();
  const [filter, setFilter] = useState<TimelineFilter>({ modality: "", region: "" });
  const [chosen, setReportKey] = useState<string | null>(null);
  const reportKey = patient.reports.some((it) => it.reportKey === chosen) ? chosen : null;
  const entries = useMemo(() => timelineOf(patient), [patient]);
  const choices = useMemo(() => filterChoices(entries), [entries]);
  const shown = filterTimeline(entries, filter);
  return (
    <div className="record">
      <PatientBanner patient={patient} />
      <div className={reportKey === null ? "record-body" : "record-body record-body-split"}>
        <section className="record-line" aria-label={t("patient.timeline")}>
          <h1 className="sr">{t("titles.patient")}</h1>
          <Missing repositories={patient.missing} />
          <div className="filters">
            <Choice label={t("patient.filterModality")} value={filter.modality} onChange={(modality) => setFilter({ ...filter, modality })}>
              <option value="">{t("search.anyModality")}</option>
              {choices.modalities.map((code) => (
                <option key={code}>{code}</option>
              ))}
            </Choice>
            <Choice label={t("patient.filterRegion")} value={filter.region} onChange={(region) => setFilter({ ...filter, region })}>
              <option value="">{t("patient.anyRegion")}</option>
              {choices.regions.map((code) => (
                <option key={code}>{code}</option>
              ))}
            </Choice>
            <output className="muted">
              {t("patient.count", { shown: shown.length, all: entries.length })}
            </output>
          </div>
          {shown.length === 0 ? (
            <div className="empty">
              <Icon name="images" size={30} />
              <p>{t(entries.length === 0 ? "patient.empty" : "patient.emptyFilter")}</p>
            </div>
          ) : (
            <Timeline patientKey={patient.patientKey} entries={shown} openReport={reportKey} onReport={setReportKey} />
          )}
        </section>
        {reportKey === null ? null : (
          <aside className="record-report" aria-label={t("report.label")}>
            <ReportReader key={`${reportKey} ${patient.state}`} reportKey={reportKey} onClose={() => setReportKey(null)} />
          </aside>
        )}
      </div>
    </div>
  );
}
