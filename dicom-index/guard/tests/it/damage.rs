//! Damaged objects: refused or read, never a panic, and never a map that points outside.

use index_guard::{Kind, Limits, Structure, scan_data_set, scan_file};

use crate::build::{EXPLICIT_LE, Form, IMPLICIT_LE, JPEG, Numbers, mutate, part10, seeds};

/// Every span lies in the bytes and within what contains it, and every `next` leads forward.
#[track_caller]
fn assert_sound(found: &Structure, bytes: &[u8]) {
    let source = found.source(bytes);
    let mut open: Vec<(u32, u64)> = vec![(found.elements.len() as u32, source.len() as u64)];
    for (index, element) in found.elements.iter().enumerate() {
        while open.last().is_some_and(|(next, _)| index as u32 >= *next) {
            open.pop();
        }
        let (next, end) = *open.last().unwrap();
        assert!(element.offset + element.length <= end);
        assert!(element.next > index as u32 && element.next <= next);
        if matches!(element.kind, Kind::Sequence | Kind::Item) {
            open.push((element.next, element.offset + element.length));
        } else {
            assert_eq!(element.next, index as u32 + 1);
        }
    }
}

#[test]
fn an_object_cut_anywhere_is_refused_or_read_and_its_pixels_are_never_half_there() {
    for seed in seeds() {
        let whole = scan_file(&seed, &Limits::default()).unwrap();
        assert_sound(&whole, &seed);
        for cut in 0..seed.len() {
            if let Ok(found) = scan_file(&seed[..cut], &Limits::default()) {
                assert_sound(&found, &seed[..cut]);
                assert!(found.elements.len() < whole.elements.len());
                assert!(found.pixel_data.is_none() || found.pixel_data == whole.pixel_data);
            }
        }
    }
}

#[test]
fn a_file_that_ends_in_its_pixels_is_told_from_other_damage() {
    let native = part10(EXPLICIT_LE, &Form::Explicit.image(2));
    let fragments = Form::Explicit.encapsulated(&[], &[b"AAAA"]);
    let encapsulated = part10(JPEG, &[Form::Explicit.image_header(1), fragments].concat());
    for bytes in [native, encapsulated] {
        let violation = scan_file(&bytes[..bytes.len() - 2], &Limits::default()).unwrap_err();
        assert_eq!((violation.attribute.as_str(), violation.rule), ("PixelData", "is cut short"));
    }
}

#[test]
fn mutated_objects_never_make_the_guard_panic_or_lie() {
    let mut numbers = Numbers(42);
    for seed in seeds() {
        for _ in 0..1500 {
            let bytes = mutate(&seed, &mut numbers);
            if let Ok(found) = scan_file(&bytes, &Limits::default()) {
                assert_sound(&found, &bytes);
            }
        }
    }
}

#[test]
fn noise_never_makes_the_guard_panic() {
    let mut numbers = Numbers(7);
    for _ in 0..3000 {
        let length = numbers.below(400);
        let bytes: Vec<u8> =
            (0..length).map(|_| [0, 8, 0x10, 0xFE, 0xFF, 0xE0, b'S', b'Q'][numbers.below(8)]).collect();
        for uid in [IMPLICIT_LE, EXPLICIT_LE, "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"] {
            if let Ok(found) = scan_data_set(&bytes, uid, &Limits::default()) {
                assert_sound(&found, &bytes);
            }
        }
    }
}
