//! Person names, VR PN (PS3.5 §6.2.1), and the folding by which text is searched.

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The three component groups of a person name, as received and decoded to Unicode.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonName {
    /// Alphabetic representation: `Family^Given^Middle^Prefix^Suffix`.
    pub alphabetic: String,
    /// Ideographic representation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ideographic: String,
    /// Phonetic representation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phonetic: String,
}

impl PersonName {
    /// Splits decoded text at `=` into its component groups; a fourth group and beyond is dropped.
    pub fn parse(text: &str) -> Self {
        let mut groups = text.split('=').map(|group| group.trim_end_matches([' ', '^', '\0']).trim_start());
        let mut next = || groups.next().unwrap_or_default().to_owned();
        Self { alphabetic: next(), ideographic: next(), phonetic: next() }
    }

    /// Whether no group has a character.
    pub fn is_empty(&self) -> bool {
        self.alphabetic.is_empty() && self.ideographic.is_empty() && self.phonetic.is_empty()
    }

    /// The name in one line, groups joined by `=`, without trailing delimiters.
    pub fn to_dicom(&self) -> String {
        let all = [self.alphabetic.as_str(), &self.ideographic, &self.phonetic].join("=");
        all.trim_end_matches('=').to_owned()
    }

    /// All groups folded for search, joined by `=`.
    pub fn folded(&self) -> String {
        fold(&self.to_dicom())
    }
}

impl std::fmt::Debug for PersonName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[phi]")
    }
}

/// Folds text so that case, accents and the choice of space, hyphen or apostrophe do not matter to a search.
///
/// Compatibility decomposition, combining marks dropped, ligatures opened (œ, æ, ß), lower case; `-`, `'` and `’` become a space.
/// The delimiters `^`, `=`, `*` and `?` pass through, so that a pattern can be folded the same way as a value.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'œ' => out.push_str("oe"),
            'æ' => out.push_str("ae"),
            'ß' => out.push_str("ss"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            // One letter each, whatever case the other side is written in.
            'ς' => out.push('σ'),
            'ı' => out.push('i'),
            '-' | '\'' | '’' | '‐' | '‑' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{PersonName, fold};

    #[test]
    fn accents_case_and_hyphens_fold_away() {
        assert_eq!(fold("LEFÈBVRE-Côté^Geneviève"), "lefebvre cote^genevieve");
        assert_eq!(fold("Œuvre"), "oeuvre");
        assert_eq!(fold("Αλέξανδρος^Παπαδόπουλος"), fold("ΑΛΈΞΑΝΔΡΟΣ^ΠΑΠΑΔΟΠΟΥΛΟΣ"));
        assert_eq!(fold("İstanbul ılık"), fold("ISTANBUL ILIK"));
        assert_eq!(fold("O’Brien"), fold("o'brien"));
    }

    #[test]
    fn component_groups_are_split_at_the_equals_sign() {
        let name = PersonName::parse("Yamada^Tarou=山田^太郎=やまだ^たろう");
        assert_eq!(name.ideographic, "山田^太郎");
        assert_eq!(name.to_dicom(), "Yamada^Tarou=山田^太郎=やまだ^たろう");
        assert_eq!(PersonName::parse("Doe^Jane^^^").to_dicom(), "Doe^Jane");
    }
}
