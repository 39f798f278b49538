//! Bulk values by their path.

use std::borrow::Cow;

use index_extract::{BulkPath, PathStep, bulk_value};

use crate::build::{DEFLATED, EXPLICIT_BE, EXPLICIT_LE, Form, JPEG, deflate, part10};

const LE: Form = Form::Explicit;

fn value<'a>(bytes: &'a [u8], path: &str) -> Option<Cow<'a, [u8]>> {
    bulk_value(bytes, BulkPath::parse(path)?.steps())
}

#[test]
fn a_path_alternates_attributes_and_items() {
    let path = BulkPath::parse("54000100/1/54001010").unwrap();
    assert_eq!(path.steps(), [PathStep::Attribute(0x5400_0100), PathStep::Item(1), PathStep::Attribute(0x5400_1010)]);
    for wrong in [
        "",
        "/",
        "7FE0",
        "7FE00010/1",
        "7FE00010/x/7FE00010",
        "7FE00010/-1/00080005",
        "7FE0001G",
        "7FE00010//",
        "+7FE0010",
    ] {
        assert_eq!(BulkPath::parse(wrong).is_some(), wrong == "7FE00010//", "{wrong}");
    }
    assert!(BulkPath::parse(&"00400275/1/".repeat(1000)).is_none());
}

#[test]
fn values_are_found_at_any_depth() {
    let wave = LE.sequence(0x5400_0100, &[Vec::new(), LE.element(0x5400_1010, "OW", b"SAMPLES!")]);
    let bytes = part10(EXPLICIT_LE, &[LE.image(1)[..].to_vec(), wave].concat());
    assert!(matches!(value(&bytes, "7FE00010"), Some(Cow::Borrowed(found)) if found == [1; 16]));
    assert_eq!(value(&bytes, "54000100/2/54001010").as_deref(), Some(b"SAMPLES!".as_slice()));
    for nowhere in [
        "54000100/1/54001010",
        "54000100/0/54001010",
        "54000100/3/54001010",
        "54000100",
        "00420011",
        "7FE00010/1/7FE00010",
    ] {
        assert_eq!(value(&bytes, nowhere), None, "{nowhere}");
    }
    assert_eq!(value(b"no object", "7FE00010"), None);
}

#[test]
fn values_of_big_endian_and_deflated_objects_are_little_endian_and_inflated() {
    let big = part10(
        EXPLICIT_BE,
        &[Form::BigEndian.image_header(1), Form::BigEndian.element(0x7FE0_0010, "OW", [1, 2, 3, 4])].concat(),
    );
    assert_eq!(value(&big, "7FE00010").as_deref(), Some([2, 1, 4, 3].as_slice()));
    let deflated = part10(DEFLATED, &deflate(&LE.image(1)));
    assert_eq!(value(&deflated, "7FE00010").as_deref(), Some([1; 16].as_slice()));
}

#[test]
fn encapsulated_pixel_data_are_their_fragments_joined() {
    let with = |fragments: &[&[u8]]| part10(JPEG, &[LE.image_header(1), LE.encapsulated(&[0], fragments)].concat());
    assert_eq!(value(&with(&[b"AA", b"BB", b"CC"]), "7FE00010").as_deref(), Some(b"AABBCC".as_slice()));
    assert!(matches!(value(&with(&[b"AA"]), "7FE00010"), Some(Cow::Borrowed(b"AA"))));
}
