//! Pictures, from stored frames to encoded bytes.

use std::time::Duration;

use base64::Engine as _;
use serde_json::json;
use transcode::{ImageDescription, RenderOptions, RenderedMedia, Viewport};

use crate::support::*;

fn png() -> RenderOptions {
    RenderOptions { media: RenderedMedia::Png, ..RenderOptions::default() }
}

/// Size, channels and pixels of a PNG.
pub(crate) fn read_png(bytes: &[u8]) -> (u32, u32, usize, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, info.color_type.samples(), pixels)
}

#[tokio::test]
async fn a_png_holds_the_windowed_pixels() {
    let shape = Shape { rows: 1, columns: 3, ..grey(16, 12) };
    let frame = shape.bytes(&[0, 100, 200]);
    let rendered = transcoder().render(&shape.describe(EXPLICIT_LE), frame.into(), &png()).await.unwrap();
    assert_eq!((rendered.width, rendered.height, rendered.media_type), (3, 1, "image/png"));
    assert_eq!(read_png(&rendered.bytes), (3, 1, 1, vec![0, 128, 255]));
}

#[tokio::test]
async fn a_jpeg_decodes_to_what_went_in() {
    let shape = grey(8, 8).colour();
    let values: Vec<i32> = (0..shape.count()).map(|index| [200, 100, (index / 3 % 64) as i32][index % 3]).collect();
    let frame = shape.bytes(&values);
    let transcoder = transcoder();
    let options = RenderOptions { media: RenderedMedia::Jpeg { quality: 95 }, ..RenderOptions::default() };
    let rendered = transcoder.render(&shape.describe(EXPLICIT_LE), frame.clone().into(), &options).await.unwrap();
    let decoded = transcoder.decode(&shape.describe(JPEG_BASELINE), rendered.bytes).await.unwrap();
    assert!(decoded.samples.iter().zip(&frame).all(|(a, b)| a.abs_diff(*b) < 8));
}

#[tokio::test]
async fn a_viewport_makes_a_thumbnail() {
    let shape = grey(16, 12);
    let viewport = Some(Viewport { width: 16, height: 16, source: None });
    for media in [RenderedMedia::Png, RenderedMedia::Gif, RenderedMedia::Jpeg { quality: 1 }] {
        let options = RenderOptions { media, viewport, ..RenderOptions::default() };
        let frame = shape.bytes(&shape.values()).into();
        let rendered = transcoder().render(&shape.describe(EXPLICIT_LE), frame, &options).await.unwrap();
        assert_eq!((rendered.width, rendered.height), (16, 12));
        assert_eq!(rendered.media_type, media.media_type());
    }
}

#[tokio::test]
async fn a_palette_gives_its_colours() {
    let shape = Shape { rows: 1, columns: 4, ..grey(8, 8) };
    let mut metadata = shape.metadata();
    metadata["00280004"]["Value"][0] = "PALETTE COLOR".into();
    for (channel, level) in [(1, 0x1000_u16), (2, 0x2000), (3, 0x3000)] {
        let bytes: Vec<u8> = [level, level * 2, level * 4].iter().flat_map(|entry| entry.to_le_bytes()).collect();
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        metadata.insert(format!("0028110{channel}"), json!({"vr": "US", "Value": [3, 1, 16]}));
        metadata.insert(format!("0028120{channel}"), json!({"vr": "OW", "InlineBinary": encoded}));
    }
    let image = ImageDescription::from_json(&metadata, EXPLICIT_LE, 1).unwrap();
    let rendered = transcoder().render(&image, vec![0, 1, 2, 200].into(), &png()).await.unwrap();
    let (.., pixels) = read_png(&rendered.bytes);
    assert_eq!(pixels, [16, 32, 48, 16, 32, 48, 32, 64, 96, 64, 128, 192]);

    metadata.remove("00281202");
    let image = ImageDescription::from_json(&metadata, EXPLICIT_LE, 1).unwrap();
    assert!(transcoder().render(&image, vec![0; 4].into(), &png()).await.is_err());
}

#[tokio::test]
async fn an_animation_has_its_frames_and_its_pace() {
    let shape = grey(8, 8);
    let frames: Vec<_> =
        (0..3).map(|level| (shape.describe(EXPLICIT_LE), vec![level * 80 + 5; shape.count()].into())).collect();
    let options = RenderOptions {
        media: RenderedMedia::Gif,
        window: Some(transcode::Window {
            center: 127.5,
            width: 255.0,
            function: transcode::WindowFunction::LinearExact,
        }),
        ..RenderOptions::default()
    };
    let frames = futures::stream::iter(frames.into_iter().map(Ok::<_, transcode::TranscodeError>));
    let rendered = transcoder().render_animation(frames, &options, Duration::from_millis(40)).await.unwrap();
    let mut decoder = gif::Decoder::new(rendered.bytes.as_ref()).unwrap();
    let mut seen = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        seen.push((frame.delay, frame.buffer[0]));
    }
    assert_eq!(seen, [(4, 5), (4, 85), (4, 165)]);
    let none = futures::stream::empty::<Result<_, transcode::TranscodeError>>();
    assert!(transcoder().render_animation(none, &options, Duration::ZERO).await.is_err());
}

#[tokio::test]
async fn what_will_be_too_long_an_animation_is_refused_at_its_first_frame() {
    let shape = grey(8, 8);
    let viewport = transcode::Viewport { width: 4096, height: 4096, source: None };
    let options = RenderOptions { media: RenderedMedia::Gif, viewport: Some(viewport), ..RenderOptions::default() };
    let taken = std::sync::atomic::AtomicU32::new(0);
    let frames = futures::stream::iter((0..30).map(|_| {
        taken.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, transcode::TranscodeError>((shape.describe(EXPLICIT_LE), vec![5; shape.count()].into()))
    }));
    let refused = transcoder().render_animation(frames, &options, Duration::from_millis(40)).await.unwrap_err();
    assert!(refused.to_string().contains("longer than any"), "{refused}");
    assert_eq!(taken.into_inner(), 1);
}

#[tokio::test]
async fn floating_point_pixels_are_shown_over_their_range() {
    let shape = Shape { rows: 1, columns: 3, ..grey(32, 32) };
    let mut metadata = shape.metadata();
    metadata.insert("7FE00008".into(), json!({"vr": "OF"}));
    let image = ImageDescription::from_json(&metadata, EXPLICIT_LE, 1).unwrap();
    let frame: Vec<u8> = [-1.0_f32, 0.0, 1.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let rendered = transcoder().render(&image, frame.into(), &png()).await.unwrap();
    assert_eq!(read_png(&rendered.bytes).3, [0, 128, 255]);
}

fn one_row(allocated: u16, stored: u16, columns: u16) -> Shape {
    Shape { rows: 1, columns, ..grey(allocated, stored) }
}

async fn pixels_of(
    metadata: &serde_json::Map<String, serde_json::Value>,
    values: &[i32],
    options: &RenderOptions,
) -> Result<Vec<u8>, transcode::TranscodeError> {
    let image = ImageDescription::from_json(metadata, EXPLICIT_LE, 1)?;
    let unit = usize::from(image.bits_allocated / 8);
    let frame: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()[..unit].to_vec()).collect();
    Ok(read_png(&transcoder().render(&image, frame.into(), options).await?.bytes).3)
}

fn lut(count: u32, bits: u16, data: &[u16]) -> serde_json::Value {
    json!({"vr": "SQ", "Value": [{
        "00283002": {"vr": "US", "Value": [count, 0, bits]}, "00283006": {"vr": "US", "Value": data},
    }]})
}

/// A table that is cut short has entries that nobody knows.
#[tokio::test]
async fn a_picture_that_needs_a_table_which_is_not_whole_is_refused_by_name() {
    let window = transcode::Window { center: 100.0, width: 200.0, function: transcode::WindowFunction::LinearExact };
    let asked = RenderOptions { window: Some(window), ..png() };
    let values = [0, 1, 2, 3];
    let mut metadata = one_row(16, 12, 4).metadata();
    metadata.insert("00283000".into(), lut(4, 16, &[0, 50, 100, 200]));
    assert_eq!(pixels_of(&metadata, &values, &asked).await.unwrap(), [0, 64, 128, 255]);
    metadata.insert("00283000".into(), lut(8, 16, &[0, 50, 100, 200]));
    for options in [&asked, &png()] {
        let refused = pixels_of(&metadata, &values, options).await.unwrap_err();
        assert!(refused.to_string().starts_with("ModalityLUTSequence lacks its data"), "{refused}");
    }
    // The frame itself can be had.
    let image = ImageDescription::from_json(&metadata, EXPLICIT_LE, 1).unwrap();
    assert!(transcoder().decode(&image, vec![0; 8].into()).await.is_ok());

    let mut metadata = one_row(16, 12, 4).metadata();
    metadata.insert("00283010".into(), lut(8, 16, &[0, 50, 100, 200]));
    let refused = pixels_of(&metadata, &[0, 50, 100, 200], &png()).await.unwrap_err();
    assert!(refused.to_string().starts_with("VOILUTSequence lacks its data"), "{refused}");
    // Nothing is looked up in it where a window is used.
    assert_eq!(pixels_of(&metadata, &[0, 50, 100, 200], &asked).await.unwrap(), [0, 64, 128, 255]);
    metadata.insert("00281050".into(), json!({"vr": "DS", "Value": [100.5]}));
    metadata.insert("00281051".into(), json!({"vr": "DS", "Value": [201]}));
    assert_eq!(pixels_of(&metadata, &[0, 50, 100, 200], &png()).await.unwrap(), [0, 64, 128, 255]);
}

/// PS3.3 §C.11.1: output = slope * stored + intercept.
#[tokio::test]
async fn an_intercept_counts_without_a_slope() {
    let mut metadata = one_row(16, 12, 3).metadata();
    metadata.insert("00281052".into(), json!({"vr": "DS", "Value": [-1000]}));
    let window = transcode::Window { center: 100.0, width: 200.0, function: transcode::WindowFunction::LinearExact };
    let options = RenderOptions { window: Some(window), ..png() };
    assert_eq!(pixels_of(&metadata, &[1000, 1050, 1200], &options).await.unwrap(), [0, 64, 255]);
}

#[tokio::test]
async fn padding_of_floating_point_pixels_does_not_count_for_the_range() {
    let mut metadata = Shape { rows: 1, columns: 3, ..grey(32, 32) }.metadata();
    metadata.insert("7FE00008".into(), json!({"vr": "OF"}));
    metadata.insert("00280122".into(), json!({"vr": "FL", "Value": [-3.4e38]}));
    let image = ImageDescription::from_json(&metadata, EXPLICIT_LE, 1).unwrap();
    let frame: Vec<u8> = [-3.4e38_f32, 0.0, 1.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let rendered = transcoder().render(&image, frame.into(), &png()).await.unwrap();
    assert_eq!(read_png(&rendered.bytes).3, [0, 0, 255]);
}

/// PS3.3 §10.7.1.3 and §C.8.7.5: how far apart the centres of pixels are, whatever it was measured on.
#[test]
fn pixels_are_as_high_and_wide_as_the_first_spacing_says_that_can_be() {
    let aspect = |more: serde_json::Value| {
        let mut metadata = grey(8, 8).metadata();
        metadata.extend(more.as_object().unwrap().clone());
        ImageDescription::from_json(&metadata, EXPLICIT_LE, 1).unwrap().pixel_aspect
    };
    let spacing = |values: [f64; 2]| json!({"vr": "DS", "Value": values});
    assert_eq!(aspect(json!({"00182010": spacing([0.2, 0.1])})), Some((0.2, 0.1)));
    assert_eq!(aspect(json!({"00182010": spacing([0.2, 0.1]), "00280030": spacing([0.3, 0.3])})), None);
    assert_eq!(aspect(json!({"00181164": spacing([0.0, 0.0]), "00182010": spacing([0.2, 0.1])})), Some((0.2, 0.1)));
}

/// PS3.3 §C.7.6.3.1.2 has them for compressed pixel data only.
#[tokio::test]
async fn colours_of_a_code_stream_are_none_of_uncompressed_pixels() {
    let shape = Shape { rows: 1, columns: 1, ..grey(8, 8) }.colour();
    for term in ["YBR_RCT", "YBR_ICT", "XYB"] {
        let mut metadata = shape.metadata();
        metadata["00280004"]["Value"][0] = term.into();
        let refused = pixels_of(&metadata, &[10, 20, 30], &png()).await;
        assert!(refused.is_err_and(|error| error.to_string().starts_with("PhotometricInterpretation")), "{term}");
    }
}
