import { useTranslation } from "react-i18next";
import { isoInstant } from "../../model/dates";
import type { QuarantineEntry } from "../../model/repository";
import catalogue from "../locales/en.json";

function isKnown(key: string): key is keyof typeof catalogue.admin.rules {
  return Object.hasOwn(catalogue.admin.rules, key);
}

/** A rule in the reader's language; one that is not in the catalogues stays in the service's own, and says so. */
function Rule({ rule }: { readonly rule: string }): React.JSX.Element {
  const { t } = useTranslation();
  const key = rule.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "_");
  return isKnown(key) ? <>{t(`admin.rules.${key}`)}</> : <span lang="en">{rule}</span>;
}

/** Objects that were refused: the attribute and the rule it broke, never what it said. */
export function Quarantine({ entries }: { readonly entries: readonly QuarantineEntry[] }): React.JSX.Element {
  const { t } = useTranslation();
  if (entries.length === 0) return <p className="empty">{t("admin.quarantineEmpty")}</p>;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard
    <div className="table-frame" role="group" aria-label={t("admin.quarantine")} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("admin.received")}</th>
            <th scope="col">{t("admin.repository")}</th>
            <th scope="col">{t("admin.attribute")}</th>
            <th scope="col">{t("admin.rule")}</th>
            <th scope="col" className="right">
              {t("admin.size")}
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.key}>
              <td className="number nowrap">{isoInstant(entry.received) ?? "—"}</td>
              <td>{entry.repository}</td>
              <td className="nowrap">{entry.attribute}</td>
              <td>
                <Rule rule={entry.rule} />
              </td>
              <td className="number right nowrap">{entry.sizeBytes === null ? "—" : t("admin.bytes", { count: entry.sizeBytes })}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
