//! The fast way for what nearly every image is: a line, clamped. Written so that the compiler makes vector code of it even for the
//! oldest x86-64: single floats, which have minimum, maximum and conversion there, where integers have not.

use crate::{DecodedFrame, SampleFormat};

/// A clamped line `y = a * x + b`.
#[derive(Clone, Copy)]
struct Line {
    /// The input at which the output starts to change, and how far it does.
    first: f32,
    range: f32,
    slope: f32,
    /// The output at `first`.
    start: f32,
}

/// Added to a number from 0 to 255, it leaves the nearest integer in the lowest bits.
const ROUNDING: f32 = 8_388_608.0;

/// Makes halves go up, whatever the error of a single: at most 510 times 2^-24.
const HALF_UP: f64 = 1e-4;

impl Line {
    /// `None` when the line does not change between `least` and `most`.
    fn new(slope: f64, intercept: f64, least: i32, most: i32) -> Option<Self> {
        // Only where the output changes are inputs told apart, so that products stay small and singles exact.
        let (a, b) = (-intercept / slope, (255.0 - intercept) / slope);
        if !(a.is_finite() && b.is_finite()) {
            return None;
        }
        let first = a.min(b).floor().max(f64::from(least));
        let last = a.max(b).ceil().min(f64::from(most));
        let start = slope * first + intercept + HALF_UP;
        (first < last).then_some(Self {
            first: first as f32,
            range: (last - first) as f32,
            slope: slope as f32,
            start: start as f32,
        })
    }

    #[inline(always)]
    fn at(self, sample: i32) -> u8 {
        let x = (sample as f32 - self.first).clamp(0.0, self.range);
        let y = (x * self.slope + self.start).clamp(0.0, 255.0);
        (y + ROUNDING).to_bits() as u8
    }
}

/// Renders 8- and 16-bit samples; `None` when a table must.
pub(super) fn render(frame: &DecodedFrame, slope: f64, intercept: f64) -> Option<Vec<u8>> {
    let samples = &frame.samples;
    Some(match frame.format {
        SampleFormat::U8 => {
            let line = Line::new(slope, intercept, 0, 255)?;
            samples.iter().map(|&sample| line.at(i32::from(sample))).collect()
        }
        SampleFormat::I8 => {
            let line = Line::new(slope, intercept, -128, 127)?;
            samples.iter().map(|&sample| line.at(i32::from(sample as i8))).collect()
        }
        SampleFormat::U16 => {
            let line = Line::new(slope, intercept, 0, 65_535)?;
            let values = samples.chunks_exact(2).map(|word| u16::from_le_bytes([word[0], word[1]]));
            values.map(|value| line.at(i32::from(value))).collect()
        }
        SampleFormat::I16 => {
            let line = Line::new(slope, intercept, -32_768, 32_767)?;
            let values = samples.chunks_exact(2).map(|word| i16::from_le_bytes([word[0], word[1]]));
            values.map(|value| line.at(i32::from(value))).collect()
        }
        _ => return None,
    })
}
