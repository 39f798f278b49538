import { useTranslation } from "react-i18next";
import type { ReportStatus } from "../../model/patient";
import { useRegionName, useSession } from "../services";

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
  const nameOf = useRegionName();
  const session = useSession();
  const toneOf = (code: string): number => Math.max(0, session?.regions.findIndex((region) => region.code === code) ?? 0) % 6;
  return (
    <span className="chips">
      {codes.map((code) => (
        <span key={code} className="chip chip-region" title={nameOf(code)}>
          <span className={`dot dot-${toneOf(code)}`} aria-hidden="true" />
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
