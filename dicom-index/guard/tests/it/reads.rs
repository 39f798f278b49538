//! What a scan finds in right objects.

use dicom_core::{Tag, VR};
use index_guard::{Kind, PixelData, Span, is_deflated, scan_command_set};

use crate::build::{DEFLATED, EXPLICIT_BE, EXPLICIT_LE, Form, IMPLICIT_LE, JPEG, deflate, part10};
use crate::{file, scan};

#[test]
fn every_transfer_syntax_is_read_to_its_end() {
    for (uid, form) in [(IMPLICIT_LE, Form::Implicit), (EXPLICIT_LE, Form::Explicit), (EXPLICIT_BE, Form::BigEndian)] {
        let data_set = form.image(2);
        let bytes = part10(uid, &data_set);
        let found = file(&bytes).unwrap();
        assert!(found.part10 && found.remarks.is_empty());
        assert_eq!(found.transfer_syntax_uid, uid);
        assert_eq!(found.data_set_offset, bytes.len() - data_set.len());
        assert_eq!(found.top_level().count(), 19);
        assert_eq!(found.pixel_data, Some(PixelData::Native { offset: bytes.len() - 32, length: 32 }));
        let name = found.data_set(&bytes).find(Tag(0x0010, 0x0010)).unwrap();
        assert_eq!(name.exact_vr(), Some(VR::PN));
        assert_eq!(name.bytes(), b"Essai^Ren\xE9");
        let rows = found.data_set(&bytes).find(Tag(0x0028, 0x0010)).unwrap();
        assert_eq!(rows.bytes(), form.u16(4));
        assert_eq!(rows.element.big_endian, form == Form::BigEndian);
    }
}

#[test]
fn a_deflated_data_set_is_read_inflated() {
    let data_set = Form::Explicit.image(2);
    let bytes = part10(DEFLATED, &deflate(&data_set));
    let found = file(&bytes).unwrap();
    assert!(is_deflated(&bytes) && !is_deflated(&part10(EXPLICIT_LE, &data_set)) && !is_deflated(&data_set));
    assert_eq!(found.source(&bytes), data_set);
    assert_eq!(found.pixel_data, Some(PixelData::Native { offset: data_set.len() - 32, length: 32 }));
}

#[test]
fn items_are_found_in_sequences_of_either_form() {
    let inner = |form: Form, value: &str| form.element(0x0008_0100, "SH", value);
    for form in [Form::Explicit, Form::Implicit, Form::BigEndian] {
        let uid = [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE][form as usize % 3];
        let uid = if form == Form::Implicit {
            IMPLICIT_LE
        } else if form == Form::BigEndian {
            EXPLICIT_BE
        } else {
            uid
        };
        let items = [inner(form, "A"), Vec::new(), form.sequence(0x0040_0008, &[inner(form, "B")])];
        for sequence in [form.sequence(0x0040_0275, &items), form.delimited(0x0040_0275, "SQ", &items)] {
            let bytes = [sequence, form.element(0x0040_0280, "ST", "after")].concat();
            let found = scan(uid, &bytes).unwrap();
            let root = found.data_set(&bytes);
            assert_eq!(root.iter().count(), 2);
            let items: Vec<_> = root.find(Tag(0x0040, 0x0275)).unwrap().items().collect();
            assert_eq!(items.iter().map(|item| item.iter().count()).collect::<Vec<_>>(), [1, 0, 1]);
            let nested = items[2].find(Tag(0x0040, 0x0008)).unwrap().items().next().unwrap();
            assert_eq!(nested.find(Tag(0x0008, 0x0100)).unwrap().bytes(), b"B ");
            assert_eq!(root.find(Tag(0x0040, 0x0280)).unwrap().bytes(), b"after ");
        }
    }
}

#[test]
fn what_is_in_unknown_representation_is_read_as_implicit_little_endian() {
    let item = Form::Implicit.element(0x0008_0100, "SH", "A");
    for (uid, form) in [(EXPLICIT_LE, Form::Explicit), (EXPLICIT_BE, Form::BigEndian)] {
        // The value of UN is little endian even where its header is not.
        let content = &Form::Implicit.delimited(0x0040_0275, "", std::slice::from_ref(&item))[8..];
        let undefined = [form.header(0x0040_0275, "UN", u32::MAX), content.to_vec()].concat();
        let defined = form.element(0x0040_0275, "UN", &content[..content.len() - 8]);
        for bytes in [undefined, defined] {
            let found = scan(uid, &bytes).unwrap();
            assert_eq!(found.elements[0].kind, Kind::Sequence);
            let item = found.data_set(&bytes).iter().next().unwrap().items().next().unwrap();
            assert_eq!(item.find(Tag(0x0008, 0x0100)).unwrap().bytes(), b"A ");
        }
    }
}

#[test]
fn fragments_and_their_tables_are_located() {
    let le = Form::Explicit;
    let tables = [le.element(0x7FE0_0001, "OV", [0; 16]), le.element(0x7FE0_0002, "OV", [4; 16])].concat();
    let pixels = le.encapsulated(&[0, 12], &[b"AAAA", b"BBBB"]);
    let bytes = part10(JPEG, &[le.image_header(2), tables, pixels].concat());
    let found = file(&bytes).unwrap();
    let Some(PixelData::Encapsulated(data)) = &found.pixel_data else { panic!("encapsulated") };
    let at = |span: Span| &bytes[span.offset as usize..(span.offset + span.length) as usize];
    assert_eq!(data.fragments.iter().map(|span| at(*span)).collect::<Vec<_>>(), [b"AAAA", b"BBBB"]);
    assert_eq!(at(data.basic_offset_table), [0, 0, 0, 0, 12, 0, 0, 0]);
    assert_eq!(at(data.extended_offset_table.unwrap()), [0; 16]);
    assert_eq!(at(data.extended_offset_table_lengths.unwrap()), [4; 16]);
    let node = found.data_set(&bytes).find(Tag(0x7FE0, 0x0010)).unwrap();
    assert_eq!(node.fragments().skip(1).collect::<Vec<_>>(), [b"AAAA", b"BBBB"]);
}

#[test]
fn the_pixels_of_an_icon_are_not_those_of_the_object() {
    let le = Form::Explicit;
    let icon = le.sequence(0x0088_0200, &[le.encapsulated(&[], &[b"ICON"])]);
    let found = scan(JPEG, &icon).unwrap();
    assert_eq!(found.pixel_data, None);
}

#[test]
fn a_command_set_has_group_0000_only() {
    let echo = [
        Form::Implicit.element(0x0000_0002, "UI", "1.2.840.10008.1.1"),
        Form::Implicit.element(0x0000_0100, "US", [0x30, 0]),
    ]
    .concat();
    assert_eq!(scan_command_set(&echo), Ok(()));
    for cut in (1..echo.len()).filter(|cut| *cut != 26) {
        assert!(scan_command_set(&echo[..cut]).is_err(), "{cut}");
    }
    let stray = Form::Implicit.element(0x0008_0018, "UI", "1.2");
    assert_eq!(scan_command_set(&stray).unwrap_err().attribute, "SOPInstanceUID");
    assert!(scan_command_set(&Form::Implicit.header(0x0000_0002, "UI", 0xF000_0000)).is_err());
    assert!(scan_command_set(&vec![0; 100_000]).is_err());
}

#[test]
fn what_was_scanned_is_never_printed() {
    for bytes in [part10(EXPLICIT_LE, &Form::Explicit.image(1)), part10(DEFLATED, &deflate(&Form::Explicit.image(1)))] {
        let found = file(&bytes).unwrap();
        let printed = format!("{found:?} {:?}", found.data_set(&bytes));
        assert!(printed.contains("0010,0010") && !printed.contains("Essai") && !printed.contains("69, 115, 115"));
    }
}
