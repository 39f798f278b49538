//! JPEG XL: streams that libjxl made of a slope of our own, sound, cut short and mutated. (More of them: `referee`.)

use transcode::{DecodedFrame, PhotometricInterpretation, TranscodeError};

use crate::support::*;

const LOSSLESS: &str = "1.2.840.10008.1.2.4.110";
const LOSSY: &str = "1.2.840.10008.1.2.4.112";

const GREY_8: &str = "ff0a2820101437020804010054004b2824c6474141525c2015009c80094c6002139800";
const GREY_12: &str = "ff0a282018142d0208040100ac004b283416fea6a0202936215d00e1040000003c050000009e020000004f01000080a7000000c05300000000";
/// In boxes, as streams above 12 bits must be.
const SIGNED_16: &str = "0000000c4a584c200d0a870a00000014667479706a786c20000000006a786c20000000096a786c6c0a000000486a786c63ff0a2820fc00458b08040100c8004b386818c2db830a0a9262ab51852b520486fccf617000000060530000006053000000e0597d556d0a0000006c0a00000000";
const RGB: &str = "ff0a2820100908040100b0014b2834161e85ef5150505260a440191123628cc6ce18a3a3638c618c314685313ac6181b8327c56029212306ab30c63086b1d117881400a14f0440ff72f21201698d328a0e2a83de21a81c3dcadefdc1de3d60f79d17e08ab93fdbde6c3babfdde667cab1f374dd50aacdb16";
/// Lossy, transformed to XYB.
const RGB_XYB: &str = "ff0a28a001001308007401773fc8010050a132cab8c1cbb99e2f3f74584cdbb8ced056db16963036db0b83848443d8b870849b632476a7317aa30d9524121371c3ebb346b689b291dd3fea59dabc9840d510402bd7ee91e987173da02a04d0ca393e0c274f000010";

fn small(allocated: u16, stored: u16) -> Shape {
    Shape { rows: 6, columns: 7, ..grey(allocated, stored) }
}

fn stream(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

async fn decode(shape: Shape, syntax: &str, hex: &str) -> DecodedFrame {
    transcoder().decode(&shape.describe(syntax), stream(hex).into()).await.unwrap()
}

/// The slope: `value` of each row and column.
fn slope<T>(value: impl Fn(u16, u16) -> T) -> Vec<T> {
    (0..42).map(|index| value(index / 7, index % 7)).collect()
}

fn grey_slope(row: u16, column: u16) -> u8 {
    (row * 40 + column * 5) as u8
}

fn rgb_slope() -> Vec<u8> {
    slope(grey_slope).into_iter().flat_map(|grey| [grey, 255 - grey, grey / 2]).collect()
}

#[tokio::test]
async fn lossless_jpeg_xl_is_exact_at_every_depth() {
    assert_eq!(decode(small(8, 8), LOSSLESS, GREY_8).await.samples, slope(grey_slope));
    let words = slope(|row, column| (row * 7 + column) * 97);
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(decode(small(16, 12), LOSSLESS, GREY_12).await.samples, bytes);
    let signed: Vec<u8> = words.iter().flat_map(|&word| (word as i16 - 2000).to_le_bytes()).collect();
    assert_eq!(decode(small(16, 16).signed(), LOSSLESS, SIGNED_16).await.samples, signed);
    assert_eq!(decode(small(16, 12).signed(), LOSSLESS, SIGNED_16).await.samples.len(), signed.len());
    assert_eq!(decode(small(8, 8).colour(), LOSSLESS, RGB).await.samples, rgb_slope());
}

#[tokio::test]
async fn the_colour_transform_of_lossy_jpeg_xl_is_undone() {
    let mut metadata = small(8, 8).colour().metadata();
    metadata["00280004"]["Value"][0] = "XYB".into();
    let image = transcode::ImageDescription::from_json(&metadata, LOSSY, 1).unwrap();
    let decoded = transcoder().decode(&image, stream(RGB_XYB).into()).await.unwrap();
    assert_eq!(decoded.photometric_interpretation, PhotometricInterpretation::Rgb);
    assert_eq!(image.uncompressed_photometric_interpretation(), PhotometricInterpretation::Rgb);
    let off = decoded.samples.iter().zip(rgb_slope()).map(|(got, wanted)| got.abs_diff(wanted)).max();
    // Slopes as steep as this one come out 30 off by libjxl too.
    assert!(off.unwrap() <= 32, "off by {off:?}");
}

#[tokio::test]
async fn a_stream_that_is_cut_short_or_contradicts_the_data_set_is_refused() {
    let transcoder = transcoder();
    for (shape, hex) in [(small(8, 8), GREY_8), (small(16, 16).signed(), SIGNED_16), (small(8, 8).colour(), RGB)] {
        let whole = stream(hex);
        for length in [0, 1, 12, whole.len() / 2, whole.len() - 12] {
            let result = transcoder.decode(&shape.describe(LOSSLESS), whole[..length].to_vec().into()).await;
            assert!(matches!(result, Err(TranscodeError::Codec { .. })), "cut to {length}: {result:?}");
        }
    }
    for (shape, keyword) in [
        (Shape { rows: 7, ..small(16, 12) }, "Rows"),
        (Shape { columns: 6, ..small(16, 12) }, "Columns"),
        (small(16, 12).colour(), "SamplesPerPixel"),
        (small(8, 8), "BitsAllocated"),
    ] {
        let result = transcoder.decode(&shape.describe(LOSSLESS), stream(GREY_12).into()).await;
        assert!(
            matches!(&result, Err(TranscodeError::Mismatch { attribute, .. }) if attribute == keyword),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn mutated_jpeg_xl_costs_its_own_request_only() {
    let transcoder = transcoder();
    let mut state = 11_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let mut refused = 0;
    for (shape, syntax, hex) in [(small(16, 12), LOSSLESS, GREY_12), (small(8, 8).colour(), LOSSY, RGB_XYB)] {
        for _ in 0..200 {
            let mut mutated = stream(hex);
            for _ in 0..1 + random(4) {
                let at = random(mutated.len());
                mutated[at] = random(256) as u8;
            }
            match transcoder.decode(&shape.describe(syntax), mutated.into()).await {
                Ok(decoded) => assert_eq!(decoded.samples.len(), shape.count() * usize::from(shape.allocated / 8)),
                Err(error) => {
                    assert!(!matches!(error, TranscodeError::TimedOut), "a mutation made the decoder hang");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 0, "no mutation was noticed");
    assert_eq!(
        transcoder.decode(&small(8, 8).describe(LOSSLESS), stream(GREY_8).into()).await.unwrap().samples,
        slope(grey_slope)
    );
}
