import { useTranslation } from "react-i18next";
import type { ReportVersion } from "../../model/patient";
import { reportDocumentAddress } from "../../service/records";

/** The PDF documents of one version of a report, each with a way to open it by itself. What they say is nobody's here but their author's. */
export function ReportDocuments({ reportKey, version }: { readonly reportKey: string; readonly version: ReportVersion }): React.JSX.Element | null {
  const { t } = useTranslation();
  const shown = version.documents.filter((it) => it.mediaType === "application/pdf");
  if (shown.length === 0) return null;
  return (
    <section className="report-documents" aria-label={t("report.documents")} data-testid="report-documents">
      <p className="muted">{t("report.documentUnchecked")}</p>
      {shown.map((it) => {
        const address = reportDocumentAddress(reportKey, version.version, it.number);
        const title = it.title ?? t("report.untitled");
        return (
          <figure key={address}>
            <figcaption>
              {title}{" "}
              <a href={address} target="_blank" rel="noreferrer">
                {t("document.openPdf")}
              </a>
            </figcaption>
            {/* A sandbox would stop the browser's own PDF reader; the service names the type and forbids all else. */}
            {/* oxlint-disable-next-line react/iframe-missing-sandbox -- see above */}
            <iframe className="report-document" src={address} title={title} referrerPolicy="no-referrer" />
          </figure>
        );
      })}
    </section>
  );
}
