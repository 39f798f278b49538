//! Damaged and hostile objects: a finding or a record, never a panic, and never a frame outside the object.

use index_extract::{Extracted, bulk_value};
use index_model::FrameIndex;

use crate::build::{EXPLICIT_LE, Form, IMPLICIT_LE, Numbers, mutate, part10, seeds};
use crate::{read, refused};

/// Frames lie in the stored bytes, and the header can be read.
#[track_caller]
fn assert_sound(found: &Extracted, bytes: &[u8]) {
    let stored = found.part10.as_deref().unwrap_or(bytes);
    for number in 1..=found.entry.frames.count().min(1000) {
        for span in found.entry.frames.spans(number).unwrap_or_default() {
            assert!(span.offset + span.length <= stored.len() as u64);
        }
    }
    let header: serde_json::Value = serde_json::from_str(found.entry.metadata.get()).expect("JSON");
    assert!(header["0020000D"]["Value"][0].is_string());
    assert_eq!(found.entry.size_bytes, stored.len() as u64);
}

#[test]
fn an_object_cut_anywhere_is_read_or_refused() {
    for seed in seeds() {
        assert_sound(&read(&seed).unwrap(), &seed);
        for cut in 0..seed.len() {
            if let Ok(found) = read(&seed[..cut]) {
                assert_sound(&found, &seed[..cut]);
            }
        }
    }
}

#[test]
fn mutated_objects_are_read_or_refused() {
    let mut numbers = Numbers(2024);
    let mut read_all_the_same = 0;
    for seed in seeds() {
        for _ in 0..500 {
            let bytes = mutate(&seed, &mut numbers);
            if let Ok(found) = read(&bytes) {
                assert_sound(&found, &bytes);
                read_all_the_same += 1;
            }
            let _ = bulk_value(&bytes, &[index_extract::PathStep::Attribute(0x7FE0_0010)]);
        }
    }
    assert!(read_all_the_same > 500, "mutations are too wild to tell anything: {read_all_the_same}");
}

#[test]
fn a_nesting_bomb_is_a_finding() {
    let level =
        [Form::Implicit.header(0x0040_0275, "SQ", u32::MAX), Form::Implicit.header(0xFFFE_E000, "", u32::MAX)].concat();
    let bomb = [Form::Implicit.image_header(1), level.repeat(20_000)].concat();
    assert_eq!(refused(&part10(IMPLICIT_LE, &bomb)), "RequestAttributesSequence is nested too deeply");
}

#[test]
fn a_header_is_never_nested_more_deeply_than_json_parsers_read() {
    let le = Form::Explicit;
    let nest = |levels: usize| (0..levels).fold(Vec::new(), |inner, _| le.sequence(0x0040_0275, &[inner]));
    let object = |levels| part10(EXPLICIT_LE, &[le.identity(), nest(levels)].concat());
    assert_sound(&read(&object(40)).unwrap(), &object(40));
    assert_eq!(refused(&object(41)), "RequestAttributesSequence is nested too deeply");
}

/// Would never end if a level that has to be sorted were written twice: two to the fortieth.
#[test]
fn unordered_levels_within_each_other_are_written_once() {
    let le = Form::Explicit;
    let late = le.element(0x0008_0070, "LO", "ACME");
    let nested = (0..40).fold(Vec::new(), |inner, _| [le.sequence(0x0040_0275, &[inner]), late.clone()].concat());
    let found = read(&part10(EXPLICIT_LE, &[le.image_header(1), nested].concat())).unwrap();
    assert_eq!(found.entry.metadata.get().matches("ACME").count(), 40);
}

#[test]
fn declared_frames_cost_nothing_until_they_are_there() {
    let le = Form::Explicit;
    let none = [le.image_header(u32::MAX), le.element(0x7FE0_0010, "OW", [])].concat();
    assert!(refused(&part10(EXPLICIT_LE, &none)).starts_with("PixelData holds fewer bytes"));
    let empty =
        [le.identity(), le.element(0x0028_0008, "IS", "4294967295"), le.element(0x7FE0_0010, "OW", [])].concat();
    assert_eq!(read(&part10(EXPLICIT_LE, &empty)).unwrap().entry.frames, FrameIndex::None);
}
