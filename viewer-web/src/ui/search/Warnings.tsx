import { useTranslation } from "react-i18next";
import type { SearchWarning } from "../../dicomweb/warnings";
import { Notice } from "../parts/Notice";
import { useRegion } from "../services";

/** What the answer does not hold. That more results remain is said by the pager, so not here. */
export function Warnings({ warnings }: { readonly warnings: readonly SearchWarning[] }): React.JSX.Element | null {
  const { t } = useTranslation();
  const regionOf = useRegion();
  const away = warnings.flatMap((warning) => (warning.kind === "repository" ? [warning] : []));
  const words = warnings.flatMap((warning) => {
    if (warning.kind === "literal") return [t("search.literal")];
    if (warning.kind === "undated") return [t("search.undated", { count: warning.count })];
    return warning.kind === "other" ? [warning.text] : [];
  });
  return (
    <>
      {away.length === 0 ? null : (
        <Notice tone="warning" title={t("missing.title")}>
          <ul>
            {away.map((warning) => (
              <li key={warning.repository}>{t("search.missing", { name: regionOf(warning.repository.replaceAll(/[",.;:]/gu, "")).name })}</li>
            ))}
          </ul>
        </Notice>
      )}
      {words.length === 0 ? null : (
        <Notice tone="info">
          {words.map((line) => (
            <p key={line}>{line}</p>
          ))}
        </Notice>
      )}
    </>
  );
}
