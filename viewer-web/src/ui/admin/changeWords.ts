import { useTranslation } from "react-i18next";
import { type Language, languageOf } from "../i18n";

/** The words of the form that changes a repository; they come with the administrators' page. */
export interface ChangeWords {
  readonly change: string;
  readonly title: (name: string) => string;
  readonly stays: string;
  readonly save: string;
  readonly changed: string;
}

const WORDS: Readonly<Record<Language, ChangeWords>> = {
  en: {
    change: "Change…",
    title: (name) => `Change ${name}`,
    stays: "Its code, its credentials and all that is registered stay; links that were given out lead to the same images. Test the new address before it is saved.",
    save: "Save",
    changed: "The repository was changed; it is asked at its new address from now on.",
  },
  fr: {
    change: "Modifier…",
    title: (name) => `Modifier ${name}`,
    stays: "Son code, ses identifiants d’accès et tout ce qui est enregistré restent; les liens déjà donnés mènent aux mêmes images. Essayez la nouvelle adresse avant de l’enregistrer.",
    save: "Enregistrer",
    changed: "Le dépôt a été modifié; il est désormais interrogé à sa nouvelle adresse.",
  },
};

/** The words in the reader's language. */
export function useChangeWords(): ChangeWords {
  const { i18n } = useTranslation();
  return WORDS[languageOf(i18n.language)];
}
