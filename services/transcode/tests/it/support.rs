//! Descriptions, transcoders and samples for the tests.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use transcode::{ImageDescription, Options, Transcoder, WorkerCommand};

pub(crate) const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
pub(crate) const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";
pub(crate) const DEFLATED_FRAME: &str = "1.2.840.10008.1.2.8.1";
pub(crate) const RLE: &str = "1.2.840.10008.1.2.5";
pub(crate) const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";
pub(crate) const JPEG_EXTENDED: &str = "1.2.840.10008.1.2.4.51";
pub(crate) const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
pub(crate) const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
pub(crate) const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";
pub(crate) const HTJ2K_LOSSLESS: &str = "1.2.840.10008.1.2.4.201";
pub(crate) const HTJ2K_RPCL: &str = "1.2.840.10008.1.2.4.202";

/// The options of the product, with our own worker and little patience.
pub(crate) fn options() -> Options {
    let program = env!("CARGO_BIN_EXE_codec-worker").into();
    Options {
        workers: 2,
        time_limit: Duration::from_secs(20),
        ..Options::new(WorkerCommand { program, args: Vec::new() })
    }
}

pub(crate) fn transcoder() -> Arc<Transcoder> {
    Transcoder::start(options()).unwrap()
}

/// An image's shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) rows: u16,
    pub(crate) columns: u16,
    pub(crate) samples: u16,
    pub(crate) allocated: u16,
    pub(crate) stored: u16,
    pub(crate) signed: bool,
}

/// 48 rows of 64, grey, unsigned.
pub(crate) fn grey(allocated: u16, stored: u16) -> Shape {
    Shape { rows: 48, columns: 64, samples: 1, allocated, stored, signed: false }
}

impl Shape {
    pub(crate) fn signed(self) -> Self {
        Self { signed: true, ..self }
    }

    pub(crate) fn colour(self) -> Self {
        Self { samples: 3, ..self }
    }

    pub(crate) fn count(&self) -> usize {
        usize::from(self.rows) * usize::from(self.columns) * usize::from(self.samples)
    }

    pub(crate) fn metadata(&self) -> Map<String, Value> {
        let photometric = if self.samples == 3 { "RGB" } else { "MONOCHROME2" };
        let us = |value: u16| json!({"vr": "US", "Value": [value]});
        let Value::Object(map) = json!({
            "00280002": us(self.samples), "00280004": {"vr": "CS", "Value": [photometric]},
            "00280010": us(self.rows), "00280011": us(self.columns),
            "00280100": us(self.allocated), "00280101": us(self.stored), "00280102": us(self.stored - 1),
            "00280103": us(u16::from(self.signed)),
        }) else {
            unreachable!()
        };
        map
    }

    pub(crate) fn describe(&self, transfer_syntax_uid: &str) -> ImageDescription {
        ImageDescription::from_json(&self.metadata(), transfer_syntax_uid, 1).unwrap()
    }

    /// Values over the whole range of the stored bits: slopes with some noise, the same each time.
    pub(crate) fn values(&self) -> Vec<i32> {
        let mut state = 1_u32;
        let range = 1_u32 << self.stored;
        (0..self.count() as u32)
            .map(|index| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = ((index * 37) / 8 + (state >> 30)) % range;
                if self.signed { value as i32 - (range / 2) as i32 } else { value as i32 }
            })
            .collect()
    }

    /// Values in the containers of Pixel Data.
    pub(crate) fn bytes(&self, values: &[i32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()[..usize::from(self.allocated / 8)].to_vec()).collect()
    }
}
