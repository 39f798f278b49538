import type { Language } from "../i18n";

/** The words of one part of the administrators' page, which come with it and not with every page. */
export interface HeldReportsWords {
  readonly title: string;
  readonly what: string;
  readonly empty: string;
  readonly held: (until: string) => string;
  readonly reason: string;
  readonly release: string;
  readonly hold: string;
  readonly report: string;
  readonly reportHint: string;
  readonly until: string;
  readonly nobody: string;
}

export const HELD_REPORTS_WORDS: Readonly<Record<Language, HeldReportsWords>> = {
  en: {
    title: "Held reports",
    what: "A held report is pending to everybody until its time; images stay. Who held or released it, and why, is in the audit trail.",
    empty: "No report is held.",
    held: (until) => `is held until ${until}`,
    reason: "Why",
    release: "Release now",
    hold: "Hold a report",
    report: "Report key",
    reportHint: "As the service’s API names the report (reportKey). A report that is held already is held until the new time.",
    until: "Nobody reads it before",
    nobody: "No report of this key is known.",
  },
  fr: {
    title: "Rapports retenus",
    what: "Un rapport retenu est en attente pour tous jusqu’à son terme; les images restent. Qui l’a retenu ou libéré, et pourquoi, est inscrit au journal d’audit.",
    empty: "Aucun rapport n’est retenu.",
    held: (until) => `est retenu jusqu’au ${until}`,
    reason: "Pourquoi",
    release: "Libérer maintenant",
    hold: "Retenir un rapport",
    report: "Clé du rapport",
    reportHint: "Comme l’API du service nomme le rapport (reportKey). Un rapport déjà retenu l’est jusqu’au nouveau terme.",
    until: "Personne ne le lit avant le",
    nobody: "Aucun rapport n’est connu sous cette clé.",
  },
};
