import type { ConflictKind, Doubt } from "../../model/conflict";
import type { Language } from "../i18n";

/** What the list of contradictions says. Few people open it: its words come with it, and not with every page. */
export interface ConflictWords {
  readonly title: string;
  readonly what: string;
  readonly empty: string;
  readonly emptyDismissed: string;
  readonly alert: string;
  readonly since: string;
  readonly patient: string;
  readonly study: string;
  readonly instance: string;
  readonly meant: string;
  readonly shown: string;
  readonly beside: string;
  readonly notCompared: string;
  readonly controlId: string;
  readonly messages: string;
  readonly reason: string;
  readonly dismiss: string;
  readonly again: string;
  readonly dismissed: string;
  readonly showDismissed: string;
  readonly showOpen: string;
  readonly kinds: Readonly<Record<ConflictKind, string>>;
  readonly doubts: Readonly<Record<Doubt, string>>;
}

const EN: ConflictWords = {
  title: "Contradictions",
  what: "What repositories say against each other. Nothing is united or hidden by a guess; somebody has to look.",
  empty: "Nothing contradicts itself.",
  emptyDismissed: "Nothing was dismissed.",
  alert: "Security alert",
  since: "since",
  patient: "Patient",
  study: "Study",
  instance: "Images",
  meant: "May be about",
  shown: "Shown is the copy of",
  beside: "kept beside it is one of",
  notCompared: "They could not be compared.",
  controlId: "The latest control id (MSH-10) is",
  messages: "messages refused:",
  reason: "Why this needs nothing more",
  dismiss: "Dismiss",
  again: "List it again",
  dismissed: "Dismissed",
  showDismissed: "Show what was dismissed",
  showOpen: "Show what is open",
  kinds: {
    study: "Several patients have a study of one identifier. It opens for nobody without the patient.",
    "patient-number": "Studies of two people came under one patient’s number, or another patient’s note rejected this one’s study. What is left is shown under that number, each with its own name.",
    instance: "Copies of images of one series differ.",
    report: "A report names what is not its patient’s alone.",
    "health-number": "Several patients have one health number, and are not one.",
    visit: "A visit moved to another patient; what is of no known visit stayed.",
    message: "A source used control ids (MSH-10) of earlier messages for others. These were refused and are not here: it has to send them again under ids of their own.",
    unknown: "Something else.",
  },
  doubts: {
    "other-patient": "Its numbers are another patient’s, so it is tied to no study.",
    "several-patients": "Its accession number is also another patient’s. It is tied to its own patient’s study.",
    "other-issuer": "Its patient has a study of this accession number, which another facility gave. It is tied to no study.",
    unknown: "The reason is not known.",
  },
};

const FR: ConflictWords = {
  title: "Contradictions",
  what: "Ce que les dépôts disent l’un contre l’autre. Rien n’est uni ni caché par supposition; quelqu’un doit regarder.",
  empty: "Rien ne se contredit.",
  emptyDismissed: "Rien n’a été classé.",
  alert: "Alerte de sécurité",
  since: "depuis",
  patient: "Patient",
  study: "Examen",
  instance: "Images",
  meant: "Peut concerner",
  shown: "La copie montrée est celle de",
  beside: "une autre est gardée, de",
  notCompared: "Elles n’ont pu être comparées.",
  controlId: "Le dernier identifiant de contrôle (MSH-10) est",
  messages: "messages refusés :",
  reason: "Pourquoi rien de plus n’est nécessaire",
  dismiss: "Classer",
  again: "Remettre dans la liste",
  dismissed: "Classé",
  showDismissed: "Montrer ce qui a été classé",
  showOpen: "Montrer ce qui est ouvert",
  kinds: {
    study: "Plusieurs patients ont un examen du même identifiant. Il ne s’ouvre pour personne sans le patient.",
    "patient-number": "Des examens de deux personnes sont arrivés sous le numéro d’un patient, ou la note d’un autre patient a rejeté un examen de celui-ci. Ce qui reste est montré sous ce numéro, chacun avec son propre nom.",
    instance: "Des copies d’images d’une série diffèrent.",
    report: "Un compte rendu nomme ce qui n’est pas à son patient seul.",
    "health-number": "Plusieurs patients ont le même numéro de santé et ne sont pas une seule personne.",
    visit: "Une visite a passé à un autre patient; ce qui n’est d’aucune visite connue est resté.",
    message: "Une source a repris des identifiants de contrôle (MSH-10) de messages antérieurs pour d’autres. Ceux-ci ont été refusés et manquent ici : elle doit les renvoyer sous des identifiants propres.",
    unknown: "Autre chose.",
  },
  doubts: {
    "other-patient": "Ses numéros sont ceux d’un autre patient; il n’est lié à aucun examen.",
    "several-patients": "Son numéro d’accès est aussi celui d’un autre patient. Il est lié à l’examen de son propre patient.",
    "other-issuer": "Son patient a un examen de ce numéro d’accès, donné par un autre établissement. Il n’est lié à aucun examen.",
    unknown: "La raison n’est pas connue.",
  },
};

/** The words of a language. */
export function conflictWords(language: Language): ConflictWords {
  return language === "fr" ? FR : EN;
}
