import { useTranslation } from "react-i18next";
import type { RepositoryForm } from "../../model/repository";
import { Choice, Field } from "../parts/Field";

interface ConnectionFieldsProps {
  readonly form: RepositoryForm;
  readonly set: (change: Partial<RepositoryForm>) => void;
  readonly problem: (field: keyof RepositoryForm) => string | null;
}

/** How to reach a repository: other fields for each protocol. */
export function ConnectionFields({ form, set, problem }: ConnectionFieldsProps): React.JSX.Element {
  const { t } = useTranslation();
  return (
    <fieldset>
      <legend>{t("admin.connection")}</legend>
      {form.protocol === "dicomweb" || form.protocol === "archive" ? (
        <Field label={t(`admin.url.${form.protocol}`)} name="url" value={form.url} onChange={(url) => set({ url })} required problem={problem("url")} hint={t(`admin.urlHint.${form.protocol}`)} />
      ) : null}
      {form.protocol === "dimse" ? (
        <>
          <Field label={t("admin.host")} name="host" value={form.host} onChange={(host) => set({ host })} required problem={problem("host")} />
          <Field label={t("admin.port")} name="port" type="number" value={form.port} onChange={(port) => set({ port })} required problem={problem("port")} />
          <Field label={t("admin.aeTitle")} name="aeTitle" value={form.aeTitle} onChange={(aeTitle) => set({ aeTitle })} required problem={problem("aeTitle")} />
          <Choice label={t("admin.retrieve")} name="retrieve" value={form.retrieve} onChange={(retrieve) => set({ retrieve: retrieve === "get" ? "get" : "move" })}>
            <option value="move">C-MOVE</option>
            <option value="get">C-GET</option>
          </Choice>
        </>
      ) : null}
      {form.protocol === "push" ? (
        <Field
          label={t("admin.callingAeTitles")}
          name="callingAeTitles"
          value={form.callingAeTitles}
          onChange={(callingAeTitles) => set({ callingAeTitles })}
          required
          problem={problem("callingAeTitles")}
          hint={t("admin.callingAeTitlesHint")}
        />
      ) : null}
    </fieldset>
  );
}
