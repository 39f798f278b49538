import { useTranslation } from "react-i18next";
import { definitionOf, EMPTY_FORM, missingFields, PROTOCOLS, type Protocol, type Repository } from "../../model/repository";
import { registerRepository } from "../../service/admin";
import { Choice, Field } from "../parts/Field";
import { useServices } from "../services";
import { ConnectionFields } from "./ConnectionFields";
import { FormActions } from "./FormActions";
import { useRepositoryForm } from "./useRepositoryForm";

/** Registers a repository; what is typed can be tested first. */
export function RegisterForm({ onRegistered }: { readonly onRegistered: (repository: Repository) => void }): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const { form, doing, set, problem, test, submit } = useRepositoryForm({
    initial: () => EMPTY_FORM,
    missing: missingFields,
    definition: definitionOf,
    save: async (definition, signal) => onRegistered(await registerRepository(http, definition, signal)),
  });

  return (
    <form className="register" onSubmit={submit} noValidate aria-label={t("admin.add")}>
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
      <FormActions doing={doing} save={t("admin.register")} onTest={test} />
    </form>
  );
}
