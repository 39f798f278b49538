//! Character sets, by their names in HL7 table 0211 and by DICOM's defined terms (PS3.3 §C.12.1.1.2).

use std::borrow::Cow;

use encoding_rs::Encoding;

/// A character set that messages are decoded with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Charset {
    /// Seven bits.
    Ascii,
    /// Strict UTF-8.
    Utf8,
    /// ISO 8859-1 and, because senders paste from word processors, the punctuation of Windows-1252 where 8859-1 has controls.
    Latin1,
    /// Any other that the Encoding Standard knows.
    Other(&'static Encoding),
}

impl Charset {
    /// The set that MSH-18 names.
    pub(crate) fn by_hl7_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_uppercase().as_str() {
            "ASCII" | "ISO IR6" | "ISO-IR6" => Some(Self::Ascii),
            "UNICODE UTF-8" | "UNICODE" | "UTF-8" | "UTF8" => Some(Self::Utf8),
            "8859/1" | "ISO 8859-1" | "ISO-8859-1" | "ISO8859-1" => Some(Self::Latin1),
            "GB 18030-2000" => Some(Self::Other(encoding_rs::GB18030)),
            "BIG-5" => Some(Self::Other(encoding_rs::BIG5)),
            "KS X 1001" => Some(Self::Other(encoding_rs::EUC_KR)),
            "ISO IR87" => Some(Self::Other(encoding_rs::ISO_2022_JP)),
            name => name.strip_prefix("8859/").and_then(|part| Self::by_label(&format!("iso-8859-{part}"))),
        }
    }

    /// The set that a source's definition names: a DICOM defined term, or a name as MSH-18 has it.
    pub(crate) fn by_source_name(name: &str) -> Option<Self> {
        let part = |part: u8| Self::by_label(&format!("iso-8859-{part}"));
        match name.trim() {
            "ISO_IR 6" => Some(Self::Ascii),
            "ISO_IR 192" => Some(Self::Utf8),
            "ISO_IR 100" | "ISO 2022 IR 100" => Some(Self::Latin1),
            "ISO_IR 101" => part(2),
            "ISO_IR 109" => part(3),
            "ISO_IR 110" => part(4),
            "ISO_IR 144" => part(5),
            "ISO_IR 127" => part(6),
            "ISO_IR 126" => part(7),
            "ISO_IR 138" => part(8),
            "ISO_IR 148" => part(9),
            "ISO_IR 203" => part(15),
            "GB18030" => Some(Self::Other(encoding_rs::GB18030)),
            name => Self::by_hl7_name(name),
        }
    }

    fn by_label(label: &str) -> Option<Self> {
        Encoding::for_label(label.as_bytes()).map(Self::Other)
    }

    /// The set of a message that declares none, from a source that says nothing either.
    pub(crate) fn guess(bytes: &[u8]) -> Self {
        if std::str::from_utf8(bytes).is_ok() { Self::Utf8 } else { Self::Latin1 }
    }

    /// The text, or `None` when a byte has no meaning in this set.
    pub(crate) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        let text = match self {
            Self::Ascii => bytes.is_ascii().then(|| std::str::from_utf8(bytes).ok())?.map(Cow::Borrowed),
            Self::Utf8 => {
                std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)).ok().map(Cow::Borrowed)
            }
            Self::Latin1 => {
                let text = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0;
                let meaningless = |c: char| ('\u{80}'..='\u{9F}').contains(&c);
                (!text.contains(meaningless)).then_some(text)
            }
            Self::Other(encoding) => encoding.decode_without_bom_handling_and_without_replacement(bytes),
        }?;
        (!text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Charset;

    #[test]
    fn a_byte_without_meaning_is_refused_not_replaced() {
        assert_eq!(Charset::Ascii.decode(b"\xC8"), None);
        assert_eq!(Charset::Utf8.decode(b"GENEVI\xC8VE"), None);
        assert_eq!(Charset::Latin1.decode(b"\x81"), None);
        assert_eq!(Charset::Utf8.decode("\u{FFFD}".as_bytes()), None);
    }

    #[test]
    fn the_names_of_both_standards_lead_to_the_same_set() {
        assert_eq!(Charset::by_hl7_name("8859/1"), Charset::by_source_name("ISO_IR 100"));
        assert_eq!(Charset::by_hl7_name("UNICODE UTF-8"), Charset::by_source_name("ISO_IR 192"));
        assert_eq!(Charset::by_hl7_name("8859/15"), Charset::by_source_name("ISO_IR 203"));
        assert_eq!(Charset::by_hl7_name("EBCDIC"), None);
    }

    #[test]
    fn latin_text_keeps_its_accents_and_the_quotes_of_word_processors() {
        assert_eq!(Charset::Latin1.decode(b"GENEVI\xC8VE l\x92\x9Cuvre").as_deref(), Some("GENEVIÈVE l’œuvre"));
    }
}
