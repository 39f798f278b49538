//! Specific character sets (PS3.3 §C.12.1.1.2) of the identifiers that peers send.

use std::borrow::Cow;

use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

const ESCAPE: u8 = 0x1B;

/// How the text of an identifier is decoded.
#[derive(Debug, Clone)]
pub(crate) struct Charset {
    codec: SpecificCharacterSet,
    /// Escape sequences may stand in the text, and the codec does not know them.
    escapes: bool,
}

impl Charset {
    /// The character set of a value of (0008,0005): code extensions are decoded with the last set that is named. Without a name, or with
    /// one that nobody knows, text is taken for UTF-8 where it is UTF-8, else for Latin-1, which loses nothing.
    pub(crate) fn of(names: Option<&str>) -> Self {
        let known: Vec<_> = names
            .unwrap_or_default()
            .split('\\')
            .filter_map(|name| SpecificCharacterSet::from_code(name.trim()))
            .collect();
        // ISO 2022 IR 87 brings its own decoder of escape sequences; of several it is the one that can read all of them.
        let japanese = known.iter().find(|set| set.name() == "ISO_IR 87");
        let chosen = japanese.or(known.last()).cloned().unwrap_or(SpecificCharacterSet::ISO_IR_6);
        let extended = names.is_some_and(|names| names.contains("2022"));
        Self { escapes: japanese.is_none() && extended, codec: chosen }
    }

    pub(crate) fn decode<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        if let Ok(ascii) = std::str::from_utf8(bytes)
            && (self.codec == SpecificCharacterSet::ISO_IR_6 || !bytes.contains(&ESCAPE) && ascii.is_ascii())
        {
            return Cow::Borrowed(ascii);
        }
        let codec = if self.codec == SpecificCharacterSet::ISO_IR_6 {
            SpecificCharacterSet::ISO_IR_100
        } else {
            self.codec.clone()
        };
        let plain = if self.escapes { Cow::Owned(without_escapes(bytes)) } else { Cow::Borrowed(bytes) };
        codec.decode(&plain).map_or_else(|_| Cow::Owned(plain.iter().copied().map(char::from).collect()), Cow::Owned)
    }
}

/// Drops `ESC`, its intermediate bytes (2/0 to 2/15) and its final byte (ISO 2022).
fn without_escapes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        if byte == ESCAPE {
            rest.by_ref().find(|byte| !(0x20..0x30).contains(byte));
        } else {
            out.push(byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Charset;

    #[test]
    fn names_are_decoded_by_the_set_that_is_declared() {
        let french = b"Lef\xE8bvre^Ren\xE9e";
        assert_eq!(Charset::of(Some("ISO_IR 100")).decode(french), "Lefèbvre^Renée");
        assert_eq!(Charset::of(Some("ISO_IR 192")).decode("Lefèbvre".as_bytes()), "Lefèbvre");
        assert_eq!(Charset::of(Some("\\ISO 2022 IR 87")).decode(b"Yamada=\x1B$B;3ED\x1B(B"), "Yamada=山田");
        assert_eq!(Charset::of(Some("\\ISO 2022 IR 149")).decode(b"Hong=\x1B$)C\xFB\xF3"), "Hong=洪");
    }

    #[test]
    fn text_without_a_declared_set_is_not_lost() {
        assert_eq!(Charset::of(None).decode(b"Ren\xE9e"), "Renée");
        assert_eq!(Charset::of(None).decode("Renée".as_bytes()), "Renée");
        assert_eq!(Charset::of(Some("KLINGON")).decode(b"Ren\xE9e"), "Renée");
    }
}
