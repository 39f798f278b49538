//! Lossless encoding: what is encoded is decoded to the very bits, and what can't be is refused. (Read by others: `referee`.)

use charls::InterleaveMode;
use transcode::{PhotometricInterpretation, TranscodeError, can_encode};

use crate::encoders;
use crate::support::*;

pub(crate) const TARGETS: [&str; 3] = [RLE, JPEG_LS, JPEG_2000];

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
        let image = transcode::ImageDescription::from_json(&metadata, HTJ2K_LOSSLESS, 1).unwrap();
        // An HTJ2K decoder reads JPEG 2000 as well.
        let stored = encoders::jpeg_2000(&colour, false);
        let encoded = transcoder.encode(&image, stored.into(), JPEG_2000).await.unwrap();
        let cod = encoded.windows(2).position(|marker| marker == [0xFF, 0x52]).unwrap();
        assert_eq!(encoded[cod + 8], transformed, "the transform of {term}");
        let decoded = transcoder.decode(&colour.describe(JPEG_2000), encoded).await.unwrap();
        assert_eq!(decoded.photometric_interpretation, PhotometricInterpretation::Rgb);
        assert!(decoded.samples == colour.bytes(&colour.values()));
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
    let error = refused(&shifted, JPEG_LS).await;
    assert!(matches!(&error, TranscodeError::Mismatch { attribute, .. } if attribute == "HighBit"), "{error:?}");
    let wide = Shape { rows: 24, ..grey(32, 32) };
    for target in [JPEG_LS, JPEG_2000] {
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

#[tokio::test]
async fn noise_is_encoded_exactly_or_not_at_all() {
    let transcoder = transcoder();
    let shape = Shape { rows: 200, columns: 200, ..grey(16, 16) };
    let mut state = 3_u32;
    let noise: Vec<u8> = (0..shape.count() * 2)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    for target in TARGETS {
        match transcoder.encode(&shape.describe(EXPLICIT_LE), noise.clone().into(), target).await {
            Ok(encoded) => assert!(transcoder.decode(&shape.describe(target), encoded).await.unwrap().samples == noise),
            // CharLS makes no stream that is longer than the samples.
            Err(error) => {
                assert!(matches!(error, TranscodeError::Codec { .. }) && target == JPEG_LS, "{target}: {error:?}")
            }
        }
    }
}
