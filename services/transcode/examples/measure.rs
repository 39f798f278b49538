//! What rendering and a worker's round trip cost on this machine: `cargo run -p transcode --example measure`.
//!
//! The image is a made-up slice of 512 x 512 with the depth, sign, rescale and window of a CT.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use charls::{CharLS, FrameInfo, InterleaveMode};
use serde_json::json;
use transcode::{
    ImageDescription, Options, RenderOptions, RenderedMedia, TranscodeError, Transcoder, Viewport, WorkerCommand,
    render_decoded,
};

const SIDE: usize = 512;
const ROUNDS: u32 = 300;
const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const JPEG: &str = "1.2.840.10008.1.2.4.50";

fn describe(side: usize, syntax: &str, bits: u16) -> Result<ImageDescription, TranscodeError> {
    let us = |value: usize| json!({"vr": "US", "Value": [value]});
    let serde_json::Value::Object(metadata) = json!({
        "00280002": us(1), "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
        "00280010": us(side), "00280011": us(side), "00280103": us(usize::from(bits == 16)),
        "00280100": us(usize::from(bits)), "00280101": us(usize::from(bits)),
        "00281050": {"vr": "DS", "Value": [40]}, "00281051": {"vr": "DS", "Value": [400]},
        "00281052": {"vr": "DS", "Value": [-1024]}, "00281053": {"vr": "DS", "Value": [1]},
    }) else {
        unreachable!("an object is an object")
    };
    ImageDescription::from_json(&metadata, syntax, 1)
}

/// A disc of tissue with organs and noise, in air.
fn slice(side: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let value = |index: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = ((index % side) as f64 / side as f64 - 0.5, (index / side) as f64 / side as f64 - 0.5);
        let noise = (state >> 27) as f64 - 16.0;
        let tissue = 1064.0 + 60.0 * (x * 20.0).sin() * (y * 15.0).cos();
        (noise + if x.hypot(y * 1.3) < 0.45 { tissue } else { 24.0 }) as i16
    };
    (0..side * side).map(value).flat_map(i16::to_le_bytes).collect()
}

fn jpeg_ls(side: usize) -> Result<Bytes, charls::Error> {
    let mut encoder = CharLS::default();
    encoder.set_interleave_mode(InterleaveMode::None)?;
    let frame = FrameInfo { width: side as u32, height: side as u32, bits_per_sample: 16, component_count: 1 };
    Ok(encoder.encode(frame, 0, &slice(side))?.into())
}

/// The best of many: other work on the machine only ever adds.
fn report(what: &str, each: Duration) {
    println!("{what:<58} {:>9.1} us  {:>8.0} /s", each.as_secs_f64() * 1e6, 1.0 / each.as_secs_f64());
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = worker_program().ok_or("build the program codec-worker first")?;
    let options = Options { workers: 2, ..Options::new(WorkerCommand { program, args: Vec::new() }) };
    let transcoder = Transcoder::start(options)?;

    let image = describe(SIDE, EXPLICIT_LE, 16)?;
    let decoded = transcoder.decode(&image, slice(SIDE).into()).await?;
    let thumbnail = Some(Viewport { width: 128, height: 128, source: None });
    for (what, media, viewport) in [
        ("render 512x512, JPEG 90, one thread", RenderedMedia::Jpeg { quality: 90 }, None),
        ("render 512x512, PNG, one thread", RenderedMedia::Png, None),
        ("render 512x512 to 128x128, JPEG 80, one thread", RenderedMedia::Jpeg { quality: 80 }, thumbnail),
    ] {
        let options = RenderOptions { media, viewport, ..RenderOptions::default() };
        let mut best = Duration::MAX;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            render_decoded(&image, &decoded, &options)?;
            best = best.min(start.elapsed());
        }
        report(what, best);
    }

    let tiny = jpeg_ls(8)?;
    one_by_one(&transcoder, "worker: JPEG-LS 8x8", &describe(8, JPEG_LS, 16)?, &tiny).await?;
    direct("  the codec alone", &tiny)?;
    let large = jpeg_ls(SIDE)?;
    one_by_one(&transcoder, "worker: JPEG-LS 512x512 16 bit", &describe(SIDE, JPEG_LS, 16)?, &large).await?;
    direct("  the codec alone", &large)?;
    both_cores(&transcoder, "two workers: the same", &describe(SIDE, JPEG_LS, 16)?, &large).await?;
    let jpeg = render_decoded(&image, &decoded, &RenderOptions::default())?.bytes;
    one_by_one(&transcoder, "worker: JPEG 512x512 8 bit", &describe(SIDE, JPEG, 8)?, &jpeg).await?;
    both_cores(&transcoder, "two workers: the same", &describe(SIDE, JPEG, 8)?, &jpeg).await?;
    Ok(())
}

fn worker_program() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.parent()?.parent()?.join("codec-worker");
    path.exists().then_some(path)
}

async fn one_by_one(
    transcoder: &Transcoder,
    what: &str,
    image: &ImageDescription,
    frame: &Bytes,
) -> Result<(), TranscodeError> {
    transcoder.decode(image, frame.clone()).await?;
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        transcoder.decode(image, frame.clone()).await?;
        best = best.min(start.elapsed());
    }
    report(what, best);
    Ok(())
}

async fn both_cores(
    transcoder: &Transcoder,
    what: &str,
    image: &ImageDescription,
    frame: &Bytes,
) -> Result<(), TranscodeError> {
    const BATCH: u32 = 10;
    let many = async || {
        for _ in 0..BATCH {
            transcoder.decode(image, frame.clone()).await?;
        }
        Ok::<_, TranscodeError>(())
    };
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS / BATCH {
        let start = Instant::now();
        tokio::try_join!(many(), many())?;
        best = best.min(start.elapsed() / (2 * BATCH));
    }
    report(what, best);
    Ok(())
}

fn direct(what: &str, frame: &[u8]) -> Result<(), charls::Error> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        CharLS::default().decode(frame)?;
        best = best.min(start.elapsed());
    }
    report(what, best);
    Ok(())
}
