import { useTranslation } from "react-i18next";
import type { Repository } from "../../model/repository";
import { Notice } from "../parts/Notice";

/** What was registered or changed just now, and that its region is no other's: new, or mistyped. */
export function Registered({ repository, title }: { readonly repository: Repository; readonly title: string }): React.JSX.Element {
  const { t } = useTranslation();
  const known = repository.newRegionBeside;
  return (
    <Notice tone={known.length === 0 ? "info" : "warning"} title={title}>
      {known.length === 0 ? null : <p>{t("admin.newRegion", { region: repository.region, known: known.join(", ") })}</p>}
    </Notice>
  );
}
