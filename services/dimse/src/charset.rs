//! Specific character sets (PS3.3 §C.12.1.1.2) of the identifiers that peers send.

use dicom_core::{Tag, VR};
use index_guard::Node;
use index_text::{Decoded, Repertoire, has_character_set};

use crate::identifier::vr_of;

/// How the text of an identifier is decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charset {
    repertoire: Repertoire,
    /// Sets are named beyond ASCII, and all of them are known.
    is_declared: bool,
}

impl Charset {
    /// The character sets of a value of (0008,0005). Without a name, or with one that nobody knows, text is taken for UTF-8 where it is
    /// UTF-8, else for Latin-1, which loses nothing.
    pub(crate) fn of(names: Option<&str>) -> Self {
        let declared = names.filter(|names| !names.trim().is_empty()).and_then(Repertoire::parse);
        let repertoire = declared.unwrap_or(Repertoire::Default);
        Self { repertoire, is_declared: repertoire != Repertoire::Default }
    }

    /// The text of an element, its delimiters included.
    pub(crate) fn decode(self, node: &Node<'_>) -> String {
        self.read(node.tag(), node.exact_vr(), node.bytes()).text
    }

    /// Whether the sets that are named do not explain the bytes of an element.
    pub(crate) fn is_contradicted_by(self, node: &Node<'_>) -> bool {
        self.is_declared && self.read(node.tag(), node.exact_vr(), node.bytes()).faulty
    }

    fn read(self, tag: Tag, vr: Option<VR>, bytes: &[u8]) -> Decoded {
        let vr = vr.filter(|vr| *vr != VR::UN).unwrap_or_else(|| vr_of(tag));
        if has_character_set(vr) {
            return self.repertoire.decode(bytes, vr);
        }
        Decoded { faulty: false, ..Repertoire::Default.decode(bytes, vr) }
    }
}

#[cfg(test)]
mod tests {
    use dicom_dictionary_std::tags::PATIENT_NAME;

    use super::Charset;

    fn read(names: Option<&str>, bytes: &[u8]) -> String {
        Charset::of(names).read(PATIENT_NAME, None, bytes).text
    }

    #[test]
    fn names_are_decoded_by_the_sets_that_are_declared() {
        let french = b"Lef\xE8bvre^Ren\xE9e";
        assert_eq!(read(Some("ISO_IR 100"), french), "Lefèbvre^Renée");
        assert_eq!(read(Some("ISO_IR 192"), "Lefèbvre".as_bytes()), "Lefèbvre");
        assert_eq!(read(Some("\\ISO 2022 IR 87"), b"Yamada=\x1B$B;3ED\x1B(B"), "Yamada=山田");
        assert_eq!(read(Some("\\ISO 2022 IR 149"), b"Hong=\x1B$)C\xFB\xF3"), "Hong=洪");
        assert_eq!(read(Some("ISO 2022 IR 100\\ISO 2022 IR 144"), french), "Lefèbvre^Renée");
    }

    #[test]
    fn text_without_a_declared_set_is_not_lost() {
        assert_eq!(read(None, b"Ren\xE9e"), "Renée");
        assert_eq!(read(None, "Renée".as_bytes()), "Renée");
        assert_eq!(read(Some("KLINGON"), b"Ren\xE9e"), "Renée");
    }
}
