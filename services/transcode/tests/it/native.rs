//! Uncompressed frames, and what their descriptions are read from.

use serde_json::json;
use transcode::{ImageDescription, PhotometricInterpretation, TranscodeError, WindowFunction};

use crate::support::*;

async fn decode(image: &ImageDescription, frame: &[u8]) -> Vec<u8> {
    transcoder().decode(image, frame.to_vec().into()).await.unwrap().samples.to_vec()
}

async fn on_the_wire(image: &ImageDescription, frame: &[u8]) -> Vec<u8> {
    transcoder().to_explicit_little_endian(image, frame.to_vec().into()).await.unwrap().to_vec()
}

fn small(allocated: u16, stored: u16) -> Shape {
    Shape { rows: 1, columns: 2, ..grey(allocated, stored) }
}

#[tokio::test]
async fn big_endian_words_are_turned_round_by_their_size() {
    assert_eq!(on_the_wire(&small(16, 16).describe(EXPLICIT_BE), &[1, 2, 3, 4]).await, [2, 1, 4, 3]);
    assert_eq!(
        on_the_wire(&small(32, 32).describe(EXPLICIT_BE), &[1, 2, 3, 4, 5, 6, 7, 8]).await,
        [4, 3, 2, 1, 8, 7, 6, 5]
    );
    let mut image = small(8, 8).describe(EXPLICIT_BE);
    assert_eq!(on_the_wire(&image, &[1, 2]).await, [1, 2]);
    image.pixel_data_is_words = true;
    assert_eq!(on_the_wire(&image, &[1, 2]).await, [2, 1]);
}

#[tokio::test]
async fn bytes_in_big_endian_words_are_found_where_frames_share_a_word() {
    let mut image = Shape { rows: 1, columns: 3, ..grey(8, 8) }.describe(EXPLICIT_BE);
    image.pixel_data_is_words = true;
    let pixel_data = [2, 1, 4, 3, 6, 5];
    for (frame, range, expected) in [(1, 0..4, [1, 2, 3]), (2, 2..6, [4, 5, 6])] {
        image.frame = frame;
        assert_eq!(image.native_frame_range(), range);
        let stored = &pixel_data[range.start as usize..range.end as usize];
        assert_eq!(on_the_wire(&image, stored).await, expected);
    }
}

#[tokio::test]
async fn padding_is_cut_off_and_a_short_frame_is_refused() {
    let image = small(8, 8).describe(EXPLICIT_LE);
    assert_eq!(on_the_wire(&image, &[1, 2, 0, 0]).await, [1, 2]);
    let short = transcoder().decode(&image, vec![1].into()).await;
    assert!(matches!(short, Err(TranscodeError::Mismatch { attribute, .. }) if attribute == "PixelData"));
}

#[tokio::test]
async fn unused_bits_stay_on_the_wire_and_go_in_the_samples() {
    let mut image = small(16, 12).describe(EXPLICIT_LE);
    assert_eq!(on_the_wire(&image, &[0xFF, 0xF8, 1, 0]).await, [0xFF, 0xF8, 1, 0]);
    assert_eq!(decode(&image, &[0xFF, 0xF8, 1, 0]).await, [0xFF, 0x08, 1, 0]);
    image.signed = true;
    assert_eq!(decode(&image, &[0xFF, 0xF8, 1, 0]).await, [0xFF, 0xF8, 1, 0]);
    (image.signed, image.high_bit) = (false, 15);
    assert_eq!(decode(&image, &[0xFF, 0xF8, 1, 0]).await, [0x8F, 0x0F, 0, 0]);
}

#[tokio::test]
async fn planes_are_interleaved_and_stay_planes_on_the_wire() {
    let mut image = small(8, 8).colour().describe(EXPLICIT_LE);
    image.planar = true;
    assert_eq!(decode(&image, &[1, 2, 3, 4, 5, 6]).await, [1, 3, 5, 2, 4, 6]);
    assert_eq!(on_the_wire(&image, &[1, 2, 3, 4, 5, 6]).await, [1, 2, 3, 4, 5, 6]);
    let mut wide = small(16, 16).colour().describe(EXPLICIT_LE);
    wide.planar = true;
    assert_eq!(decode(&wide, &[1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]).await, [1, 0, 3, 0, 5, 0, 2, 0, 4, 0, 6, 0]);
}

#[tokio::test]
async fn halved_chrominance_is_doubled() {
    let mut image = small(8, 8).colour().describe(EXPLICIT_LE);
    image.photometric_interpretation = PhotometricInterpretation::YbrFull422;
    assert_eq!(image.native_frame_range(), 0..4);
    let decoded = transcoder().decode(&image, vec![10, 20, 30, 40].into()).await.unwrap();
    assert_eq!(decoded.samples.as_ref(), [10, 30, 40, 20, 30, 40]);
    assert_eq!(decoded.photometric_interpretation, PhotometricInterpretation::YbrFull);
    // Ultrasound machines call by that name what has all of its samples.
    let whole = transcoder().decode(&image, vec![10, 30, 40, 20, 50, 60].into()).await.unwrap();
    assert_eq!(whole.samples.as_ref(), [10, 30, 40, 20, 50, 60]);
    assert_eq!(whole.photometric_interpretation, PhotometricInterpretation::YbrFull);
    assert_eq!(on_the_wire(&image, &[10, 30, 40, 20, 50, 60]).await, [10, 30, 40, 20, 50, 60]);
}

#[tokio::test]
async fn single_bits_are_unpacked_wherever_their_frame_begins() {
    let mut metadata = Shape { rows: 1, columns: 5, ..grey(8, 8) }.metadata();
    metadata["00280100"]["Value"][0] = 1.into();
    metadata["00280101"]["Value"][0] = 1.into();
    metadata.insert("00280008".into(), json!({"vr": "IS", "Value": [2]}));
    let pixel_data = [0b0110_1001_u8, 0b0000_0011];
    let frames = [([1, 0, 0, 1, 0], 0..1), ([1, 1, 0, 1, 1], 0..2)];
    for (number, (expected, range)) in (1..).zip(frames) {
        let image = ImageDescription::from_json(&metadata, EXPLICIT_LE, number).unwrap();
        assert_eq!(image.native_frame_range(), range);
        let frame = &pixel_data[range.start as usize..range.end as usize];
        assert_eq!(decode(&image, frame).await, expected);
        let packed = expected.iter().rev().fold(0, |byte, bit| byte << 1 | bit);
        assert_eq!(on_the_wire(&image, frame).await[0] & 31, packed);
    }
    // In encapsulated syntaxes, each frame has its own first byte.
    let image = ImageDescription::from_json(&metadata, "1.2.840.10008.1.2.1.98", 2).unwrap();
    assert_eq!(decode(&image, &[0b0000_1101]).await, [1, 0, 1, 1, 0]);
}

#[tokio::test]
async fn a_deflated_frame_is_inflated_and_no_further_than_its_size() {
    use std::io::Write as _;
    let deflate = |bytes: &[u8]| {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let image = small(8, 8).describe(DEFLATED_FRAME);
    assert_eq!(on_the_wire(&image, &deflate(&[7, 9])).await, [7, 9]);
    assert_eq!(on_the_wire(&image, &deflate(&[7, 9, 0])).await, [7, 9], "padding");
    assert!(transcoder().decode(&image, deflate(&vec![5; 1 << 24]).into()).await.is_err(), "more than its size");
    assert!(transcoder().decode(&image, deflate(&[7]).into()).await.is_err());
}

#[tokio::test]
async fn rle_needs_no_worker_and_is_exact() {
    // Two segments of 16 bits: high bytes repeated, low bytes literal.
    let mut frame = vec![0; 64];
    frame[0] = 2;
    frame[4] = 64;
    frame[8] = 66;
    frame.extend([255, 1, 1, 10, 20]);
    assert_eq!(decode(&small(16, 16).describe(RLE), &frame).await, [10, 1, 20, 1]);
}

#[test]
fn a_frame_takes_its_own_groups_before_the_shared_ones_before_the_data_set() {
    let mut metadata = small(16, 12).metadata();
    let voi = |center: f64| {
        json!({"vr": "SQ", "Value": [{
        "00281050": {"vr": "DS", "Value": [center]}, "00281051": {"vr": "DS", "Value": ["400"]},
        "00281056": {"vr": "CS", "Value": ["SIGMOID"]}}]})
    };
    metadata.insert("00280008".into(), json!({"vr": "IS", "Value": ["3"]}));
    metadata.insert("00281052".into(), json!({"vr": "DS", "Value": ["-1024"]}));
    metadata.insert("00281053".into(), json!({"vr": "DS", "Value": [1]}));
    metadata.insert(
        "52009229".into(),
        json!({"vr": "SQ", "Value": [{"00289132": voi(40.0), "00289145": {"vr": "SQ",
        "Value": [{"00281052": {"vr": "DS", "Value": [-5]}, "00281053": {"vr": "DS", "Value": [2]}}]}}]}),
    );
    metadata.insert("52009230".into(), json!({"vr": "SQ", "Value": [{}, {"00289132": voi(50.0)}]}));
    let frame = |number| ImageDescription::from_json(&metadata, EXPLICIT_LE, number).unwrap();
    let center = |number| frame(number).windows[0].center;
    assert_eq!([center(1), center(2), center(3)], [40.0, 50.0, 40.0]);
    assert_eq!(frame(2).windows[0].function, WindowFunction::Sigmoid);
    assert_eq!(frame(1).rescale, Some((2.0, -5.0)));
    assert!(ImageDescription::from_json(&metadata, EXPLICIT_LE, 0).is_err());
    assert!(ImageDescription::from_json(&metadata, EXPLICIT_LE, 4).is_err());
}

#[test]
fn broken_descriptions_name_the_attribute() {
    let broken = [
        ("00280010", json!({"vr": "US"}), "Rows"),
        ("00280011", json!({"vr": "US", "Value": [0]}), "Columns"),
        ("00280002", json!({"vr": "US", "Value": [4]}), "SamplesPerPixel"),
        ("00280100", json!({"vr": "US", "Value": [12]}), "BitsAllocated"),
        ("00280101", json!({"vr": "US", "Value": [17]}), "BitsStored"),
        ("00280004", json!({"vr": "CS", "Value": ["MONOCHROME3"]}), "PhotometricInterpretation"),
        ("00280004", json!({"vr": "CS", "Value": ["RGB"]}), "PhotometricInterpretation"),
        ("00280010", json!("not even an element"), "Rows"),
    ];
    for (tag, element, keyword) in broken {
        let mut metadata = small(16, 12).metadata();
        metadata[tag] = element;
        match ImageDescription::from_json(&metadata, EXPLICIT_LE, 1) {
            Err(TranscodeError::Mismatch { attribute, .. }) => assert_eq!(attribute, keyword),
            other => panic!("{keyword}: {other:?}"),
        }
    }
    let unsupported = ImageDescription::from_json(&small(8, 8).metadata(), "1.2.840.10008.1.2.4.102", 1);
    assert!(matches!(unsupported, Err(TranscodeError::Unsupported { .. })));
}

/// Senders, and converters of Implicit VR, write the bits of a negative padding value as an unsigned number.
#[test]
fn padding_is_of_the_representation_of_the_pixels() {
    let mut metadata = grey(16, 16).metadata();
    metadata.insert("00280120".into(), json!({"vr": "US", "Value": [63_536]}));
    let padding = |metadata: &serde_json::Map<String, serde_json::Value>| {
        let image = ImageDescription::from_json(metadata, EXPLICIT_LE, 1).unwrap();
        image.pixel_padding.map(|padding| (padding.first, padding.last))
    };
    assert_eq!(padding(&metadata), Some((63_536.0, 63_536.0)));
    metadata["00280103"]["Value"][0] = 1.into();
    assert_eq!(padding(&metadata), Some((-2000.0, -2000.0)));
}

/// Encapsulated Uncompressed Explicit VR Little Endian.
const ENCAPSULATED: &str = "1.2.840.10008.1.2.1.98";

/// With a column too few said, each row would begin one pixel further: a picture askew.
#[tokio::test]
async fn a_frame_with_more_rows_or_columns_than_are_said_is_refused() {
    let said = |rows, columns| Shape { rows, columns, ..grey(8, 8) };
    let pixels: Vec<u8> = (1..=20).collect();
    let rle = |pixels: &[u8], more: &[u8]| {
        let mut header = vec![0; 64];
        (header[0], header[4]) = (1, 64);
        [&header, &[pixels.len() as u8 - 1][..], pixels, more].concat()
    };
    for (rows, columns) in [(4, 4), (3, 5), (2, 5)] {
        let shape = said(rows, columns);
        let (rle, plain) = (rle(&pixels, &[0]), pixels.clone());
        for (syntax, frame) in [(RLE, rle), (ENCAPSULATED, plain)] {
            let refused = transcoder().decode(&shape.describe(syntax), frame.into()).await.err().unwrap().to_string();
            assert!(refused.contains("is longer than Rows, Columns"), "{syntax} {rows} {columns}: {refused}");
        }
    }
    assert_eq!(decode(&said(4, 5).describe(RLE), &rle(&pixels, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])).await, pixels);
    let black_row = rle(&pixels[..15], &[0xFC, 0, 0]);
    assert_eq!(decode(&said(4, 5).describe(RLE), &black_row).await[15..], [0; 5]);
    assert!(transcoder().decode(&said(3, 5).describe(RLE), black_row.into()).await.is_err(), "also a row of zeros");
    assert_eq!(decode(&said(4, 5).describe(ENCAPSULATED), &[&pixels[..], &[0]].concat()).await, pixels, "padding");
}
