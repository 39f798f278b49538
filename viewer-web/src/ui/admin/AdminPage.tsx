import { useCallback, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { Repository } from "../../model/repository";
import { searchQuarantine, searchRepositories } from "../../service/admin";
import { Failure } from "../parts/Failure";
import { useServices } from "../services";
import { Conflicts } from "./Conflicts";
import { HeldReports } from "./HeldReports";
import { Quarantine } from "./Quarantine";
import { Readers } from "./Readers";
import { Registered } from "./Registered";
import { RegisterForm } from "./RegisterForm";
import { RepositoryTable } from "./RepositoryTable";
import { TestPatients } from "./TestPatients";
import { useRefresh } from "./useRefresh";
import "../styles/admin.css";

const REFRESH_MS = 2000;

/** Where administrators register repositories, watch them being indexed, and see what was refused. */
export function AdminPage(): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const [adding, setAdding] = useState(false);
  const [added, setAdded] = useState<Repository | null>(null);
  const repositories = useRefresh(
    useCallback((signal) => searchRepositories(http, signal), [http]),
    REFRESH_MS,
  );
  const quarantine = useRefresh(
    useCallback((signal) => searchQuarantine(http, signal), [http]),
    REFRESH_MS * 5,
  );
  return (
    <div className="page admin">
      <div className="page-head">
        <h1 className="page-title">{t("titles.admin")}</h1>
        <Button className="button button-primary" onPress={() => setAdding((old) => !old)} aria-expanded={adding}>
          {t(adding ? "admin.closeForm" : "admin.add")}
        </Button>
      </div>
      <div aria-live="polite">{added === null ? null : <Registered repository={added} title={t("admin.added", { name: added.name })} />}</div>
      {adding ? (
        <RegisterForm
          onRegistered={(repository) => {
            setAdded(repository);
            setAdding(false);
            repositories.refresh();
          }}
        />
      ) : null}
      <section aria-labelledby="repositories">
        <h2 id="repositories">{t("admin.repositories")}</h2>
        {repositories.error === null ? null : <Failure error={repositories.error} retry={repositories.refresh} />}
        {repositories.value === null ? <p className="waiting">{t("common.loading")}</p> : <RepositoryTable repositories={repositories.value} onChanged={repositories.refresh} />}
      </section>
      <Conflicts />
      <section aria-labelledby="quarantine">
        <h2 id="quarantine">{t("admin.quarantine")}</h2>
        <p className="muted">{t("admin.quarantineWhat")}</p>
        {quarantine.error === null ? null : <Failure error={quarantine.error} retry={quarantine.refresh} />}
        {quarantine.value === null ? null : <Quarantine entries={quarantine.value} />}
      </section>
      <HeldReports />
      <TestPatients />
      <Readers />
    </div>
  );
}
