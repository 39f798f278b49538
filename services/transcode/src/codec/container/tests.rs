use super::*;
use crate::PhotometricInterpretation;
use crate::syntax::Encoding;

/// 12 bits of 16, the highest of them at `high_bit`.
fn job(high_bit: u16, signed: bool, bits: Bits) -> Job {
    Job {
        encoding: Encoding::JpegLs,
        rows: 1,
        columns: 1,
        samples_per_pixel: 1,
        bits_allocated: 16,
        bits_stored: 12,
        high_bit,
        signed,
        photometric_interpretation: PhotometricInterpretation::Monochrome2,
        bits,
    }
}

fn fit(high_bit: u16, signed: bool, bits: Bits, precision: u16) -> Fit {
    Fit::of(&job(high_bit, signed, bits), precision, false)
}

#[test]
fn the_bits_of_a_value_are_read_with_the_sign_of_the_data_set() {
    let (signed, unsigned) = (Fit::new(true, 13, 13), Fit::new(false, 13, 13));
    assert_eq!(signed.apply(6192), -2000);
    assert_eq!(signed.apply(-2000), -2000);
    assert_eq!(unsigned.apply(-2000), 6192);
    assert_eq!(unsigned.apply(6192), 6192);
    assert_eq!(Fit::new(true, 32, 32).apply(i32::MIN), i32::MIN);
}

/// PS3.5 §8.1.1 for streams of whole containers, and for those of samples alone.
#[test]
fn a_sample_is_found_where_the_stream_has_it() {
    for (high_bit, precision, value, unsigned, signed) in [
        (11, 12, 0x0ABC, 0xABC, 0xABC - 0x1000),
        (15, 12, 0x0ABC, 0xABC, 0xABC - 0x1000),
        (11, 16, 0x5ABC, 0xABC, 0xABC - 0x1000),
        (15, 16, 0xABC5, 0xABC, 0xABC - 0x1000),
        (13, 16, 0x6AF1, 0xABC, 0xABC - 0x1000),
        (13, 14, 0x2AF1, 0xABC, 0xABC - 0x1000),
        (15, 16, 0x7235, 0x723, 0x723),
        (15, 14, 0x0723, 0x723, 0x723),
    ] {
        assert_eq!(fit(high_bit, false, Bits::Stored, precision).apply(value), unsigned, "{high_bit} of {precision}");
        assert_eq!(fit(high_bit, true, Bits::Stored, precision).apply(value), signed, "{high_bit} of {precision}");
    }
}

#[test]
fn a_container_is_whole_or_made_around_the_sample() {
    let container = |high_bit, precision, value| fit(high_bit, false, Bits::Allocated, precision).apply(value) as u16;
    assert_eq!(container(15, 16, 0xABC5), 0xABC5);
    assert_eq!(container(15, 12, 0x0ABC), 0xABC0);
    assert_eq!(container(13, 12, 0x0ABC), 0x2AF0);
    assert_eq!(container(11, 16, 0x5ABC), 0x5ABC);
}

#[test]
fn what_a_signed_stream_has_spread_is_kept_and_nothing_is_copied_for_nothing() {
    assert_eq!(Fit::of(&job(11, true, Bits::Stored), 16, true).apply(-3024), -3024);
    assert_eq!(Fit::of(&job(15, true, Bits::Stored), 16, true).apply(-3024), -3024 >> 4);
    assert!(is_stored(&job(11, false, Bits::Stored), 12, 2) && is_stored(&job(15, false, Bits::Stored), 12, 2));
    assert!(!is_stored(&job(11, false, Bits::Stored), 16, 2), "it may have neighbours");
    assert!(is_stored(&job(11, false, Bits::Allocated), 16, 2));
    assert!(!is_stored(&job(15, false, Bits::Allocated), 12, 2) && !is_stored(&job(11, true, Bits::Stored), 12, 2));
}
