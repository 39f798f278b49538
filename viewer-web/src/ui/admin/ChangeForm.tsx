import { type FormEvent, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { ServiceError } from "../../dicomweb/errors";
import { changedDefinition, formOf, missingInChange, type Repository, type RepositoryForm, type TestResult } from "../../model/repository";
import { changeRepository, testDefinition } from "../../service/admin";
import { Failure } from "../parts/Failure";
import { Field } from "../parts/Field";
import { useServices } from "../services";
import { asServiceError } from "../useLoad";
import { ConnectionFields } from "./ConnectionFields";
import { useChangeWords } from "./changeWords";
import { TestSteps } from "./TestSteps";

type Doing = { readonly kind: "nothing" } | { readonly kind: "busy" } | { readonly kind: "tested"; readonly result: TestResult } | { readonly kind: "failed"; readonly error: ServiceError };
type Action = (definition: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<Doing>;

interface ChangeFormProps {
  readonly repository: Repository;
  readonly onChanged: () => void;
  readonly onCancel: () => void;
}

/** Gives a repository another operator, region or address; what is typed can be tested first. */
export function ChangeForm({ repository, onChanged, onCancel }: ChangeFormProps): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const words = useChangeWords();
  const [form, setForm] = useState<RepositoryForm>(() => formOf(repository.definition));
  const [checked, setChecked] = useState(false);
  const [doing, setDoing] = useState<Doing>({ kind: "nothing" });
  const set = (change: Partial<RepositoryForm>): void => setForm((old) => ({ ...old, ...change }));
  const problem = (field: keyof RepositoryForm): string | null => (checked && missingInChange(form).includes(field) ? t("admin.needed") : null);

  const run = async (action: Action): Promise<void> => {
    setChecked(true);
    if (missingInChange(form).length > 0) return;
    setDoing({ kind: "busy" });
    try {
      setDoing(await action(changedDefinition(repository.definition, form), AbortSignal.timeout(60_000)));
    } catch (cause) {
      setDoing({ kind: "failed", error: asServiceError(cause) });
    }
  };
  const test = (): Promise<void> => run(async (definition, signal) => ({ kind: "tested", result: await testDefinition(http, definition, signal) }));
  const save = (event: FormEvent): void => {
    event.preventDefault();
    void run(async (definition, signal) => {
      await changeRepository(http, repository.code, definition, signal);
      onChanged();
      return { kind: "nothing" };
    });
  };

  return (
    <form className="register change" onSubmit={save} noValidate aria-label={words.title(repository.name)}>
      <p className="muted">{words.stays}</p>
      <fieldset>
        <legend>{t("admin.about")}</legend>
        <Field label={t("admin.name")} name="name" value={form.name} onChange={(name) => set({ name })} required problem={problem("name")} />
        <Field label={t("admin.region")} name="region" value={form.region} onChange={(region) => set({ region })} required problem={problem("region")} />
      </fieldset>
      <ConnectionFields form={form} set={set} problem={problem} />
      <div className="register-actions">
        <Button className="button" isDisabled={doing.kind === "busy"} onPress={() => void test()}>
          {t("admin.test")}
        </Button>
        <Button type="submit" className="button button-primary" isDisabled={doing.kind === "busy"}>
          {words.save}
        </Button>
        <Button className="button" onPress={onCancel}>
          {t("admin.cancel")}
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
