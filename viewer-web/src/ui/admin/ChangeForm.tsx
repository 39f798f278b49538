import { useTranslation } from "react-i18next";
import { changedDefinition, formOf, missingInChange, type Repository } from "../../model/repository";
import { changeRepository } from "../../service/admin";
import { Field } from "../parts/Field";
import { useServices } from "../services";
import { ConnectionFields } from "./ConnectionFields";
import { useChangeWords } from "./changeWords";
import { FormActions } from "./FormActions";
import { useRepositoryForm } from "./useRepositoryForm";

interface ChangeFormProps {
  readonly repository: Repository;
  readonly onChanged: (changed: Repository) => void;
  readonly onCancel: () => void;
}

/** Gives a repository another operator, region or address; what is typed can be tested first. */
export function ChangeForm({ repository, onChanged, onCancel }: ChangeFormProps): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const words = useChangeWords();
  const { form, doing, set, problem, test, submit } = useRepositoryForm({
    initial: () => formOf(repository.definition),
    missing: missingInChange,
    definition: (typed) => changedDefinition(repository.definition, typed),
    save: async (definition, signal) => onChanged(await changeRepository(http, repository.code, definition, signal)),
  });

  return (
    <form className="register change" onSubmit={submit} noValidate aria-label={words.title(repository.name)}>
      <p className="muted">{words.stays}</p>
      <fieldset>
        <legend>{t("admin.about")}</legend>
        <Field label={t("admin.name")} name="name" value={form.name} onChange={(name) => set({ name })} required problem={problem("name")} />
        <Field label={t("admin.region")} name="region" value={form.region} onChange={(region) => set({ region })} required problem={problem("region")} />
      </fieldset>
      <ConnectionFields form={form} set={set} problem={problem} />
      <FormActions doing={doing} save={words.save} onTest={test} onCancel={onCancel} />
    </form>
  );
}
