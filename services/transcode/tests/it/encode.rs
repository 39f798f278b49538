//! Lossless encoding: what is encoded is decoded to the very bits, and what can't be is refused. (Read by others: `referee`.)

use charls::InterleaveMode;
use transcode::{PhotometricInterpretation, TranscodeError, can_encode};

use crate::encoders;
use crate::support::*;

pub(crate) const TARGETS: [&str; 5] = [RLE, JPEG_LS, JPEG_2000, HTJ2K_LOSSLESS, HTJ2K_RPCL];

/// Every depth, sign and colour, and sizes that don't divide.
pub(crate) fn shapes() -> Vec<Shape> {
    let mut shapes: Vec<Shape> = [grey(8, 8), grey(8, 5), grey(8, 1), grey(16, 8), grey(16, 12), grey(16, 16)]
        .into_iter()
        .flat_map(|shape| [shape, shape.signed()])
        .filter(|shape| !(shape.signed && shape.stored == 1))
        .collect();
    shapes.extend([grey(8, 8).colour(), grey(16, 12).colour(), grey(16, 16).colour()]);
    shapes.extend([(1, 1), (1, 7), (33, 300), (257, 3)].map(|(rows, columns)| Shape { rows, columns, ..grey(16, 12) }));
    shapes.push(Shape { rows: 31, columns: 130, ..grey(8, 8).colour() });
    shapes.push(Shape { rows: 521, columns: 640, ..grey(16, 12) });
    shapes
}

#[tokio::test]
async fn every_lossless_form_gives_back_the_very_bits() {
    let transcoder = transcoder();
    for shape in shapes() {
        let samples = shape.bytes(&shape.values());
        for target in TARGETS {
            let native = shape.describe(EXPLICIT_LE);
            let encoded = transcoder.encode(&native, samples.clone().into(), target).await;
            let encoded = encoded.unwrap_or_else(|error| panic!("{shape:?} to {target}: {error}"));
            let decoded = transcoder.decode(&shape.describe(target), encoded).await.unwrap();
            assert!(decoded.samples == samples, "{shape:?} to {target}");
        }
    }
    let wide = grey(32, 32);
    let samples: Vec<u8> = (0..wide.count() * 4).map(|at| (at * 7 / 3) as u8).collect();
    let encoded = transcoder.encode(&wide.describe(EXPLICIT_LE), samples.clone().into(), RLE).await.unwrap();
    assert!(transcoder.decode(&wide.describe(RLE), encoded).await.unwrap().samples == samples);
}

#[tokio::test]
async fn one_compressed_form_becomes_another_and_a_transform_is_kept_where_the_data_set_names_it() {
    let transcoder = transcoder();
    let shape = grey(16, 12).signed();
    let samples = shape.bytes(&shape.values());
    let stored = encoders::jpeg_ls(&shape, InterleaveMode::None);
    for target in [RLE, JPEG_2000] {
        let encoded = transcoder.encode(&shape.describe(JPEG_LS), stored.clone().into(), target).await.unwrap();
        assert!(transcoder.decode(&shape.describe(target), encoded).await.unwrap().samples == samples);
    }
    let colour = grey(8, 8).colour();
    for (term, transformed) in [("RGB", 0), ("YBR_RCT", 1)] {
        let mut metadata = colour.metadata();
        metadata["00280004"]["Value"][0] = term.into();
        // A decoder of either reads both.
        for (stored, target) in [(HTJ2K_LOSSLESS, JPEG_2000), (JPEG_2000, HTJ2K_LOSSLESS), (JPEG_2000, HTJ2K_RPCL)] {
            let image = transcode::ImageDescription::from_json(&metadata, stored, 1).unwrap();
            let encoded = transcoder.encode(&image, encoders::jpeg_2000(&colour, false).into(), target).await.unwrap();
            let cod = encoded.windows(2).position(|marker| marker == [0xFF, 0x52]).unwrap();
            assert_eq!(encoded[cod + 8], transformed, "the transform of {term}");
            let decoded = transcoder.decode(&colour.describe(target), encoded).await.unwrap();
            assert_eq!(decoded.photometric_interpretation, PhotometricInterpretation::Rgb);
            assert!(decoded.samples == colour.bytes(&colour.values()));
        }
    }
}

#[tokio::test]
async fn what_would_not_be_exact_or_not_be_described_is_refused() {
    let transcoder = transcoder();
    let shape = grey(16, 12);
    let samples = shape.bytes(&shape.values());
    let refused = async |image: &transcode::ImageDescription, target| {
        transcoder.encode(image, samples.clone().into(), target).await.unwrap_err()
    };
    let mut shifted = shape.describe(EXPLICIT_LE);
    shifted.high_bit = 15;
    for target in TARGETS.into_iter().filter(|target| *target != RLE) {
        let error = refused(&shifted, target).await;
        assert!(matches!(&error, TranscodeError::Mismatch { attribute, .. } if attribute == "HighBit"), "{error:?}");
    }
    let wide = Shape { rows: 24, ..grey(32, 32) };
    for target in TARGETS.into_iter().filter(|target| *target != RLE) {
        let error = refused(&wide.describe(EXPLICIT_LE), target).await;
        assert!(
            matches!(&error, TranscodeError::Mismatch { attribute, .. } if attribute == "BitsAllocated"),
            "{error:?}"
        );
    }
    for target in [JPEG_BASELINE, JPEG_LOSSLESS, EXPLICIT_LE, "1.2.3"] {
        assert!(!can_encode(target));
        let error = refused(&shape.describe(EXPLICIT_LE), target).await;
        assert!(matches!(error, TranscodeError::Unsupported { .. }), "{error:?}");
    }
}

/// What a writer may leave in the four bits of a container that twelve stored ones don't use, and whether it says something.
type Unused = (&'static str, bool, fn(usize, u16) -> u16);

/// See [`Unused`].
fn unused_bits() -> [Unused; 5] {
    [
        ("overlays beside unsigned samples", true, |at, word| word | (u16::from(at % 3 == 0) << 13)),
        ("overlays beside signed samples", true, |at, word| (word & 0x0FFF) | (((at % 16) as u16) << 12)),
        ("zeros above some signed samples, the sign above others", true, |at, word| match at % 2 {
            0 => word,
            _ => word & 0x0FFF,
        }),
        ("zeros above signed samples", false, |_, word| word & 0x0FFF),
        ("the sign above signed samples", false, |_, word| word),
    ]
}

#[tokio::test]
async fn bits_beside_the_samples_are_kept_or_the_frame_is_refused() {
    let transcoder = transcoder();
    for (what, says_something, unused) in unused_bits() {
        let shape = if what.contains("unsigned") { grey(16, 12) } else { grey(16, 12).signed() };
        let samples = shape.bytes(&shape.values());
        let words = samples.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let held: Vec<u8> = words.enumerate().flat_map(|(at, word)| unused(at, word).to_le_bytes()).collect();
        let native = shape.describe(EXPLICIT_LE);
        // The containers are what RLE packs, and what comes out of it again; shown are the samples.
        let rle = transcoder.encode(&native, held.clone().into(), RLE).await.unwrap();
        let packed = shape.describe(RLE);
        assert!(transcoder.to_explicit_little_endian(&packed, rle.clone()).await.unwrap() == held, "{what}");
        assert!(transcoder.decode(&packed, rle.clone()).await.unwrap().samples == samples, "{what}");
        for target in TARGETS.into_iter().filter(|target| *target != RLE) {
            for (stored, frame) in [(&native, held.clone().into()), (&packed, rle.clone())] {
                match transcoder.encode(stored, frame, target).await {
                    Ok(encoded) if !says_something => {
                        let decoded = transcoder.decode(&shape.describe(target), encoded).await.unwrap();
                        assert!(decoded.samples == samples, "{what} to {target}");
                    }
                    Err(TranscodeError::Mismatch { attribute, .. }) if says_something => {
                        assert_eq!(attribute, "PixelData", "{what} to {target}");
                    }
                    other => panic!("{what} to {target}: {other:?}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn samples_that_lie_high_in_their_containers_stay_there_in_rle() {
    let transcoder = transcoder();
    for shape in [grey(16, 12), grey(16, 12).signed()] {
        let describe = |transfer_syntax_uid: &str| {
            let mut metadata = shape.metadata();
            metadata["00280102"]["Value"][0] = 15.into();
            transcode::ImageDescription::from_json(&metadata, transfer_syntax_uid, 1).unwrap()
        };
        let samples = shape.bytes(&shape.values());
        let words = samples.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let held: Vec<u8> =
            words.enumerate().flat_map(|(at, word)| ((word << 4) | (at as u16 % 16)).to_le_bytes()).collect();
        let rle = transcoder.encode(&describe(EXPLICIT_LE), held.clone().into(), RLE).await.unwrap();
        assert!(transcoder.to_explicit_little_endian(&describe(RLE), rle.clone()).await.unwrap() == held);
        assert!(transcoder.decode(&describe(RLE), rle).await.unwrap().samples == samples, "shown are the samples");
    }
}

#[tokio::test]
async fn a_stream_of_all_bits_becomes_one_of_the_stored_bits_when_the_others_are_filled() {
    let transcoder = transcoder();
    let shape = grey(16, 12).signed();
    let samples = shape.bytes(&shape.values());
    for mask in [0x0FFF_i32, 0xFFFF] {
        // Two's complement in streams of sixteen bits, as DCMTK writes them: zeros or the sign above twelve.
        let whole = Shape { stored: 16, signed: false, ..shape };
        let values: Vec<i32> = shape.values().iter().map(|value| value & mask).collect();
        let stored = encoders::jpeg_ls_of(&whole, InterleaveMode::None, &values);
        for target in TARGETS {
            let encoded = transcoder.encode(&shape.describe(JPEG_LS), stored.clone().into(), target).await.unwrap();
            let decoded = transcoder.decode(&shape.describe(target), encoded).await.unwrap();
            assert!(decoded.samples == samples, "{mask:x} to {target}");
        }
    }
}

#[tokio::test]
async fn noise_is_encoded_exactly() {
    let transcoder = transcoder();
    for shape in [grey(16, 16), grey(8, 8), grey(16, 12), grey(16, 16).colour()] {
        let shape = Shape { rows: 200, columns: 200, ..shape };
        let mut state = 3_u32;
        let noise: Vec<i32> = (0..shape.count())
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> (32 - shape.stored)) as i32
            })
            .collect();
        let noise = shape.bytes(&noise);
        for target in TARGETS {
            let encoded = transcoder.encode(&shape.describe(EXPLICIT_LE), noise.clone().into(), target).await;
            let encoded = encoded.unwrap_or_else(|error| panic!("{shape:?} to {target}: {error}"));
            let decoded = transcoder.decode(&shape.describe(target), encoded).await.unwrap();
            assert!(decoded.samples == noise, "{shape:?} to {target}");
        }
    }
}
