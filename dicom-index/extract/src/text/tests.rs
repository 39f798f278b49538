//! The character sets of PS3.5 annexes H to K.

use dicom_core::VR;

use super::{Decoded, Repertoire};

fn decode(terms: &str, bytes: &[u8], vr: VR) -> Decoded {
    Repertoire::parse(terms).expect("a known term").decode(bytes, vr)
}

#[track_caller]
fn assert_reads(terms: &str, bytes: &[u8], expected: &str) {
    assert_eq!(decode(terms, bytes, VR::PN), Decoded { text: expected.to_owned(), faulty: false });
}

#[test]
fn one_byte_sets_are_read_as_declared() {
    assert_reads("ISO_IR 100", b"Lef\xE8bvre^Ren\xE9", "Lef\u{e8}bvre^Ren\u{e9}");
    assert_reads("ISO_IR 144", b"\xBB\xDE", "\u{41b}\u{43e}");
    assert_reads("ISO_IR 166", b"\xA1", "\u{e01}");
    assert_reads("ISO_IR 13", b"\xD4\xCF\xC0\xDE", "\u{ff94}\u{ff8f}\u{ff80}\u{ff9e}");
}

#[test]
fn japanese_names_switch_sets_and_fall_back_at_delimiters() {
    let name = b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B";
    assert_reads(
        "\\ISO 2022 IR 87",
        name,
        "Yamada^Tarou=\u{5c71}\u{7530}^\u{592a}\u{90ce}=\u{3084}\u{307e}\u{3060}^\u{305f}\u{308d}\u{3046}",
    );
    // The second byte of 表 is 0x3D, an equals sign, and that of 構 is 0x3D too: no delimiter within a two-byte set.
    assert_reads("\\ISO 2022 IR 87", b"\x1B$BI=\x1B(B", "\u{8868}");
}

#[test]
fn korean_and_chinese_sets_are_read() {
    assert_reads(
        "\\ISO 2022 IR 149",
        b"Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7",
        "Hong^Gildong=\u{6d2a}^\u{5409}\u{6d1e}",
    );
    assert_reads("\\ISO 2022 IR 58", b"Zhang=\x1B$)A\xD5\xC5", "Zhang=\u{5f20}");
    assert_reads("GB18030", b"Wang=\xCD\xF5", "Wang=\u{738b}");
    assert_reads("GBK", b"\x95\x5C", "\u{661e}");
}

#[test]
fn a_declared_set_counts_even_without_its_escape_sequence() {
    assert_reads("\\ISO 2022 IR 149", b"\xB1\xE8", "\u{ae40}");
}

#[test]
fn bytes_that_the_set_does_not_explain_are_flagged_and_never_a_replacement_character() {
    for (terms, bytes) in
        [("", &b"Ren\xE9"[..]), ("ISO_IR 192", b"Ren\xE9"), ("\\ISO 2022 IR 87", b"\x1B$B\x21"), ("GBK", b"\x81")]
    {
        let read = decode(terms, bytes, VR::PN);
        assert!(read.faulty && !read.text.contains('\u{FFFD}'), "{terms}");
    }
    for terms in ["", "\\ISO 2022 IR 87"] {
        assert_eq!(decode(terms, "Ren\u{e9}".as_bytes(), VR::LO).text, "Ren\u{e9}");
    }
}

#[test]
fn terms_are_recognised_as_senders_spell_them() {
    for (spelt, term) in
        [("ISO-IR 100", "ISO_IR 100"), ("iso_ir 192 ", "ISO_IR 192"), ("ISO2022IR87", "ISO 2022 IR 87")]
    {
        assert_eq!(Repertoire::parse(spelt), Repertoire::parse(term));
    }
    assert_eq!(Repertoire::parse("KLINGON"), None);
}
