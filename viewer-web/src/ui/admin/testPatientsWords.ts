import type { Language } from "../i18n";

/** The words of one part of the administrators' page, which come with it and not with every page. */
export interface TestPatientsWords {
  readonly title: string;
  readonly what: string;
  readonly empty: string;
  readonly patient: string;
  readonly byNumber: string;
  readonly isTest: string;
  readonly isNoTest: string;
  readonly hidden: (count: number) => string;
  readonly reason: string;
  readonly notATest: string;
  readonly again: string;
  readonly mark: string;
  readonly issuer: string;
  readonly number: string;
  readonly nobody: string;
}

export const TEST_PATIENTS_WORDS: Readonly<Record<Language, TestPatientsWords>> = {
  en: {
    title: "Test patients",
    what: "Studies of tests are kept, and no search over all patients shows them. Who says that somebody is a test, or is none, and why, is in the audit trail.",
    empty: "Nobody is taken for a test.",
    patient: "Patient",
    byNumber: "Taken for a test by the number or its issuer",
    isTest: "Ruled to be a test",
    isNoTest: "Ruled to be somebody",
    hidden: (count) => (count === 1 ? "1 study is left out of searches" : `${count} studies are left out of searches`),
    reason: "Why",
    notATest: "This is somebody",
    again: "This is a test",
    mark: "Mark a test patient",
    issuer: "Issuer of the number",
    number: "Number (PatientID)",
    nobody: "No patient of this number and issuer is known.",
  },
  fr: {
    title: "Patients d’essai",
    what: "Les examens d’essai sont gardés, et aucune recherche sur tous les patients ne les montre. Qui dit que quelqu’un est un essai, ou n’en est pas un, et pourquoi, est inscrit au journal d’audit.",
    empty: "Personne n’est pris pour un essai.",
    patient: "Patient",
    byNumber: "Pris pour un essai d’après le numéro ou son émetteur",
    isTest: "Déclaré patient d’essai",
    isNoTest: "Déclaré vrai patient",
    hidden: (count) => (count < 2 ? `${count} examen est laissé hors des recherches` : `${count} examens sont laissés hors des recherches`),
    reason: "Pourquoi",
    notATest: "C’est un vrai patient",
    again: "C’est un essai",
    mark: "Déclarer un patient d’essai",
    issuer: "Émetteur du numéro",
    number: "Numéro (PatientID)",
    nobody: "Aucun patient n’est connu sous ce numéro de cet émetteur.",
  },
};
