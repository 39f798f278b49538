import { useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { isoInstant } from "../../model/dates";
import type { Report, ReportVersion } from "../../model/patient";
import { displayName } from "../../model/person";
import { retrieveReport } from "../../service/records";
import { useServices } from "../services";
import { useLoad } from "../useLoad";
import { Regions, Status } from "./Chips";
import { Failure } from "./Failure";
import { Choice } from "./Field";
import { Icon } from "./Icon";
import { Notice } from "./Notice";
import { ReportDocuments } from "./ReportDocuments";

/** A report's text with its status and its versions. */
export function ReportReader({ reportKey, onClose }: { readonly reportKey: string; readonly onClose?: () => void }): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const [report, reload] = useLoad((signal) => retrieveReport(http, reportKey, signal), [http, reportKey]);
  return (
    <div className="report">
      {onClose === undefined ? null : (
        <Button className="button button-quiet report-close" onPress={onClose} aria-label={t("report.close")}>
          <Icon name="close" />
        </Button>
      )}
      {report.kind === "failed" ? <Failure error={report.error} retry={reload} /> : null}
      {report.kind === "loading" ? <p className="waiting">{t("common.loading")}</p> : null}
      {report.kind === "ready" ? <ReportBody report={report.value} /> : null}
    </div>
  );
}

function ReportBody({ report }: { readonly report: Report }): React.JSX.Element {
  const { t } = useTranslation();
  const current = report.versions.find((version) => version.current) ?? report.versions[0];
  const [number, setNumber] = useState(current?.version ?? 0);
  const version = report.versions.find((it) => it.version === number) ?? current;
  return (
    <article>
      <header>
        <h2>{report.title ?? t("report.untitled")}</h2>
        <div className="report-head">
          <Status status={version?.status ?? report.status} />
          <Regions codes={report.region === null ? [] : [report.region]} />
          {report.studyInstanceUids.length < 2 ? null : <span className="chip">{t("report.covers", { count: report.studyInstanceUids.length })}</span>}
          {version?.issued === undefined || version.issued === null ? null : <span className="number muted">{isoInstant(version.issued)}</span>}
          {version?.interpreter === undefined || version.interpreter === null ? null : <span className="muted">{displayName(version.interpreter)}</span>}
        </div>
        {report.versions.length < 2 ? null : (
          <Choice label={t("report.version")} value={String(version?.version ?? "")} onChange={(value) => setNumber(Number(value))}>
            {report.versions.map((it) => (
              <option key={it.version} value={it.version}>
                {t("report.versionOption", { number: it.version, status: t(`status.${it.status}`), issued: isoInstant(it.issued) ?? "—" })}
                {it.current ? ` · ${t("report.current")}` : ""}
              </option>
            ))}
          </Choice>
        )}
      </header>
      {report.heldUntil === null ? null : <Notice tone="warning">{t("report.held", { until: isoInstant(report.heldUntil) })}</Notice>}
      {version === undefined ? report.heldUntil === null ? <p className="muted">{t("report.noText")}</p> : null : <VersionText version={version} outdated={current !== undefined && version.version !== current.version} />}
      {version === undefined ? null : <ReportDocuments reportKey={report.reportKey} version={version} />}
    </article>
  );
}

function VersionText({ version, outdated }: { readonly version: ReportVersion; readonly outdated: boolean }): React.JSX.Element {
  const { t } = useTranslation();
  return (
    <>
      {outdated ? <Notice tone="warning">{t("report.outdated")}</Notice> : null}
      {version.status === "preliminary" || version.status === "partial" || version.status === "registered" ? <Notice tone="warning">{t("report.notVerified")}</Notice> : null}
      {version.status === "entered-in-error" || version.status === "cancelled" ? <Notice tone="problem">{t("report.withdrawn")}</Notice> : null}
      <div className="report-text" lang={version.language ?? undefined} data-testid="report-text">
        {version.text !== "" ? paragraphs(version.text) : version.documents.length > 0 ? null : <p className="muted">{t("report.noText")}</p>}
      </div>
    </>
  );
}

/** The text as it came, line by line; what reports write in capitals as a heading stands out. */
function paragraphs(text: string): readonly React.JSX.Element[] {
  return text.split(/\r?\n/u).map((line, index) => {
    const heading = /^\s*\p{Lu}[\p{Lu}\s/'’-]{2,}(?::|$)/u.exec(line)?.[0] ?? "";
    return (
      <p key={`${index}:${line.length}`}>
        {heading === "" ? null : <strong className="report-heading">{heading}</strong>}
        {line === "" ? "\u00a0" : line.slice(heading.length)}
      </p>
    );
  });
}
