import { useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { isoInstant } from "../../model/dates";
import type { Repository, TestResult } from "../../model/repository";
import { setPaused, testRepository } from "../../service/admin";
import { asServiceError } from "../useLoad";
import type { ServiceError } from "../../dicomweb/errors";
import { Failure } from "../parts/Failure";
import { Icon } from "../parts/Icon";
import { useServices } from "../services";
import { TestSteps } from "./TestSteps";

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

type Doing = { readonly kind: "nothing" } | { readonly kind: "busy" } | { readonly kind: "tested"; readonly result: TestResult } | { readonly kind: "failed"; readonly error: ServiceError };

function RepositoryCard({ repository, onChanged }: { readonly repository: Repository; readonly onChanged: () => void }): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const [doing, setDoing] = useState<Doing>({ kind: "nothing" });
  const paused = repository.state === "paused";
  const run = async (action: (signal: AbortSignal) => Promise<Doing>): Promise<void> => {
    setDoing({ kind: "busy" });
    try {
      setDoing(await action(AbortSignal.timeout(60_000)));
    } catch (cause) {
      setDoing({ kind: "failed", error: asServiceError(cause) });
    }
  };
  const test = (): Promise<void> => run(async (signal) => ({ kind: "tested", result: await testRepository(http, repository.code, signal) }));
  const toggle = (): Promise<void> =>
    run(async (signal) => {
      await setPaused(http, repository.code, !paused, signal);
      onChanged();
      return { kind: "nothing" };
    });

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
        </span>
        <span className="repository-actions">
          <Button className="button button-small" isDisabled={doing.kind === "busy"} onPress={() => void test()}>
            {t("admin.test")}
          </Button>
          <Button className="button button-small" isDisabled={doing.kind === "busy"} onPress={() => void toggle()}>
            {t(paused ? "admin.resume" : "admin.pause")}
          </Button>
        </span>
      </div>
      {repository.lastError === null ? null : (
        <p className="repository-error">
          <Icon name="warning" size={14} />
          <span className="number">{isoInstant(repository.lastError.at) ?? ""}</span> {repository.lastError.text}
        </p>
      )}
      <div aria-live="polite">
        {doing.kind === "busy" ? <p className="muted">{t("admin.working")}</p> : null}
        {doing.kind === "tested" ? <TestSteps result={doing.result} /> : null}
        {doing.kind === "failed" ? <Failure error={doing.error} /> : null}
      </div>
    </li>
  );
}

function Progress({ repository }: { readonly repository: Repository }): React.JSX.Element {
  const { t } = useTranslation();
  const { progress } = repository;
  if (progress === null) return <span className="repository-progress faint">—</span>;
  if (progress.expected === null) return <span className="repository-progress number">{t("admin.indexed", { count: progress.indexed })}</span>;
  return (
    <span className="repository-progress">
      <progress max={Math.max(1, progress.expected)} value={progress.indexed} aria-label={t("admin.progress")} />
      <span className="number">
        {progress.indexed} / {progress.expected}
      </span>
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
