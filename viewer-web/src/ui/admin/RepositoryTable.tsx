import { useTranslation } from "react-i18next";
import { isoInstant } from "../../model/dates";
import type { Repository } from "../../model/repository";
import { Icon } from "../parts/Icon";
import { RepositoryActions } from "./RepositoryActions";
import { ServiceText } from "./ServiceText";

/** The repositories, each with its state, what it holds, and what can be done with it. */
export function RepositoryTable({ repositories, onChanged }: { readonly repositories: readonly Repository[]; readonly onChanged: () => void }): React.JSX.Element {
  const { t } = useTranslation();
  if (repositories.length === 0) {
    return (
      <div className="empty">
        <Icon name="images" size={30} />
        <p>{t("admin.none")}</p>
      </div>
    );
  }
  return (
    <ul className="repositories">
      {repositories.map((repository) => (
        <RepositoryCard key={repository.code} repository={repository} onChanged={onChanged} />
      ))}
    </ul>
  );
}

function RepositoryCard({ repository, onChanged }: { readonly repository: Repository; readonly onChanged: () => void }): React.JSX.Element {
  const { t } = useTranslation();
  return (
    <li className="repository" aria-label={repository.name}>
      <div className="repository-head">
        <span className={`chip status state-${repository.state}`}>{t(`admin.states.${repository.state}`)}</span>
        <span className="repository-name">
          <strong>{repository.name}</strong>
          <span className="faint">
            {repository.code} · {repository.protocol}
            {repository.region === null || repository.region === repository.name ? "" : ` · ${repository.region}`}
          </span>
        </span>
        <Progress repository={repository} />
        <Counts repository={repository} />
        <span className="repository-lag">
          <span>{repository.lagSeconds === null ? "—" : t("admin.lag", { seconds: repository.lagSeconds })}</span>
          <span className="faint number">{isoInstant(repository.lastContact) ?? t("admin.noContact")}</span>
          {repository.downSince === null ? null : <span>{t("admin.downSince", { at: isoInstant(repository.downSince) ?? "" })}</span>}
        </span>
      </div>
      {repository.clockSkewSeconds === null ? null : (
        <p className="repository-error">
          <Icon name="warning" size={14} />
          {t("admin.clockSkew", { minutes: Math.round(repository.clockSkewSeconds / 60) })}
        </p>
      )}
      {repository.lastError === null ? null : (
        <p className="repository-error">
          <Icon name="warning" size={14} />
          <span className="number">{isoInstant(repository.lastError.at) ?? ""}</span> <ServiceText text={repository.lastError.text} />
        </p>
      )}
      <RepositoryActions repository={repository} onChanged={onChanged} />
    </li>
  );
}

function Progress({ repository }: { readonly repository: Repository }): React.JSX.Element {
  const { t } = useTranslation();
  const { progress } = repository;
  // Nobody asks it for a list, so there is nothing to be through with: what came counts.
  if (repository.protocol === "push") return <span className="repository-progress number">{t("admin.pushed", { count: repository.counts.instances })}</span>;
  if (progress === null) return <span className="repository-progress faint">—</span>;
  if (progress.expected === null) return <span className="repository-progress number">{t("admin.indexed", { count: progress.indexed })}</span>;
  return (
    <span className="repository-progress">
      <progress max={Math.max(1, progress.expected)} value={progress.indexed} aria-label={t("admin.progress")} />
      <span className="number">
        {progress.indexed} / {progress.expected}
      </span>
      {progress.remainingSeconds === null ? null : <span className="faint">{t("admin.remaining", { minutes: Math.ceil(progress.remainingSeconds / 60) })}</span>}
    </span>
  );
}

function Counts({ repository }: { readonly repository: Repository }): React.JSX.Element {
  const { t } = useTranslation();
  const { counts } = repository;
  return (
    <dl className="repository-counts">
      {(["studies", "series", "instances", "reports", "quarantined"] as const).map((what) => (
        <div key={what} className={what === "quarantined" && counts[what] > 0 ? "count-bad" : undefined}>
          <dt>{t(`admin.counts.${what}`)}</dt>
          <dd className="number">{counts[what]}</dd>
        </div>
      ))}
    </dl>
  );
}
