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
        has_overlays: false,
        bits,
    }
}

fn fit(high_bit: u16, signed: bool, bits: Bits, precision: u16) -> Fit {
    Fit::of(&job(high_bit, signed, bits), Stream::exact(precision))
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
    let signed = Stream { is_signed: true, ..Stream::exact(16) };
    assert_eq!(Fit::of(&job(11, true, Bits::Stored), signed).apply(-3024), -3024);
    assert_eq!(Fit::of(&job(15, true, Bits::Stored), signed).apply(-3024), -3024 >> 4);
    let is_stored = |job: &Job, precision, bytes| is_stored(job, Stream::exact(precision), bytes);
    assert!(is_stored(&job(11, false, Bits::Stored), 12, 2) && is_stored(&job(15, false, Bits::Stored), 12, 2));
    assert!(!is_stored(&job(11, false, Bits::Stored), 16, 2), "it may have neighbours");
    assert!(is_stored(&job(11, false, Bits::Allocated), 16, 2));
    assert!(!is_stored(&job(15, false, Bits::Allocated), 12, 2) && !is_stored(&job(11, true, Bits::Stored), 12, 2));
}

/// PS3.5 §8.1.1: above High Bit are zeros or the sign, where no overlay is.
#[test]
fn a_value_that_needs_more_bits_than_are_stored_is_refused_and_not_cut() {
    let allowed = |job: &Job, stream: Stream, value: i32| Beyond::of(job, stream).check([0, value].into_iter()).is_ok();
    let (unsigned, signed) = (job(11, false, Bits::Stored), job(11, true, Bits::Stored));
    let plain = Stream::exact(16);
    for (value, unsigned_is, signed_is) in [
        (0x0FFF, true, true), // in 12 bits of two's complement -1, with zeros above
        (0x1000, false, false),
        (0xF830, false, true),  // -2000
        (0xF730, false, false), // the sign above says otherwise than the sample's
        (0x7FFF, false, false),
    ] {
        assert_eq!(allowed(&unsigned, plain, value), unsigned_is, "{value:#x}");
        assert_eq!(allowed(&signed, plain, value), signed_is, "{value:#x} signed");
    }
    let counted = Stream { is_signed: true, ..plain };
    assert_eq!(
        [-2048, 2047, -2049, 2048, 4095].map(|value| allowed(&signed, counted, value)),
        [true, true, false, false, false]
    );
    let overlaid = Job { has_overlays: true, ..unsigned };
    let colour = Job { samples_per_pixel: 3, ..unsigned };
    let whole = Job { bits: Bits::Allocated, ..unsigned };
    for job in [overlaid, colour, whole, job(15, false, Bits::Stored)] {
        assert!(allowed(&job, plain, 0xF000));
    }
}

#[test]
fn what_lossy_coding_adds_beyond_the_largest_sample_is_taken_off() {
    let (job, stream) =
        (Job { bits_stored: 10, high_bit: 9, ..job(9, false, Bits::Stored) }, Stream::exact(12).losing(true));
    let made = |value: i32| store(&job, stream, &[value], "JPEG").map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    assert_eq!(
        [1020, 1023, 1024, 1100].map(|value| made(value).ok()),
        [Some(1020), Some(1023), Some(1023), Some(1023)]
    );
    assert!(made(2047).is_err());
    assert!(store(&job, Stream::exact(12), &[1024], "JPEG").is_err());
}
