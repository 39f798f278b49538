import { type FormEvent, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { ServiceError } from "../../dicomweb/errors";
import { definitionOf, EMPTY_FORM, missingFields, PROTOCOLS, type Protocol, type Repository, type RepositoryForm, type TestResult } from "../../model/repository";
import { registerRepository, testDefinition } from "../../service/admin";
import { Failure } from "../parts/Failure";
import { Choice, Field } from "../parts/Field";
import { useServices } from "../services";
import { asServiceError } from "../useLoad";
import { ConnectionFields } from "./ConnectionFields";
import { TestSteps } from "./TestSteps";

type Doing = { readonly kind: "nothing" } | { readonly kind: "busy" } | { readonly kind: "tested"; readonly result: TestResult } | { readonly kind: "failed"; readonly error: ServiceError };

/** Registers a repository; what is typed can be tested first. */
export function RegisterForm({ onRegistered }: { readonly onRegistered: (repository: Repository) => void }): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const [form, setForm] = useState<RepositoryForm>(EMPTY_FORM);
  const [checked, setChecked] = useState(false);
  const [doing, setDoing] = useState<Doing>({ kind: "nothing" });
  const set = (change: Partial<RepositoryForm>): void => setForm((old) => ({ ...old, ...change }));
  const missing = checked ? missingFields(form) : [];
  const problem = (field: keyof RepositoryForm): string | null => (missing.includes(field) ? t("admin.needed") : null);

  const run = async (action: (definition: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<Doing>): Promise<void> => {
    setChecked(true);
    if (missingFields(form).length > 0) return;
    setDoing({ kind: "busy" });
    try {
      setDoing(await action(definitionOf(form), AbortSignal.timeout(60_000)));
    } catch (cause) {
      setDoing({ kind: "failed", error: asServiceError(cause) });
    }
  };
  const test = (): Promise<void> => run(async (definition, signal) => ({ kind: "tested", result: await testDefinition(http, definition, signal) }));
  const register = (event: FormEvent): void => {
    event.preventDefault();
    void run(async (definition, signal) => {
      onRegistered(await registerRepository(http, definition, signal));
      return { kind: "nothing" };
    });
  };

  return (
    <form className="register" onSubmit={register} noValidate aria-label={t("admin.add")}>
      <fieldset>
        <legend>{t("admin.about")}</legend>
        <Field label={t("admin.code")} name="code" value={form.code} onChange={(code) => set({ code })} required problem={problem("code")} hint={t("admin.codeHint")} />
        <Field label={t("admin.name")} name="name" value={form.name} onChange={(name) => set({ name })} />
        <Field label={t("admin.region")} name="region" value={form.region} onChange={(region) => set({ region })} />
        <Choice label={t("admin.protocol")} name="protocol" value={form.protocol} onChange={(protocol) => set({ protocol: PROTOCOLS.find((it) => it === protocol) ?? "dicomweb" })}>
          {PROTOCOLS.map((protocol: Protocol) => (
            <option key={protocol} value={protocol}>
              {t(`admin.protocols.${protocol}`)}
            </option>
          ))}
        </Choice>
      </fieldset>
      <ConnectionFields form={form} set={set} problem={problem} />
      <fieldset>
        <legend>{t("admin.identity")}</legend>
        <Field label={t("admin.patientIdIssuer")} name="patientIdIssuer" value={form.patientIdIssuer} onChange={(patientIdIssuer) => set({ patientIdIssuer })} hint={t("admin.issuerHint")} />
        <Field label={t("admin.accessionIssuer")} name="accessionIssuer" value={form.accessionIssuer} onChange={(accessionIssuer) => set({ accessionIssuer })} />
        <Field label={t("admin.characterSet")} name="characterSet" value={form.characterSet} onChange={(characterSet) => set({ characterSet })} />
        <Field label={t("admin.timeZone")} name="timeZone" value={form.timeZone} onChange={(timeZone) => set({ timeZone })} />
        <Field label={t("admin.concurrency")} name="concurrency" type="number" value={form.concurrency} onChange={(concurrency) => set({ concurrency })} />
        <Field label={t("admin.pollSeconds")} name="pollSeconds" type="number" value={form.pollSeconds} onChange={(pollSeconds) => set({ pollSeconds })} />
      </fieldset>
      <fieldset>
        <legend>{t("admin.reports")}</legend>
        <Field label={t("admin.sendingFacility")} name="sendingFacility" value={form.sendingFacility} onChange={(sendingFacility) => set({ sendingFacility })} hint={t("admin.sendingFacilityHint")} />
        <Field label={t("admin.accessionField")} name="accessionField" value={form.accessionField} onChange={(accessionField) => set({ accessionField })} />
      </fieldset>
      <div className="register-actions">
        <Button className="button" isDisabled={doing.kind === "busy"} onPress={() => void test()}>
          {t("admin.test")}
        </Button>
        <Button type="submit" className="button button-primary" isDisabled={doing.kind === "busy"}>
          {t("admin.register")}
        </Button>
        <div aria-live="polite" className="register-result">
          {doing.kind === "busy" ? <p className="muted">{t("admin.working")}</p> : null}
          {doing.kind === "tested" ? <TestSteps result={doing.result} /> : null}
          {doing.kind === "failed" ? <Failure error={doing.error} /> : null}
        </div>
      </div>
    </form>
  );
}
