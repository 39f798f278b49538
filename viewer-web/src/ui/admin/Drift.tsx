import { useTranslation } from "react-i18next";
import { isoInstant } from "../../model/dates";
import type { DriftReport } from "../../model/repository";
import { ServiceText } from "./ServiceText";

/** What comparisons with a repository's own list found, latest first. */
export function Drift({ reports }: { readonly reports: readonly DriftReport[] }): React.JSX.Element {
  const { t } = useTranslation();
  if (reports.length === 0) return <p className="muted">{t("admin.driftNone")}</p>;
  return (
    <div className="drift">
      <p className="muted">{t("admin.driftWhat")}</p>
      <ul>
        {reports.map((report) => (
          <li key={report.key}>
            <span className="number">{isoInstant(report.started) ?? ""}</span> <strong>{t(`admin.driftOutcomes.${report.outcome}`)}</strong>{" "}
            {t("admin.driftCounts", { compared: report.compared, notHere: report.notHere, notThere: report.notThere, differing: report.differing })}
            {report.text === null ? null : <span className="repository-error"> <ServiceText text={report.text} /></span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
