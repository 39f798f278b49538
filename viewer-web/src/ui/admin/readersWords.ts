import type { Language } from "../i18n";

/** The words of one part of the administrators' page, which come with it and not with every page. */
export interface ReadersWords {
  readonly title: string;
  readonly what: string;
  readonly kind: string;
  readonly kinds: Readonly<Record<"study" | "report" | "patient", string>>;
  readonly key: string;
  readonly version: string;
  readonly from: string;
  readonly to: string;
  readonly search: string;
  readonly none: string;
  readonly columns: Readonly<Record<"at" | "until" | "user" | "authority" | "face" | "action" | "version" | "patient", string>>;
  readonly faces: Readonly<Record<string, string>>;
  readonly actions: Readonly<Record<string, string>>;
  readonly otherPatient: string;
  readonly withheld: string;
  readonly laterVersion: (version: number) => string;
  readonly sentTo: (recipient: string) => string;
  readonly notShown: (count: number) => string;
  readonly altered: (count: number) => string;
  readonly alsoInStudies: string;
}

export const READERS_WORDS: Readonly<Record<Language, ReadersWords>> = {
  en: {
    title: "Who opened it",
    what: "For the assessment of a breach and its notices: who opened a study that stood under the wrong patient, or a report before it was corrected or withdrawn. The list is read from this service’s audit trail, and the question is written there. Searches are not listed: the trail does not say what they found.",
    kind: "What",
    kinds: { study: "Study (StudyInstanceUID)", report: "Report (key)", patient: "Patient’s record (key)" },
    key: "Identifier or key",
    version: "Version",
    from: "From",
    to: "Before",
    search: "List",
    none: "Nobody opened it, as far as the trail tells.",
    columns: { at: "Opened", until: "Until", user: "User", authority: "On behalf of", face: "By", action: "What", version: "Version", patient: "Shown under" },
    faces: { dicomweb: "DICOMweb", portal: "viewer", admin: "administration", dimse: "DIMSE", service: "the service" },
    actions: {
      "view": "images",
      "retrieve-metadata": "headers",
      "retrieve-instances": "objects",
      "open-patient": "record",
      "read-report": "report",
      "search": "list of series",
    },
    otherPatient: "another patient than now",
    withheld: "withdrawn or held then: no words were given",
    laterVersion: (version) => `opened version ${version} since`,
    sentTo: (recipient) => `sent to ${recipient}`,
    notShown: (count) => `${count} more rows are not shown: ask for a shorter time.`,
    altered: (count) => `${count} lines that speak of it are not as they were written: dics audit verify says which.`,
    alsoInStudies: "The report is also an object in these studies; ask who opened them:",
  },
  fr: {
    title: "Qui l’a ouvert",
    what: "Pour évaluer une atteinte à la vie privée et préparer les avis : qui a ouvert un examen classé au mauvais patient, ou un compte rendu avant sa correction ou son retrait. La liste est tirée du journal d’audit de ce service, et la question y est inscrite. Les recherches n’y sont pas : le journal ne dit pas ce qu’elles ont trouvé.",
    kind: "Quoi",
    kinds: { study: "Examen (StudyInstanceUID)", report: "Compte rendu (clé)", patient: "Dossier d’un patient (clé)" },
    key: "Identifiant ou clé",
    version: "Version",
    from: "De",
    to: "Avant",
    search: "Lister",
    none: "Personne ne l’a ouvert, d’après le journal.",
    columns: { at: "Ouvert", until: "Jusqu’à", user: "Utilisateur", authority: "Pour le compte de", face: "Par", action: "Quoi", version: "Version", patient: "Affiché sous" },
    faces: { dicomweb: "DICOMweb", portal: "visualiseur", admin: "administration", dimse: "DIMSE", service: "le service" },
    actions: {
      "view": "images",
      "retrieve-metadata": "en-têtes",
      "retrieve-instances": "objets",
      "open-patient": "dossier",
      "read-report": "compte rendu",
      "search": "liste des séries",
    },
    otherPatient: "un autre patient qu’aujourd’hui",
    withheld: "retiré ou suspendu alors : aucun texte n’a été donné",
    laterVersion: (version) => `a ouvert la version ${version} depuis`,
    sentTo: (recipient) => `envoyé à ${recipient}`,
    notShown: (count) => `${count} autres lignes ne sont pas affichées : demandez une période plus courte.`,
    altered: (count) => `${count} lignes qui en parlent ne sont pas telles qu’elles ont été écrites : dics audit verify dit lesquelles.`,
    alsoInStudies: "Le compte rendu est aussi un objet de ces examens; demandez qui les a ouverts :",
  },
};
