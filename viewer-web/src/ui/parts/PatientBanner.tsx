import { useTranslation } from "react-i18next";
import { ageOn, isoDate, today } from "../../model/dates";
import type { PatientRecord } from "../../model/patient";
import { fullName } from "../../model/person";

/** Who this is. Always in view where a person's record or images are. */
export function PatientBanner({ patient, compact = false }: { readonly patient: PatientRecord; readonly compact?: boolean }): React.JSX.Element {
  const { t } = useTranslation();
  const { main, native } = fullName(patient.name);
  const age = ageOn(patient.birthDate, today());
  const sex = patient.sex === "F" || patient.sex === "M" || patient.sex === "O" ? t(`sex.${patient.sex}`) : t("sex.unknown");
  return (
    <section className={compact ? "patient patient-compact" : "patient"} aria-label={t("patient.identity")} data-testid="patient-banner">
      <div className="patient-name">
        <span>{main ?? t("patient.noName")}</span>
        {native === null ? null : <span className="patient-native">{native}</span>}
      </div>
      <dl>
        <Fact term={t("patient.born")}>
          {isoDate(patient.birthDate) ?? t("common.unknown")}
          {age === null ? null : <span className="muted"> · {t(`age.${age.unit}`, { count: age.count })}</span>}
        </Fact>
        <Fact term={t("patient.sex")}>{sex}</Fact>
        <Fact term={t("patient.healthNumber")}>
          {patient.healthNumber === null ? (
            <span className="muted">{t("patient.noHealthNumber")}</span>
          ) : (
            <span className="number">
              {grouped(patient.healthNumber.value)} {patient.healthNumber.versionCode ?? ""}
            </span>
          )}
        </Fact>
        {patient.identifiers.map((identifier) => (
          <Fact key={`${identifier.issuer}/${identifier.value}`} term={identifier.issuer ?? identifier.region ?? t("patient.localId")}>
            <span className="number">{identifier.value}</span>
          </Fact>
        ))}
      </dl>
    </section>
  );
}

function Fact({ term, children }: { readonly term: string; readonly children: React.ReactNode }): React.JSX.Element {
  return (
    <div className="fact">
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** An Ontario health number as it is printed: 4-3-3. */
function grouped(value: string): string {
  return /^\d{10}$/u.test(value) ? `${value.slice(0, 4)} ${value.slice(4, 7)} ${value.slice(7)}` : value;
}
