//! What each hot loop costs on one core: decoding and encoding by transfer syntax, beside the library alone, and rendering.
//!
//! `cargo bench --package transcode --bench codecs`, and a name after `--` for one of them. The images are made up: a slice of 512 by 512
//! with the depth, sign and noise of a CT, and a mammogram of 7.5 megapixels in 12 bits.
#![expect(clippy::unwrap_used, reason = "a bench stops at the first error")]

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use serde_json::json;
use transcode::{
    DecodedFrame, ImageDescription, RenderOptions, RenderedMedia, Viewport, Window, WindowFunction, bare,
    render_decoded,
};

fn main() {
    divan::main();
}

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";
const LOSSLESS: [&str; 4] = ["1.2.840.10008.1.2.5", JPEG_LS, JPEG_2000, "1.2.840.10008.1.2.4.201"];

#[derive(Debug, Clone, Copy)]
enum Picture {
    Slice,
    Mammogram,
}

impl Picture {
    fn size(self) -> (usize, usize, u16) {
        match self {
            Self::Slice => (512, 512, 16),
            Self::Mammogram => (2560, 2930, 12),
        }
    }

    fn described(self, transfer_syntax_uid: &str) -> ImageDescription {
        let (columns, rows, stored) = self.size();
        let us = |value: usize| json!({"vr": "US", "Value": [value]});
        let metadata = json!({
            "00280002": us(1), "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": us(rows), "00280011": us(columns),
            "00280100": us(16), "00280101": us(stored.into()), "00280102": us(usize::from(stored) - 1),
            "00280103": us(usize::from(stored == 16)),
            "00281050": {"vr": "DS", "Value": [1040]}, "00281051": {"vr": "DS", "Value": [400]},
        });
        ImageDescription::from_json(metadata.as_object().unwrap(), transfer_syntax_uid, 1).unwrap()
    }

    /// A disc of tissue with structure and noise, in air; the same each time.
    fn samples(self) -> Bytes {
        let (columns, rows, _) = self.size();
        let mut state = 1_u32;
        let value = |at: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = ((at % columns) as f64 / columns as f64 - 0.5, (at / columns) as f64 / rows as f64 - 0.5);
            let noise = (state >> 27) as f64;
            let tissue = 1064.0 + 60.0 * (x * 20.0).sin() * (y * 15.0).cos();
            (noise + if x.hypot(y * 1.3) < 0.45 { tissue } else { 24.0 }) as i16
        };
        (0..columns * rows).map(value).flat_map(i16::to_le_bytes).collect::<Vec<_>>().into()
    }

    fn encoded(self, transfer_syntax_uid: &str) -> Bytes {
        bare::encode(&self.described(EXPLICIT), self.samples(), transfer_syntax_uid).unwrap().into()
    }

    fn bytes(self) -> BytesCount {
        let (columns, rows, _) = self.size();
        BytesCount::new(2 * columns * rows)
    }

    fn decoded(self) -> DecodedFrame {
        bare::decode(&self.described(EXPLICIT), self.samples()).unwrap()
    }
}

#[divan::bench(args = LOSSLESS)]
fn decode_slice(bencher: Bencher<'_, '_>, syntax: &str) {
    decode(bencher, Picture::Slice, syntax);
}

#[divan::bench(args = LOSSLESS, sample_count = 10)]
fn decode_mammogram(bencher: Bencher<'_, '_>, syntax: &str) {
    decode(bencher, Picture::Mammogram, syntax);
}

fn decode(bencher: Bencher<'_, '_>, picture: Picture, syntax: &str) {
    let (image, frame) = (picture.described(syntax), picture.encoded(syntax));
    bencher.counter(picture.bytes()).bench(|| bare::decode(&image, frame.clone()));
}

/// With the decoding that proves it.
#[divan::bench(args = LOSSLESS)]
fn encode_slice(bencher: Bencher<'_, '_>, syntax: &str) {
    let (image, samples) = (Picture::Slice.described(EXPLICIT), Picture::Slice.samples());
    bencher.counter(Picture::Slice.bytes()).bench(|| bare::encode(&image, samples.clone(), syntax));
}

/// The libraries in a loop of their own, nothing around them.
mod library {
    use super::{Bencher, JPEG_LS, Picture};

    #[divan::bench]
    fn charls_slice(bencher: Bencher<'_, '_>) {
        let frame = Picture::Slice.encoded(JPEG_LS);
        bencher.counter(Picture::Slice.bytes()).bench(|| charls::CharLS::default().decode(&frame));
    }

    #[divan::bench(sample_count = 10)]
    fn charls_mammogram(bencher: Bencher<'_, '_>) {
        let frame = Picture::Mammogram.encoded(JPEG_LS);
        bencher.counter(Picture::Mammogram.bytes()).bench(|| charls::CharLS::default().decode(&frame));
    }

    /// Moving as many bytes as RLE gives: what no decoder beats.
    #[divan::bench]
    fn copy_slice(bencher: Bencher<'_, '_>) {
        let samples = Picture::Slice.samples();
        bencher.counter(Picture::Slice.bytes()).bench(|| samples.to_vec());
    }
}

#[divan::bench(args = [RenderedMedia::Jpeg { quality: 90 }, RenderedMedia::Png])]
fn render_slice(bencher: Bencher<'_, '_>, media: RenderedMedia) {
    let (image, decoded) = (Picture::Slice.described(EXPLICIT), Picture::Slice.decoded());
    let options = RenderOptions { media, ..RenderOptions::default() };
    bencher.bench(|| render_decoded(&image, &decoded, &options));
}

#[divan::bench(args = [WindowFunction::Linear, WindowFunction::LinearExact, WindowFunction::Sigmoid])]
fn render_slice_by_window(bencher: Bencher<'_, '_>, function: WindowFunction) {
    let (image, decoded) = (Picture::Slice.described(EXPLICIT), Picture::Slice.decoded());
    let window = Some(Window { center: 1040.0, width: 300.0, function });
    let options = RenderOptions { window, media: RenderedMedia::Jpeg { quality: 80 }, ..RenderOptions::default() };
    bencher.bench(|| render_decoded(&image, &decoded, &options));
}

/// Most of it is the window over all samples, and the scaling.
#[divan::bench(args = [256, 1024])]
fn render_mammogram_to(bencher: Bencher<'_, '_>, side: u32) {
    let (image, decoded) = (Picture::Mammogram.described(EXPLICIT), Picture::Mammogram.decoded());
    let viewport = Some(Viewport { width: side, height: side, source: None });
    let options = RenderOptions { viewport, media: RenderedMedia::Jpeg { quality: 80 }, ..RenderOptions::default() };
    bencher.bench(|| render_decoded(&image, &decoded, &options));
}
