import { createInstance, type i18n } from "i18next";
import { initReactI18next } from "react-i18next";
import en from "./locales/en.json";
import fr from "./locales/fr.json";

export const LANGUAGES = ["en", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];

const REMEMBERED = "dics.language";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
    returnNull: false;
  }
}

/** The catalogues, in the language that was chosen here before, or else the browser's. */
export function createCatalogues(): i18n {
  const catalogues = createInstance();
  const remembered = readRemembered();
  void catalogues.use(initReactI18next).init({
    resources: { en: { translation: en }, fr: { translation: fr } },
    lng: remembered ?? languageOf(navigator.language),
    fallbackLng: "en",
    interpolation: { escapeValue: false }, // React escapes
    initAsync: false,
  });
  mark(catalogues.language);
  catalogues.on("languageChanged", mark);
  return catalogues;
}

function mark(language: string): void {
  document.documentElement.lang = language;
}

/** Changes the language and remembers the choice: a preference, nothing about anybody. */
export function chooseLanguage(catalogues: i18n, language: Language): void {
  try {
    localStorage.setItem(REMEMBERED, language);
  } catch {
    // A browser that keeps nothing still changes the language.
  }
  void catalogues.changeLanguage(language);
}

/** Takes the service's language unless the reader chose another before. */
export function adoptLanguage(catalogues: i18n, language: string | null): void {
  if (language !== null && readRemembered() === null) void catalogues.changeLanguage(languageOf(language));
}

/** `fr-CA` is French; what is not French is English. */
export function languageOf(tag: string): Language {
  return tag.toLowerCase().startsWith("fr") ? "fr" : "en";
}

function readRemembered(): Language | null {
  try {
    const remembered = localStorage.getItem(REMEMBERED);
    return remembered === "en" || remembered === "fr" ? remembered : null;
  } catch {
    return null;
  }
}
