import { useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { isoDate, sinceExam } from "../../model/dates";
import type { PatientStudy, ReportSummary } from "../../model/patient";
import { Status } from "../parts/Chips";
import { Icon } from "../parts/Icon";
import { ReportReader } from "../parts/ReportReader";

/** The reports of the study in the active place, beside its images. */
export function ReportPanel({ study, reports }: { readonly study: PatientStudy; readonly reports: readonly ReportSummary[] }): React.JSX.Element {
  const { t, i18n } = useTranslation();
  const ago = sinceExam(study.studyDate, study.studyTime, i18n.language);
  const [chosen, setChosen] = useState<string | null>(null);
  const report = reports.find((it) => it.reportKey === chosen) ?? reports[0];
  return (
    <aside className="report-panel" aria-label={t("report.label")}>
      <p className="report-study">
        <span className="number">{isoDate(study.studyDate) ?? t("common.dateNotGiven")}</span> {study.description ?? ""}
      </p>
      {reports.length < 2 ? null : (
        <div className="report-choice" role="group" aria-label={t("report.several")}>
          {reports.map((it) => (
            <Button key={it.reportKey} className="report-button" aria-pressed={it.reportKey === report?.reportKey} onPress={() => setChosen(it.reportKey)}>
              {it.title ?? t("report.untitled")} <Status status={it.status} />
            </Button>
          ))}
        </div>
      )}
      {report === undefined ? (
        <div className="empty">
          <Icon name="report" size={30} />
          <p>{t("report.none")}</p>
          {ago === null ? null : <p className="muted">{t("report.examined", { ago })}</p>}
        </div>
      ) : (
        <ReportReader key={report.reportKey} reportKey={report.reportKey} />
      )}
    </aside>
  );
}
