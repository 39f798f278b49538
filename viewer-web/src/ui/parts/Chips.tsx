import { useTranslation } from "react-i18next";
import type { ReportStatus } from "../../model/patient";
import { useRegion } from "../services";

/** The kinds of equipment in a study. */
export function Modalities({ codes }: { readonly codes: readonly string[] }): React.JSX.Element {
  const { t } = useTranslation();
  if (codes.length === 0) return <span className="faint">{t("common.unknown")}</span>;
  return (
    <span className="chips">
      {codes.map((code) => (
        <span key={code} className="chip chip-modality">
          {code}
        </span>
      ))}
    </span>
  );
}

/** The regions that hold a study: one tone each, and always the word. */
export function Regions({ codes }: { readonly codes: readonly string[] }): React.JSX.Element {
  const regionOf = useRegion();
  const regions = new Map(codes.map(regionOf).map((region) => [region.code, region]));
  return (
    <span className="chips">
      {[...regions.values()].map(({ code, name, tone }) => (
        <span key={code} className="chip chip-region" title={name}>
          <span className={`dot dot-${tone}`} aria-hidden="true" />
          {code}
        </span>
      ))}
    </span>
  );
}

const TONES: Readonly<Record<ReportStatus, string>> = {
  registered: "waiting",
  partial: "waiting",
  preliminary: "waiting",
  final: "good",
  amended: "changed",
  corrected: "changed",
  appended: "changed",
  cancelled: "bad",
  "entered-in-error": "bad",
  unknown: "none",
};

/** How far a report is. */
export function Status({ status }: { readonly status: ReportStatus }): React.JSX.Element {
  const { t } = useTranslation();
  return <span className={`chip status status-${TONES[status]}`}>{t(`status.${status}`)}</span>;
}
