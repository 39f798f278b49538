//! Whether a text is English or French, by its smallest words.

const FRENCH: &[&str] = &[
    "le",
    "la",
    "les",
    "des",
    "du",
    "et",
    "est",
    "une",
    "aucun",
    "aucune",
    "avec",
    "sans",
    "pas",
    "dans",
    "sur",
    "pour",
    "au",
    "aux",
    "gauche",
    "droit",
    "droite",
    "examen",
    "renseignements",
    "constatations",
    "sont",
];
const ENGLISH: &[&str] = &[
    "the",
    "of",
    "and",
    "is",
    "no",
    "with",
    "without",
    "in",
    "for",
    "are",
    "there",
    "to",
    "left",
    "right",
    "findings",
    "impression",
    "history",
    "exam",
    "seen",
    "not",
    "this",
];
/// Words that are looked at; a report tells within its first lines.
const WORDS: usize = 400;

/// `en`, `fr`, or empty when the text does not tell.
pub(crate) fn of_text(text: &str) -> &'static str {
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).take(WORDS);
    let (mut french, mut english) = (0u32, 0u32);
    for word in words.map(str::to_lowercase) {
        french += u32::from(FRENCH.contains(&word.as_str()));
        english += u32::from(ENGLISH.contains(&word.as_str()));
    }
    match french.cmp(&english) {
        std::cmp::Ordering::Greater => "fr",
        std::cmp::Ordering::Less => "en",
        std::cmp::Ordering::Equal => "",
    }
}

/// The language of a code or name as MSH-19 and PID-15 have them: `fr`, `FRE`, `fra`, `French`, `en-CA`.
pub(crate) fn of_code(code: &str) -> &'static str {
    let code = code.trim().to_lowercase();
    let code = code.split(['-', '_']).next().unwrap_or_default();
    match code {
        "fr" | "fre" | "fra" | "french" | "français" => "fr",
        "en" | "eng" | "english" | "anglais" => "en",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{of_code, of_text};

    #[test]
    fn small_words_tell_the_language() {
        assert_eq!(of_text("CONSTATATIONS: Il n'y a pas de lésion dans le lobe droit. Aucun épanchement."), "fr");
        assert_eq!(of_text("FINDINGS: There is no lesion in the right lobe."), "en");
        assert_eq!(of_text("123 mm"), "");
        assert_eq!((of_code("fr-CA"), of_code("ENG"), of_code("cr")), ("fr", "en", ""));
    }
}
