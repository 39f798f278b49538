import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { isoDate, isoTime, sinceExam } from "../../model/dates";
import type { PatientStudy, ReportSummary } from "../../model/patient";
import type { TimelineEntry } from "../../model/timeline";
import { Modalities, Regions, Status } from "../parts/Chips";
import { Icon } from "../parts/Icon";
import { Link } from "../parts/Link";

interface TimelineProps {
  readonly patientKey: string;
  readonly entries: readonly TimelineEntry[];
  readonly openReport: string | null;
  readonly onReport: (reportKey: string) => void;
}

/** Studies and reports by year, newest first. */
export function Timeline({ patientKey, entries, openReport, onReport }: TimelineProps): React.JSX.Element {
  const { t } = useTranslation();
  const years = grouped(entries);
  return (
    <div className="timeline">
      {[...years].map(([year, group]) => (
        <section key={year} aria-label={year === "" ? t("patient.noDate") : year}>
          <h2>{year === "" ? t("patient.noDate") : year}</h2>
          <ol>
            {group.map((entry) => (
              <li key={entry.kind === "study" ? entry.study.studyInstanceUid : entry.report.reportKey} className={`entry entry-${entry.kind}`}>
                {entry.kind === "study" ? (
                  <StudyEntry patientKey={patientKey} study={entry.study} reports={entry.reports} openReport={openReport} onReport={onReport} />
                ) : (
                  <ReportEntry report={entry.report} date={entry.date} open={openReport === entry.report.reportKey} onReport={onReport} />
                )}
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

function yearOf(entry: TimelineEntry): string {
  return entry.date?.slice(0, 4) ?? "";
}

function grouped(entries: readonly TimelineEntry[]): Map<string, TimelineEntry[]> {
  const years = new Map<string, TimelineEntry[]>();
  for (const entry of entries) years.set(yearOf(entry), [...(years.get(yearOf(entry)) ?? []), entry]);
  return years;
}

interface StudyEntryProps {
  readonly patientKey: string;
  readonly study: PatientStudy;
  readonly reports: readonly ReportSummary[];
  readonly openReport: string | null;
  readonly onReport: (reportKey: string) => void;
}

function StudyEntry({ patientKey, study, reports, openReport, onReport }: StudyEntryProps): React.JSX.Element {
  const { t, i18n } = useTranslation();
  const images = study.numberOfInstances ?? 0;
  const ago = sinceExam(study.studyDate, study.studyTime, i18n.language);
  return (
    <>
      <EntryDate date={study.studyDate} time={study.studyTime} listed={study.listedDate} />
      <div className="entry-kind">
        <Modalities codes={study.modalities} />
      </div>
      <div className="entry-text">
        <Link to={{ page: "image", patientKey, studyInstanceUid: study.studyInstanceUid }} className="entry-link">
          {study.description ?? t("common.noDescription")}
        </Link>
        <span className="muted">
          {study.institution ?? ""}
          {study.accessionNumber === null ? "" : ` · ${t("patient.accession")} ${study.accessionNumber}`}
        </span>
        {study.conflict ? <span className="chip status status-changed">{t("patient.conflict")}</span> : null}
        {study.differingInstances > 0 ? <span className="chip status status-changed">{t("patient.differs")}</span> : null}
        {study.copyOf === null ? null : (
          <Link to={{ page: "image", patientKey, studyInstanceUid: study.copyOf.studyInstanceUid }} className="chip status status-changed">
            {t(study.copyOf.certain ? "patient.copyOf" : "patient.perhapsCopyOf")}
          </Link>
        )}
        {study.availability === "ONLINE" ? null : <span className="chip status status-waiting">{t(`availability.${study.availability}`)}</span>}
      </div>
      <Regions codes={study.regions} />
      <span className="entry-count">
        <Icon name="images" size={14} /> {images === 0 ? t("patient.noImages") : t("patient.images", { count: images })}
      </span>
      <div className="entry-reports">
        {reports.length === 0 ? <span className="chip status status-none">{ago === null ? t("patient.noReport") : t("patient.noReportSince", { ago })}</span> : null}
        {reports.map((report) => (
          <ReportButton key={report.reportKey} report={report} open={openReport === report.reportKey} onReport={onReport} />
        ))}
      </div>
    </>
  );
}

function ReportEntry({ report, date, open, onReport }: { readonly report: ReportSummary; readonly date: string | null; readonly open: boolean; readonly onReport: (reportKey: string) => void }): React.JSX.Element {
  const { t } = useTranslation();
  return (
    <>
      <EntryDate date={date} time={null} />
      <div className="entry-kind">
        <span className="chip chip-report">{t("patient.reportOnly")}</span>
      </div>
      <div className="entry-text">
        <span className="strong">{report.title ?? t("common.noDescription")}</span>
        <span className="muted">{t("patient.withoutImages")}</span>
      </div>
      <Regions codes={report.region === null ? [] : [report.region]} />
      <span className="entry-count faint">{t("patient.noImages")}</span>
      <div className="entry-reports">
        <ReportButton report={report} open={open} onReport={onReport} />
      </div>
    </>
  );
}

function EntryDate({ date, time, listed = null }: { readonly date: string | null; readonly time: string | null; readonly listed?: string | null }): React.JSX.Element {
  const { t } = useTranslation();
  return (
    <div className="entry-date number">
      {isoDate(date) ?? t("common.dateNotGiven")}
      {date === null && listed !== null ? <span className="faint">{t("patient.listedAt", { date: isoDate(listed) ?? "" })}</span> : null}
      <span className="faint">{isoTime(time) ?? ""}</span>
    </div>
  );
}

function ReportButton({ report, open, onReport }: { readonly report: ReportSummary; readonly open: boolean; readonly onReport: (reportKey: string) => void }): React.JSX.Element {
  const { t } = useTranslation();
  return (
    <Button className="report-button" aria-pressed={open} onPress={() => onReport(report.reportKey)}>
      <Icon name="report" size={15} />
      {t("patient.report")} <Status status={report.status} />
    </Button>
  );
}
