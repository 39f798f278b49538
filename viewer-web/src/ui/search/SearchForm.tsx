import { type FormEvent, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { EVERYTHING, isHealthNumber, type StudySearch } from "../../dicomweb/query";
import { daysAgo, dicomDate, isoDate } from "../../model/dates";
import { Choice, Field } from "../parts/Field";
import { Icon } from "../parts/Icon";
import { useSession } from "../services";

const MODALITIES = ["CT", "MR", "CR", "DX", "US", "MG", "XA", "RF", "NM", "PT", "SR"];
const RANGES = [
  { key: "today", days: 0 },
  { key: "week", days: 7 },
  { key: "year", days: 365 },
] as const;

/** The fields of a search. Nothing is sent while a health number is plainly mistyped. */
export function SearchForm({ initial, onSearch }: { readonly initial: StudySearch; readonly onSearch: (search: StudySearch) => void }): React.JSX.Element {
  const { t } = useTranslation();
  const session = useSession();
  const [form, setForm] = useState(initial);
  const [checked, setChecked] = useState(false);
  const set = (change: Partial<StudySearch>): void => setForm((old) => ({ ...old, ...change }));
  const wrongNumber = checked && form.healthNumber.trim() !== "" && !isHealthNumber(form.healthNumber);
  const wrongRange = checked && form.from !== "" && form.to !== "" && form.from > form.to;

  const search = (next: StudySearch): void => {
    setChecked(true);
    if (next.healthNumber.trim() !== "" && !isHealthNumber(next.healthNumber)) return;
    if (next.from !== "" && next.to !== "" && next.from > next.to) return;
    onSearch({ ...next, offset: 0 });
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    search(form);
  };
  const back = (days: number): void => {
    const next = { ...form, from: daysAgo(days), to: days === 0 ? daysAgo(0) : "" };
    setForm(next);
    search(next);
  };

  return (
    <search>
      <form className="search-form" onSubmit={submit} noValidate>
        <Field label={t("search.name")} name="patientName" value={form.patientName} onChange={(patientName) => set({ patientName })} placeholder={t("search.namePlaceholder")} />
        <Field
          label={t("search.healthNumber")}
          name="healthNumber"
          value={form.healthNumber}
          onChange={(healthNumber) => set({ healthNumber })}
          problem={wrongNumber ? t("search.healthNumberWrong") : null}
        />
        <Field label={t("search.patientId")} name="patientId" value={form.patientId} onChange={(patientId) => set({ patientId })} />
        <Choice label={t("search.issuer")} name="issuer" value={form.issuerOfPatientId} onChange={(issuerOfPatientId) => set({ issuerOfPatientId })}>
          <option value="">{t("search.anyIssuer")}</option>
          {(session?.regions ?? []).map((region) => (
            <option key={region.code} value={region.code}>
              {region.code}
            </option>
          ))}
        </Choice>
        <Field label={t("search.accession")} name="accession" value={form.accessionNumber} onChange={(accessionNumber) => set({ accessionNumber })} />
        <Choice label={t("search.modality")} name="modality" value={form.modality} onChange={(modality) => set({ modality })}>
          <option value="">{t("search.anyModality")}</option>
          {MODALITIES.map((code) => (
            <option key={code} value={code}>
              {code}
            </option>
          ))}
        </Choice>
        <Field label={t("search.description")} name="description" value={form.studyDescription} onChange={(studyDescription) => set({ studyDescription })} />
        <Field label={t("search.from")} type="date" name="from" value={isoDate(form.from) ?? ""} onChange={(day) => set({ from: dicomDate(day) })} />
        <Field label={t("search.to")} type="date" name="to" value={isoDate(form.to) ?? ""} onChange={(day) => set({ to: dicomDate(day) })} problem={wrongRange ? t("search.rangeWrong") : null} />
        <div className="search-more">
          <span className="faint">{t("search.quick")}</span>
          {RANGES.map(({ key, days }) => (
            <Button key={key} className="button button-small" onPress={() => back(days)}>
              {t(`search.ranges.${key}`)}
            </Button>
          ))}
          <label className="check">
            <input type="checkbox" checked={form.fuzzy} onChange={(event) => set({ fuzzy: event.target.checked })} />
            {t("search.fuzzy")}
          </label>
          <div className="search-actions">
            <Button type="submit" className="button button-primary">
              <Icon name="search" size={16} />
              {t("search.search")}
            </Button>
            <Button
              className="button"
              onPress={() => {
                setForm(EVERYTHING);
                onSearch(EVERYTHING);
              }}
            >
              {t("search.clear")}
            </Button>
          </div>
        </div>
      </form>
    </search>
  );
}
