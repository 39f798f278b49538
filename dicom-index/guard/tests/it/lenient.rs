//! What is against the letter and read all the same, and what is not.

use dicom_core::Tag;

use crate::build::{EXPLICIT_BE, EXPLICIT_LE, Form, IMPLICIT_LE, ITEM_END, JPEG, SEQUENCE_END, part10};
use crate::{file, refused, scan};

#[test]
fn a_file_without_preamble_or_meta_header_is_read_by_its_first_element() {
    for (uid, form) in [(IMPLICIT_LE, Form::Implicit), (EXPLICIT_LE, Form::Explicit), (EXPLICIT_BE, Form::BigEndian)] {
        let data_set = form.image(1);
        for bytes in [data_set.clone(), part10(uid, &data_set)[132..].to_vec(), part10("", &data_set)] {
            let found = file(&bytes).unwrap();
            assert_eq!(found.transfer_syntax_uid, uid);
            assert!(!found.part10 && !found.remarks.is_empty());
        }
    }
}

#[test]
fn a_data_set_that_is_not_written_as_declared_is_read_as_it_is() {
    for (declared, form, real) in [
        (EXPLICIT_LE, Form::Implicit, IMPLICIT_LE),
        (IMPLICIT_LE, Form::Explicit, EXPLICIT_LE),
        (EXPLICIT_BE, Form::Explicit, EXPLICIT_LE),
        (EXPLICIT_LE, Form::BigEndian, EXPLICIT_BE),
        // Fragments are what the syntax says, whatever is around them.
        (JPEG, Form::Implicit, JPEG),
    ] {
        let found = file(&part10(declared, &form.image(1))).unwrap();
        assert_eq!(found.transfer_syntax_uid, real);
        assert_eq!(found.remarks.len(), 1);
        assert_eq!(found.part10, declared == real);
    }
}

#[test]
fn odd_lengths_group_lengths_and_trailing_zeros_are_tolerated() {
    let le = Form::Explicit;
    let odd = [le.header(0x0010_0020, "LO", 3), b"ABC".to_vec()].concat();
    let bytes = [le.element(0x0008_0000, "UL", [0; 4]), odd, le.us(0x0028_0010, 4), vec![0; 512]].concat();
    let found = scan(EXPLICIT_LE, &bytes).unwrap();
    assert_eq!(found.elements.len(), 3);
    assert_eq!(found.data_set(&bytes).find(Tag(0x0010, 0x0020)).unwrap().bytes(), b"ABC");
}

#[test]
fn an_unknown_value_representation_is_remarked_and_passed_over() {
    let le = Form::Explicit;
    let short = [le.tag(0x0009_1001), b"??\x02\x00AB".to_vec()].concat();
    let long = [le.tag(0x0009_1002), b"ZZ\x00\x00\x02\x00\x00\x00CD".to_vec()].concat();
    let none = [le.tag(0x0010_0020), b"\x04\x00\x00\x00ID-1".to_vec()].concat();
    let bytes = [le.element(0x0008_0060, "CS", "CT"), short, long, none, le.us(0x0028_0010, 4)].concat();
    let found = scan(EXPLICIT_LE, &bytes).unwrap();
    let values: Vec<_> = found.data_set(&bytes).iter().map(|node| node.bytes()).collect();
    assert_eq!(values, [b"CT".as_slice(), b"AB", b"CD", b"ID-1", b"\x04\x00"]);
    assert_eq!(found.remarks.len(), 3);
}

#[test]
fn delimiters_where_they_do_not_belong_are_refused() {
    let le = Form::Explicit;
    assert_eq!(refused(scan(EXPLICIT_LE, &le.header(ITEM_END, "", 0))), "(FFFE,E00D) stands outside a sequence");
    let open = [le.header(0x0040_0275, "SQ", u32::MAX), le.header(ITEM_END, "", 0)].concat();
    assert_eq!(refused(scan(EXPLICIT_LE, &open)), "RequestAttributesSequence holds something else than items");
    let closed = le.element(0x0040_0275, "SQ", le.header(SEQUENCE_END, "", 0));
    assert_eq!(refused(scan(EXPLICIT_LE, &closed)), "RequestAttributesSequence holds something else than items");
    let endless = le.header(0x0040_0275, "SQ", u32::MAX);
    assert_eq!(refused(scan(EXPLICIT_LE, &endless)), "RequestAttributesSequence has no delimiter");
}

#[test]
fn an_undefined_length_is_for_sequences_items_and_pixel_data_only() {
    for (vr, tag) in [("OB", 0x0042_0011), ("UT", 0x0040_A160)] {
        let bytes = [Form::Explicit.header(tag, vr, u32::MAX), vec![b' '; 64]].concat();
        assert!(refused(scan(EXPLICIT_LE, &bytes)).ends_with("may not have an undefined length"));
    }
}

#[test]
fn what_is_not_dicom_is_refused() {
    for bytes in [b"".as_slice(), b"DICM", b"{}", b"<html><body>Not found</body></html>", &[0; 4096], &[0xFF; 4096]] {
        assert_eq!(refused(file(bytes)), "file is neither a Part 10 file nor a data set");
    }
}
