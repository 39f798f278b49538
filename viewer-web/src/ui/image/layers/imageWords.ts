import { useTranslation } from "react-i18next";
import { type Language, languageOf } from "../../i18n";

/** What is written over a picture and on its toggles. Only the page of images needs these words, and they come with it. */
export interface ImageWords {
  readonly layers: string;
  readonly values: string;
  readonly scale: string;
  readonly overlays: Readonly<Record<"shown" | "hidden" | "loading", string>>;
  /** The service drew them into the picture. */
  readonly within: string;
  /** Said as a warning: something of the image is not on the screen. */
  readonly missingOverlays: string;
  readonly shutter: Readonly<Record<"shown" | "hidden", string>>;
  readonly missingShutter: string;
  readonly pixel: (column: number, row: number) => string;
  readonly noValue: string;
  readonly outside: string;
  readonly keys: Readonly<Record<"layers" | "values" | "scale" | "moveValue", string>>;
  readonly scaleLabel: (length: string) => string;
  readonly bases: Readonly<Record<"detector" | "scanned" | "none", string>>;
  readonly number: (value: number) => string;
}

const formatted = (language: string): ((value: number) => string) => {
  const format = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  return (value) => format.format(value);
};

const WORDS: Readonly<Record<Language, ImageWords>> = {
  en: {
    layers: "Overlays and shutter of the image",
    values: "Value under the pointer",
    scale: "Scale",
    overlays: { shown: "Overlays shown", hidden: "OVERLAYS HIDDEN", loading: "Overlays loading…" },
    within: "Overlays and shutter are part of this picture",
    missingOverlays: "This image has overlays that are NOT shown",
    shutter: { shown: "Shutter of the image", hidden: "Shutter lifted" },
    missingShutter: "This image has a shutter that is not applied",
    pixel: (column, row) => `column ${column}, row ${row}`,
    noValue: "no value: drawn by the service",
    outside: "outside the image",
    keys: { layers: "Show or hide the image’s own overlays and shutter", values: "Show or hide the value under the pointer", scale: "Show or hide the scale", moveValue: "Move the point whose value is read" },
    scaleLabel: (length) => `Scale: the bar is ${length} long`,
    bases: { detector: "at the detector", scanned: "on the scanned film", none: "no calibration" },
    number: formatted("en-CA"),
  },
  fr: {
    layers: "Superpositions et cache de l’image",
    values: "Valeur sous le pointeur",
    scale: "Échelle",
    overlays: { shown: "Superpositions affichées", hidden: "SUPERPOSITIONS MASQUÉES", loading: "Chargement des superpositions…" },
    within: "Superpositions et cache font partie de cette image",
    missingOverlays: "Cette image a des superpositions qui ne sont PAS affichées",
    shutter: { shown: "Cache de l’image", hidden: "Cache levé" },
    missingShutter: "Cette image a un cache qui n’est pas appliqué",
    pixel: (column, row) => `colonne ${column}, ligne ${row}`,
    noValue: "sans valeur : dessinée par le service",
    outside: "hors de l’image",
    keys: { layers: "Afficher ou masquer les superpositions et le cache de l’image", values: "Afficher ou masquer la valeur sous le pointeur", scale: "Afficher ou masquer l’échelle", moveValue: "Déplacer le point dont la valeur est lue" },
    scaleLabel: (length) => `Échelle : la barre mesure ${length}`,
    bases: { detector: "au détecteur", scanned: "sur le film numérisé", none: "sans étalonnage" },
    number: formatted("fr-CA"),
  },
};

/** The words in the reader's language. */
export function useImageWords(): ImageWords {
  const { i18n } = useTranslation();
  return WORDS[languageOf(i18n.language)];
}
