//! Text in the character sets of PS3.3 C.12.1.1.2, to Unicode: that of objects, and that of the identifiers that peers send.
//!
//! Pure, and without an opinion of what text is for: bytes and their declared sets in, words out, and whether all of the bytes were what
//! the sets allow. What they do not explain is read as far as it can be, never dropped, and never a replacement character.
//!
//! ```
//! use dicom_core::VR;
//! let declared = index_text::Repertoire::parse("ISO 2022 IR 13\\ISO 2022 IR 87").unwrap();
//! assert_eq!(declared.decode(b"\xD4\xCF\xC0\xDE=\x1B$B;3ED\x1B(J", VR::PN).text, "\u{FF94}\u{FF8F}\u{FF80}\u{FF9E}=山田");
//! ```
#![forbid(unsafe_code)]

mod iso2022;

use dicom_core::VR;
use encoding_rs::{
    Encoding, GB18030, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8,
    ISO_8859_15, UTF_8, WINDOWS_874, WINDOWS_1252, WINDOWS_1254,
};

pub use iso2022::{Designated, High, Low};

/// What the bytes of an object's text mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Repertoire {
    /// ISO_IR 6, or nothing said: ASCII.
    Default,
    /// One encoding for all, without code extensions.
    Whole(&'static Encoding),
    /// Code extensions of ISO/IEC 2022, beginning with these sets.
    Extended(Designated),
}

/// Text, and whether all of it was what the character set allows.
#[derive(Debug, PartialEq)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// Some of it could only be guessed.
    pub faulty: bool,
}

impl Repertoire {
    /// Reads the value of SpecificCharacterSet; `None` when a term is not known.
    pub fn parse(terms: &str) -> Option<Self> {
        let mut extended = false;
        let mut sets = Vec::new();
        for term in terms.split('\\') {
            let (set, extension) = Self::term(term)?;
            extended |= extension;
            sets.push(set);
        }
        let first = sets.first().copied().unwrap_or(Self::Default);
        let alone = matches!(first, Self::Whole(encoding) if !encoding.is_single_byte());
        if alone || (!extended && !matches!(first, Self::Extended(_))) {
            return Some(first);
        }
        let mut designated = match first {
            Self::Extended(designated) => designated,
            Self::Whole(encoding) => Designated { high: High::Single(encoding), ..Designated::default() },
            Self::Default => Designated::default(),
        };
        designated.fallback = sets.iter().skip(1).find_map(|set| match set {
            Self::Extended(other) if other.high.is_two_byte() => Some(other.high),
            _ => None,
        });
        Some(Self::Extended(designated))
    }

    /// One defined term, spelt as it is or as senders spell it, and whether it allows code extensions.
    fn term(term: &str) -> Option<(Self, bool)> {
        let term = term.trim_matches([' ', '\0']).to_ascii_uppercase();
        let number = term.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        let single = match (term.as_str(), number) {
            ("", _) | (_, "6") => return Some((Self::Default, term.contains("2022"))),
            ("GB18030", _) => GB18030,
            ("GBK", _) => GBK,
            ("UTF-8" | "UTF8", _) | (_, "192") => UTF_8,
            _ if !term.contains("IR") => return None,
            (_, "100") => WINDOWS_1252,
            (_, "101") => ISO_8859_2,
            (_, "109") => ISO_8859_3,
            (_, "110") => ISO_8859_4,
            (_, "126") => ISO_8859_7,
            (_, "127") => ISO_8859_6,
            (_, "138") => ISO_8859_8,
            (_, "144") => ISO_8859_5,
            (_, "148") => WINDOWS_1254,
            (_, "166") => WINDOWS_874,
            (_, "203") => ISO_8859_15,
            (_, number) => {
                let high = High::of_term(number)?;
                return Some((Self::Extended(Designated { high, ..Designated::default() }), true));
            }
        };
        Some((Self::Whole(single), term.contains("2022")))
    }

    /// Decodes the whole value of a text element, delimiters included.
    pub fn decode(self, bytes: &[u8], vr: VR) -> Decoded {
        let plain = bytes.iter().all(|b| b.is_ascii() && *b != iso2022::ESCAPE);
        match (std::str::from_utf8(bytes), self) {
            (Ok(text), _) if plain => Decoded { text: text.to_owned(), faulty: false },
            (unicode, Self::Extended(designated)) => {
                let decoded = iso2022::decode(bytes, designated, vr);
                match unicode {
                    // No escape sequence explains it, but UTF-8 does.
                    Ok(text) if decoded.faulty && !bytes.contains(&iso2022::ESCAPE) => {
                        Decoded { text: text.to_owned(), faulty: true }
                    }
                    _ => decoded,
                }
            }
            _ if bytes.contains(&iso2022::ESCAPE) => {
                let high = if let Self::Whole(encoding) = self { High::Single(encoding) } else { High::None };
                iso2022::decode(bytes, Designated { high, ..Designated::default() }, vr)
            }
            (_, Self::Whole(encoding)) => match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
                Some(text) => Decoded { text: text.into_owned(), faulty: false },
                None => guess(bytes, encoding),
            },
            (_, Self::Default) => guess(bytes, WINDOWS_1252),
        }
    }
}

/// Whether SpecificCharacterSet applies: PS3.5 §6.1.2.3.
pub const fn has_character_set(vr: VR) -> bool {
    matches!(vr, VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UT)
}

/// Whether a backslash parts values: PS3.5 §6.4.
pub const fn is_multi_valued(vr: VR) -> bool {
    !matches!(vr, VR::LT | VR::ST | VR::UT | VR::UR)
}

/// Bytes that their character set does not explain: UTF-8 when they are, else what can be read of them, `?` for what can't.
fn guess(bytes: &[u8], encoding: &'static Encoding) -> Decoded {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding.decode_without_bom_handling(bytes).0.replace('\u{FFFD}', "?"),
    };
    Decoded { text, faulty: true }
}

#[cfg(test)]
mod tests;
