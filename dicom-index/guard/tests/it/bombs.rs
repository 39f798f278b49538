//! Objects made to bring a parser down.

use index_guard::{Limits, scan_data_set, scan_file};

use crate::build::{DEFLATED, EXPLICIT_BE, EXPLICIT_LE, Form, IMPLICIT_LE, ITEM, JPEG, UNDEFINED, deflate, part10};
use crate::{file, refused, scan};

const TOO_DEEP: &str = "RequestAttributesSequence is nested too deeply";

#[test]
fn twenty_thousand_nested_sequences_are_refused_at_the_limit() {
    for (uid, form) in [(IMPLICIT_LE, Form::Implicit), (EXPLICIT_LE, Form::Explicit), (EXPLICIT_BE, Form::BigEndian)] {
        let level = [form.header(0x0040_0275, "SQ", UNDEFINED), form.header(ITEM, "", UNDEFINED)].concat();
        assert_eq!(refused(scan(uid, &level.repeat(20_000))), TOO_DEEP);
    }
    let unknown =
        [Form::Explicit.header(0x0040_0275, "UN", UNDEFINED), Form::Implicit.header(ITEM, "", UNDEFINED)].concat();
    let within =
        [Form::Implicit.header(0x0040_0275, "", UNDEFINED), Form::Implicit.header(ITEM, "", UNDEFINED)].concat();
    assert_eq!(refused(scan(EXPLICIT_LE, &[unknown, within.repeat(20_000)].concat())), TOO_DEEP);
}

#[test]
fn nesting_by_written_lengths_is_refused_at_the_limit_too() {
    for (uid, form) in [(IMPLICIT_LE, Form::Implicit), (EXPLICIT_LE, Form::Explicit)] {
        let nest = |levels: usize| (0..levels).fold(Vec::new(), |inner, _| form.sequence(0x0040_0275, &[inner]));
        assert!(scan(uid, &nest(64)).is_ok());
        assert_eq!(refused(scan(uid, &nest(65))), TOO_DEEP);
    }
}

#[test]
fn a_length_beyond_the_bytes_is_refused_wherever_it_stands() {
    for length in [0xF000_0000, 0xFFFF_FFFE, 0x7FFF_FFFF, 1000] {
        let le = Form::Explicit;
        let item = |rest: Vec<u8>| [le.header(ITEM, "", length), rest].concat();
        for (bytes, attribute) in [
            (le.header(0x0042_0011, "OB", length), "EncapsulatedDocument"),
            (le.header(0x0040_0275, "SQ", length), "RequestAttributesSequence"),
            (le.header(0x7FE0_0010, "OW", length), "PixelData"),
            ([le.header(0x7FE0_0010, "OB", UNDEFINED), item(vec![0; 64])].concat(), "PixelData"),
            ([le.header(0x0040_0275, "SQ", UNDEFINED), item(vec![0; 64])].concat(), "RequestAttributesSequence"),
            // Within an item the item is the bound, however many bytes follow it.
            ([le.sequence(0x0040_0275, &[le.header(0x0040_A160, "UT", length)]), vec![0; 2000]].concat(), "TextValue"),
        ] {
            let violation = scan(EXPLICIT_LE, &bytes).unwrap_err();
            assert_eq!(violation.attribute, attribute);
            assert!(["is longer than the bytes that follow", "is cut short"].contains(&violation.rule));
        }
        let implicit =
            [Form::Implicit.element(0x0008_0060, "CS", "CT"), Form::Implicit.header(0x0010_0010, "", length)];
        assert_eq!(scan(IMPLICIT_LE, &implicit.concat()).unwrap_err().attribute, "PatientName");
        let meta = [part10(EXPLICIT_LE, &[]), le.header(0x0002_0102, "OB", length)].concat();
        assert_eq!(file(&meta).unwrap_err().attribute, "PrivateInformation");
    }
}

/// A segmentation of 512 x 512 x 300 words, nearly all of them empty.
#[test]
fn a_mask_that_deflates_a_thousandfold_is_no_bomb() {
    let mask = part10(DEFLATED, &deflate(&Form::Explicit.element(0x7FE0_0010, "OW", vec![0; 512 * 512 * 300 * 2])));
    assert!(mask.len() < 200_000, "{} bytes", mask.len());
    assert!(file(&mask).is_ok());
}

#[test]
fn a_deflate_bomb_is_stopped_before_it_grows() {
    let limits = Limits { inflate_allowance: 1 << 20, ..Limits::default() };
    let blank = Form::Explicit.element(0x7FE0_0010, "OW", vec![0; 8 << 20]);
    let bomb = part10(DEFLATED, &deflate(&blank));
    assert!(bomb.len() < 16 << 10);
    assert_eq!(refused(scan_file(&bomb, &limits)), "file inflates to more than is allowed");
    assert!(file(&bomb).is_ok(), "a blank image of 8 MiB is no bomb");
    let least = Limits { inflated_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(refused(scan_file(&bomb, &least)), "file inflates to more than is allowed");
}

#[test]
fn elements_and_fragments_are_counted() {
    let le = Form::Explicit;
    let limits = Limits { elements: 1000, fragments: 1000, ..Limits::default() };
    let many = le.sequence(0x0040_0275, &vec![Vec::new(); 1000]);
    assert_eq!(refused(scan_data_set(&many, EXPLICIT_LE, &limits)), "file has more elements than are allowed");
    let fragments = le.encapsulated(&[], &vec![b"".as_slice(); 1000]);
    assert_eq!(refused(scan_data_set(&fragments, JPEG, &limits)), "PixelData has more fragments than are allowed");
    let icons = le.sequence(0x0088_0200, &vec![le.encapsulated(&[], &[b"".as_slice(); 10]); 100]);
    assert_eq!(refused(scan_data_set(&icons, JPEG, &limits)), "PixelData has more fragments than are allowed");
}

/// Would take minutes if any byte were looked at again for each element before it.
#[test]
fn long_runs_of_nothing_are_walked_once() {
    let zeros = [Form::Implicit.element(0x0008_0060, "CS", "CT"), vec![0; 32 << 20], vec![1]].concat();
    assert_eq!(refused(scan(IMPLICIT_LE, &zeros)), "(0000,0000) belongs to a command, not to a data set");
    let items = Form::Explicit.delimited(0x0040_0275, "SQ", &vec![Vec::new(); 500_000]);
    assert_eq!(scan(EXPLICIT_LE, &items).unwrap().elements.len(), 500_001);
}
