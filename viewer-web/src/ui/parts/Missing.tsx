import { useTranslation } from "react-i18next";
import { isoInstant } from "../../model/dates";
import type { MissingRepository } from "../../model/patient";
import { useRegionName } from "../services";
import { Notice } from "./Notice";

/** Says which repositories do not answer, and that the record may therefore be incomplete. */
export function Missing({ repositories }: { readonly repositories: readonly MissingRepository[] }): React.JSX.Element | null {
  const { t } = useTranslation();
  const nameOf = useRegionName();
  if (repositories.length === 0) return null;
  return (
    <Notice tone="warning" title={t("missing.title")}>
      <ul>
        {repositories.map((it) => (
          <li key={it.repository}>{t("missing.one", { name: nameOf(it.region ?? it.repository), since: isoInstant(it.since) ?? t("common.unknown") })}</li>
        ))}
      </ul>
    </Notice>
  );
}
