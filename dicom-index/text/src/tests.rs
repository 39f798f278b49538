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

/// PS3.3 tables C.12-2 and C.12-5: every set that stands alone, in bytes and in Unicode.
#[test]
fn every_set_without_code_extensions_is_read() {
    for (term, bytes, expected) in [
        ("", &b"Doe^Jane"[..], "Doe^Jane"),
        ("ISO_IR 6", b"Doe^Jane", "Doe^Jane"),
        ("ISO_IR 100", b"\xC4neas^R\xFCdiger", "Äneas^Rüdiger"),
        ("ISO_IR 101", b"Wa\xB3\xEAsa^\xA3\xF3d\xBC", "Wałęsa^Łódź"),
        ("ISO_IR 109", b"\xD5or\xF5^\xA1al", "Ġorġ^Ħal"),
        ("ISO_IR 110", b"\xC0boli\xF1\xB9^\xABirts", "Āboliņš^Ģirts"),
        ("ISO_IR 144", b"\xBB\xEE\xDAce\xDC\xD1yp\xD3", "Люкceмбypг"),
        ("ISO_IR 127", b"\xE2\xC8\xC7\xE6\xEA^\xE4\xE6\xD2\xC7\xD1", "قباني^لنزار"),
        ("ISO_IR 126", b"\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2", "Διονυσιος"),
        ("ISO_IR 138", b"\xF9\xF8\xE5\xEF^\xE3\xE1\xE5\xF8\xE4", "שרון^דבורה"),
        ("ISO_IR 148", b"\xC7avu\xFEo\xF0lu^\xDD\xF0ne", "Çavuşoğlu^İğne"),
        ("ISO_IR 203", b"\xBCuvre^\xB4i\xB8ek \xA4", "Œuvre^Žižek €"),
        ("ISO_IR 13", b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("ISO_IR 166", b"\xBB\xC3\xD0\xE0\xB7\xC8\xE4\xB7\xC2", "ประเทศไทย"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小東".as_bytes(), "Wang^XiaoDong=王^小東"),
        ("GB18030", b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB\x95\x32\x82\x36", "Wang^XiaoDong=王^小东𠀀"),
        ("GBK", b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB", "Wang^XiaoDong=王^小东"),
    ] {
        let read = decode(term, bytes, VR::PN);
        assert_eq!(read, Decoded { text: expected.to_owned(), faulty: false }, "{term}");
    }
}

/// PS3.3 tables C.12-3 and C.12-4: every set that is designated by an escape sequence, alone and after ASCII.
#[test]
fn every_set_of_code_extensions_is_read() {
    for (term, bytes, expected) in [
        ("ISO 2022 IR 100", &b"\x1B-AR\xFCdiger"[..], "Rüdiger"),
        ("ISO 2022 IR 101", b"\x1B-B\xA3\xF3d\xBC", "Łódź"),
        ("ISO 2022 IR 109", b"\x1B-C\xD5or\xF5", "Ġorġ"),
        ("ISO 2022 IR 110", b"\x1B-D\xABirts", "Ģirts"),
        ("ISO 2022 IR 144", b"\x1B-L\xBB\xEE\xDA", "Люк"),
        ("ISO 2022 IR 127", b"\x1B-G\xE2\xC8\xC7\xE6\xEA", "قباني"),
        ("ISO 2022 IR 126", b"\x1B-F\xC4\xE9\xEF", "Διο"),
        ("ISO 2022 IR 138", b"\x1B-H\xF9\xF8\xE5\xEF", "שרון"),
        ("ISO 2022 IR 148", b"\x1B-M\xDD\xF0ne", "İğne"),
        ("ISO 2022 IR 203", b"\x1B-b\xBCuvre", "Œuvre"),
        ("ISO 2022 IR 13", b"\x1B)I\xD4\xCF\xC0\xDE", "ﾔﾏﾀﾞ"),
        ("ISO 2022 IR 166", b"\x1B-T\xB7\xC2", "ทย"),
        ("ISO 2022 IR 87", b"\x1B$B;3ED\x1B(B", "山田"),
        ("ISO 2022 IR 159", b"\x1B$(D0!\x1B(B", "丂"),
        ("ISO 2022 IR 149", b"\x1B$)C\xB1\xE8\xC8\xF1\xC1\xDF", "김희중"),
        ("ISO 2022 IR 58", b"\x1B$)A\xD0\xA1\xB6\xAB", "小东"),
    ] {
        for terms in [format!("\\{term}"), format!("ISO 2022 IR 6\\{term}"), format!("ISO 2022 IR 100\\{term}")] {
            let named = [b"A^".as_slice(), bytes, b"^B"].concat();
            let read = decode(&terms, &named, VR::PN);
            assert_eq!(read, Decoded { text: format!("A^{expected}^B"), faulty: false }, "{terms}");
        }
    }
}

/// PS3.5 §6.1.2.5.3: at each delimiter the sets of the first value are in force again.
#[test]
fn a_designated_set_ends_at_every_delimiter() {
    let latin_again = |bytes: &[u8], vr| decode("ISO 2022 IR 100\\ISO 2022 IR 144", bytes, vr).text;
    assert_eq!(latin_again(b"\x1B-L\xBB^\xE9", VR::PN), "Л^é");
    assert_eq!(latin_again(b"\x1B-L\xBB=\xE9", VR::PN), "Л=é");
    assert_eq!(latin_again(b"\x1B-L\xBB\\\xE9", VR::LO), "Л\\é");
    assert_eq!(latin_again(b"\x1B-L\xBB\r\n\xE9", VR::LT), "Л\r\né");
    assert_eq!(latin_again(b"\x1B-L\xBB^\xDA", VR::LO), "Л^к", "a caret delimits names alone");
    assert_eq!(latin_again(b"\x1B-L\xBB\\\xDA", VR::LT), "Л\\к", "a text has one value");
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
