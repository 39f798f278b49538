import { useTranslation } from "react-i18next";
import { isoInstant } from "../../model/dates";
import type { MissingRepository } from "../../model/patient";
import { useRegion } from "../services";
import { Notice } from "./Notice";

/** Says which repositories do not answer, and that the record may therefore be incomplete. */
export function Missing({ repositories }: { readonly repositories: readonly MissingRepository[] }): React.JSX.Element | null {
  const { t } = useTranslation();
  const regionOf = useRegion();
  if (repositories.length === 0) return null;
  return (
    <Notice tone="warning" title={t("missing.title")}>
      <ul>
        {repositories.map((it) => (
          <li key={it.repository}>{t("missing.one", { name: regionOf(it.region ?? it.repository).name, since: isoInstant(it.since) ?? t("common.unknown") })}</li>
        ))}
      </ul>
    </Notice>
  );
}
