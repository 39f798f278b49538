import { useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { DriftReport, Repository, TestResult } from "../../model/repository";
import { backfillRepository, reconcileRepository, removeRepository, searchDrift, setPaused, testRepository } from "../../service/admin";
import type { ServiceError } from "../../dicomweb/errors";
import { asServiceError } from "../useLoad";
import { Failure } from "../parts/Failure";
import { useServices } from "../services";
import { ChangeForm } from "./ChangeForm";
import { useChangeWords } from "./changeWords";
import { Drift } from "./Drift";
import { Registered } from "./Registered";
import { TestSteps } from "./TestSteps";

type Doing =
  | { readonly kind: "nothing" }
  | { readonly kind: "busy" }
  | { readonly kind: "tested"; readonly result: TestResult }
  | { readonly kind: "asked"; readonly what: "backfill" | "reconcile" | "removed" }
  | { readonly kind: "drift"; readonly reports: readonly DriftReport[] }
  | { readonly kind: "removing" }
  | { readonly kind: "changing" }
  | { readonly kind: "changed"; readonly to: Repository }
  | { readonly kind: "failed"; readonly error: ServiceError };

/** What can be done with a repository: test, pause, walk over anew, compare, take out. */
export function RepositoryActions({ repository, onChanged }: { readonly repository: Repository; readonly onChanged: () => void }): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const words = useChangeWords();
  const [doing, setDoing] = useState<Doing>({ kind: "nothing" });
  const { code } = repository;
  const paused = repository.state === "paused";
  const busy = doing.kind === "busy";
  const run = async (action: (signal: AbortSignal) => Promise<Doing>): Promise<void> => {
    setDoing({ kind: "busy" });
    try {
      setDoing(await action(AbortSignal.timeout(60_000)));
      onChanged();
    } catch (cause) {
      setDoing({ kind: "failed", error: asServiceError(cause) });
    }
  };
  const test = (): Promise<void> => run(async (signal) => ({ kind: "tested", result: await testRepository(http, code, signal) }));
  const toggle = (): Promise<void> => run((signal) => setPaused(http, code, !paused, signal).then(() => ({ kind: "nothing" }) as const));
  const backfill = (): Promise<void> => run((signal) => backfillRepository(http, code, signal).then(() => ({ kind: "asked", what: "backfill" }) as const));
  const reconcile = (): Promise<void> => run((signal) => reconcileRepository(http, code, signal).then(() => ({ kind: "asked", what: "reconcile" }) as const));
  const drift = (): Promise<void> => run(async (signal) => ({ kind: "drift", reports: await searchDrift(http, code, signal) }));
  const remove = (): Promise<void> => run((signal) => removeRepository(http, code, signal).then(() => ({ kind: "asked", what: "removed" }) as const));
  const pulled = repository.protocol !== "push";

  return (
    <>
      <div className="repository-actions" role="group" aria-label={t("admin.actions", { name: repository.name })}>
        <Button className="button button-small" isDisabled={busy} onPress={() => void test()}>
          {t("admin.test")}
        </Button>
        {pulled ? (
          <>
            <Button className="button button-small" isDisabled={busy} onPress={() => void toggle()}>
              {t(paused ? "admin.resume" : "admin.pause")}
            </Button>
            <Button className="button button-small" isDisabled={busy} onPress={() => void backfill()}>
              {t("admin.backfill")}
            </Button>
            <Button className="button button-small" isDisabled={busy} onPress={() => void reconcile()}>
              {t("admin.reconcile")}
            </Button>
            <Button className="button button-small" isDisabled={busy} onPress={() => void drift()}>
              {t("admin.drift")}
            </Button>
          </>
        ) : null}
        <Button className="button button-small" isDisabled={busy} aria-expanded={doing.kind === "changing"} onPress={() => setDoing({ kind: doing.kind === "changing" ? "nothing" : "changing" })}>
          {words.change}
        </Button>
        <Button className="button button-small" isDisabled={busy} onPress={() => setDoing({ kind: "removing" })}>
          {t("admin.remove")}
        </Button>
      </div>
      <div aria-live="polite">
        {busy ? <p className="muted">{t("admin.working")}</p> : null}
        {doing.kind === "tested" ? <TestSteps result={doing.result} /> : null}
        {doing.kind === "asked" ? <p className="muted">{t(`admin.asked.${doing.what}`)}</p> : null}
        {doing.kind === "changed" ? <Registered repository={doing.to} title={words.changed} /> : null}
        {doing.kind === "drift" ? <Drift reports={doing.reports} /> : null}
        {doing.kind === "failed" ? <Failure error={doing.error} /> : null}
      </div>
      {doing.kind === "changing" ? (
        <ChangeForm
          repository={repository}
          onCancel={() => setDoing({ kind: "nothing" })}
          onChanged={(to) => {
            setDoing({ kind: "changed", to });
            onChanged();
          }}
        />
      ) : null}
      {doing.kind === "removing" ? <Confirmation code={code} onCancel={() => setDoing({ kind: "nothing" })} onConfirm={() => void remove()} /> : null}
    </>
  );
}

/** Nothing is taken out by one click: the code has to be typed. */
function Confirmation({ code, onCancel, onConfirm }: { readonly code: string; readonly onCancel: () => void; readonly onConfirm: () => void }): React.JSX.Element {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  return (
    <div className="confirmation">
      <label>
        {t("admin.removeSure", { code })} <input name="confirmation" autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </label>
      <Button className="button button-small" isDisabled={typed !== code} onPress={onConfirm}>
        {t("admin.removeNow")}
      </Button>
      <Button className="button button-small" onPress={onCancel}>
        {t("admin.cancel")}
      </Button>
    </div>
  );
}
