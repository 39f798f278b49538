//! Metadata accompanied by PNG and GIF: PS3.18 §10.5.2.

use serde_json::{Value, json};

use crate::app::{Answer, TestApp, first};
use crate::store_metadata::{JSON, at, body, frame, metadata, path};

/// A PNG of 2 by 2 pixels, its rows as it has them.
fn png(colour: png::ColorType, depth: png::BitDepth, rows: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, 2, 2);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if colour == png::ColorType::Indexed {
        encoder.set_palette(&[1, 1, 1, 9, 8, 7][..]);
    }
    encoder.write_header().unwrap().write_image_data(rows).unwrap();
    out
}

/// A GIF of two pictures, the second of which changes one pixel; pixel 0 is transparent in it.
fn gif() -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = gif::Encoder::new(&mut out, 2, 2, &[0, 0, 0, 10, 20, 30, 40, 50, 60]).unwrap();
    let mut frame = gif::Frame { width: 2, height: 2, buffer: vec![1, 1, 2, 2].into(), ..gif::Frame::default() };
    encoder.write_frame(&frame).unwrap();
    (frame.buffer, frame.transparent) = (vec![0, 2, 0, 0].into(), Some(0));
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    out
}

/// Stores an image of a media type; with the metadata's Image Pixel module, changed as is said, or without it.
async fn raster(app: &TestApp, (media_type, stream): (&str, &[u8]), described: Option<&[(&str, Value)]>) -> Answer {
    let mut metadata = metadata(1, json!({ "BulkDataURI": "p" }));
    match described {
        Some(others) => others.iter().for_each(|(tag, value)| metadata[*tag]["Value"][0] = value.clone()),
        None => metadata.as_object_mut().unwrap().retain(|tag, _| !tag.starts_with("0028")),
    }
    let headers = format!("Content-Type: {media_type}\r\nContent-Location: p");
    let text = json!([metadata]).to_string();
    let body = body(&[at("Content-Type: application/dicom+json", text.as_bytes()), at(&headers, stream)]);
    app.post_as("/studies", JSON, &body).await
}

/// PS3.18 §10.5.2, table 10.5.2-1: what no transfer syntax has is transformed without loss, and says itself how it is.
#[tokio::test]
async fn png_and_gif_are_unpacked_without_loss() {
    use png::{BitDepth, ColorType};
    let rgb: Vec<u8> = (1..=12).collect();
    let with_alpha: Vec<u8> = rgb.chunks(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 0x80]).collect();
    let drawn = [10, 20, 30, 10, 20, 30, 40, 50, 60, 40, 50, 60];
    let redrawn = [10, 20, 30, 40, 50, 60, 40, 50, 60, 40, 50, 60];
    for (media_type, stream, bits, photometric, frames) in [
        // In a PNG the higher byte comes first, and the leftmost pixel in the highest bits.
        (
            "image/png",
            png(ColorType::Grayscale, BitDepth::Sixteen, &[1, 2, 3, 4, 5, 6, 0xFF, 8]),
            (16, 16),
            "MONOCHROME2",
            vec![vec![2, 1, 4, 3, 6, 5, 8, 0xFF]],
        ),
        (
            "image/png",
            png(ColorType::Grayscale, BitDepth::Two, &[0b0111_0000, 0b1000_0000]),
            (8, 2),
            "MONOCHROME2",
            vec![vec![1, 3, 2, 0]],
        ),
        ("image/PNG", png(ColorType::Rgb, BitDepth::Eight, &rgb), (8, 8), "RGB", vec![rgb.clone()]),
        ("image/png", png(ColorType::Rgba, BitDepth::Eight, &with_alpha), (8, 8), "RGB", vec![rgb.clone()]),
        (
            "image/png",
            png(ColorType::Indexed, BitDepth::One, &[0b0100_0000, 0b1000_0000]),
            (8, 8),
            "RGB",
            vec![vec![1, 1, 1, 9, 8, 7, 9, 8, 7, 1, 1, 1]],
        ),
        ("image/gif", gif(), (8, 8), "RGB", vec![drawn.to_vec(), redrawn.to_vec()]),
    ] {
        let app = TestApp::start().await;
        raster(&app, (media_type, &stream), None).await.expect(200);
        let back = app.get(&format!("{}/metadata", path(1))).await.expect(200).json();
        let said = |tag| first(&back[0], tag);
        assert_eq!((said("00280100"), said("00280101")), (bits.0.to_string(), bits.1.to_string()));
        assert_eq!(
            (said("00280004"), said("00280010"), said("00280011")),
            (photometric.into(), "2".into(), "2".into())
        );
        assert_eq!(said("00280008"), if frames.len() > 1 { frames.len().to_string() } else { String::new() });
        for (number, expected) in (1..).zip(&frames) {
            assert_eq!(frame(&app, 1, number, "application/octet-stream").await.body.as_ref(), expected);
        }
        assert_eq!(app.incoming(), 0);
    }
}

#[tokio::test]
async fn png_and_gif_that_contradict_their_metadata_or_break_off_are_refused() {
    use png::{BitDepth, ColorType};
    let app = TestApp::start().await;
    let deep = png(ColorType::Grayscale, BitDepth::Sixteen, &[0, 1, 0, 2, 0, 3, 0x10, 0]);
    let grey = png(ColorType::Grayscale, BitDepth::Eight, &[1, 2, 3, 4]);
    let bits = |allocated: u16, stored: u16| {
        vec![("00280100", json!(allocated)), ("00280101", json!(stored)), ("00280102", json!(stored - 1))]
    };
    let one = |tag: &'static str, value: Value| vec![(tag, value)];
    for (media_type, stream, described, keyword) in [
        ("image/png", &deep[..], bits(8, 8), "BitsAllocated"),
        ("image/png", &grey, bits(16, 8), "BitsAllocated"),
        // Its last pixel is 4096, which takes thirteen bits.
        ("image/png", &deep, bits(16, 12), "BitsStored"),
        ("image/png", &grey, one("00280010", json!(3)), "Rows"),
        ("image/png", &grey, one("00280103", json!(1)), "PixelRepresentation"),
        ("image/png", &grey, one("00280002", json!(3)), "SamplesPerPixel"),
        ("image/png", &grey, one("00280102", json!(5)), "HighBit"),
        ("image/gif", &gif(), Vec::new(), "PixelData"),
        ("image/gif", &grey, Vec::new(), "PixelData"),
        ("image/png", &grey[..grey.len() / 2 + 8], Vec::new(), "PixelData"),
    ] {
        let told = raster(&app, (media_type, stream), Some(&described)).await.expect(409).json();
        let failure = &told["00081198"]["Value"][0];
        assert_eq!(first(failure, "00081197"), 0xC000.to_string(), "{keyword}");
        assert!(first(failure, "00000902").starts_with(&format!("{keyword}: ")), "{keyword}: {failure}");
    }
    raster(&app, ("image/png", &deep), Some(&bits(16, 13))).await.expect(200);
    assert_eq!(frame(&app, 1, 1, "application/octet-stream").await.body.as_ref(), [1, 0, 2, 0, 3, 0, 0, 0x10]);
    assert_eq!(app.incoming(), 0);
}
