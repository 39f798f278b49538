//! Every codec through a real worker, to the very bits that went in.

use bytes::Bytes;
use charls::InterleaveMode;
use transcode::PhotometricInterpretation;

use crate::encoders;
use crate::support::*;

/// Decodes a stream and compares it with the values of `shape`, give or take `tolerance`.
async fn assert_decodes(shape: Shape, transfer_syntax_uid: &str, stream: Vec<u8>, tolerance: i32) {
    let image = shape.describe(transfer_syntax_uid);
    let decoded = transcoder().decode(&image, stream.into()).await.unwrap();
    assert_eq!(decoded.samples.len(), shape.count() * usize::from(shape.allocated / 8));
    let expected = shape.bytes(&shape.values());
    let number = |bytes: &[u8]| match (bytes, shape.signed) {
        (&[byte], false) => i32::from(byte),
        (&[byte], true) => i32::from(byte as i8),
        (&[low, high], false) => i32::from(u16::from_le_bytes([low, high])),
        (&[low, high], true) => i32::from(i16::from_le_bytes([low, high])),
        _ => i32::from_le_bytes(bytes.try_into().unwrap()),
    };
    let size = usize::from(shape.allocated / 8);
    for (index, (got, wanted)) in decoded.samples.chunks(size).zip(expected.chunks(size)).enumerate() {
        let off = (number(got) - number(wanted)).abs();
        assert!(off <= tolerance, "{shape:?}: sample {index} is off by {off}");
    }
}

#[tokio::test]
async fn jpeg_ls_is_exact_and_its_sign_is_extended() {
    for shape in [grey(8, 8), grey(8, 5), grey(16, 12), grey(16, 16), grey(16, 12).signed(), grey(16, 16).signed()] {
        assert_decodes(shape, JPEG_LS, encoders::jpeg_ls(&shape, InterleaveMode::None), 0).await;
    }
}

#[tokio::test]
async fn jpeg_ls_colour_comes_out_by_pixel_however_it_was_interleaved() {
    let shape = grey(8, 8).colour();
    for interleave in [InterleaveMode::None, InterleaveMode::Line, InterleaveMode::Sample] {
        assert_decodes(shape, JPEG_LS, encoders::jpeg_ls(&shape, interleave), 0).await;
    }
}

#[tokio::test]
async fn lossless_jpeg_is_exact_at_every_precision() {
    for stored in 2..=16 {
        let shape = grey(if stored > 8 { 16 } else { 8 }, stored);
        assert_decodes(shape, JPEG_LOSSLESS, encoders::jpeg(&shape, true), 0).await;
    }
    for shape in [grey(16, 12).signed(), grey(16, 16).signed(), grey(8, 8).colour()] {
        assert_decodes(shape, JPEG_LOSSLESS, encoders::jpeg(&shape, true), 0).await;
    }
}

#[tokio::test]
async fn lossy_jpeg_is_close_at_8_and_12_bits() {
    let noisy = 24; // the test pattern jumps from the largest value to 0
    for (shape, syntax) in [(grey(8, 8), JPEG_BASELINE), (grey(16, 12), JPEG_EXTENDED), (grey(16, 8), JPEG_EXTENDED)] {
        assert_decodes(shape, syntax, encoders::jpeg(&shape, false), noisy).await;
    }
}

#[tokio::test]
async fn jpeg_2000_is_exact_and_its_sign_flag_is_not_relied_on() {
    for flag in [false, true] {
        for shape in [grey(8, 8), grey(16, 12), grey(16, 16), grey(16, 13).signed(), grey(16, 16).signed()] {
            assert_decodes(shape, JPEG_2000, encoders::jpeg_2000(&shape, flag), 0).await;
        }
    }
    let colour = grey(8, 8).colour();
    assert_decodes(colour, JPEG_2000, encoders::jpeg_2000(&colour, false), 0).await;
}

#[tokio::test]
async fn a_lossy_jpeg_is_rgb_and_a_transformed_codestream_too() {
    let shape = grey(8, 8).colour();
    for (syntax, stream, declared) in [
        (JPEG_BASELINE, encoders::jpeg(&shape, false), "YBR_FULL_422"),
        (JPEG_2000, encoders::jpeg_2000(&shape, false), "YBR_RCT"),
    ] {
        let mut metadata = shape.metadata();
        metadata["00280004"]["Value"][0] = declared.into();
        let image = transcode::ImageDescription::from_json(&metadata, syntax, 1).unwrap();
        let decoded = transcoder().decode(&image, stream.into()).await.unwrap();
        assert_eq!(decoded.photometric_interpretation, PhotometricInterpretation::Rgb);
        assert_eq!(image.uncompressed_photometric_interpretation(), PhotometricInterpretation::Rgb);
    }
}

#[tokio::test]
async fn many_frames_at_once_are_each_decoded_right() {
    let transcoder = transcoder();
    let shapes = [grey(8, 8), grey(16, 12), grey(16, 16).signed(), grey(8, 8).colour()];
    let frames = shapes.iter().cycle().take(40).map(|shape| {
        let image = shape.describe(JPEG_LS);
        let stream: Bytes = encoders::jpeg_ls(shape, InterleaveMode::Sample.min_for(shape.samples)).into();
        let (transcoder, expected) = (std::sync::Arc::clone(&transcoder), shape.bytes(&shape.values()));
        tokio::spawn(async move { assert!(transcoder.decode(&image, stream).await.unwrap().samples == expected) })
    });
    for frame in frames.collect::<Vec<_>>() {
        frame.await.unwrap();
    }
}

trait MinFor {
    fn min_for(self, samples: u16) -> Self;
}

impl MinFor for InterleaveMode {
    /// One component has nothing to interleave.
    fn min_for(self, samples: u16) -> Self {
        if samples == 1 { InterleaveMode::None } else { self }
    }
}
