//! The fast way for what nearly every image is: a line, clamped. Fixed-point, so that the compiler makes vector code of it.

use crate::{DecodedFrame, SampleFormat};

/// Fraction bits. With 255 in front of them, 2 * 255 * 2^20 still fits an `i32`.
const FRACTION: u32 = 20;

/// A clamped line `y = a * x + b` in fixed point.
#[derive(Clone, Copy)]
struct Line {
    /// Inputs below `first` or above `last` are as these two.
    first: i32,
    last: i32,
    slope: i32,
    /// The output at `first`, and a half for rounding.
    start: i32,
}

impl Line {
    /// `None` for a line that the fixed point can't hold to a sixteenth of a grey level: too steep, or off the range of samples.
    fn new(slope: f64, intercept: f64, least: i32, most: i32) -> Option<Self> {
        // Where the line leaves 0 to 255; a window of two values or fewer is better served by a table.
        let (a, b) = (-intercept / slope, (255.0 - intercept) / slope);
        if !(a.is_finite() && b.is_finite()) || (a - b).abs() < 2.0 {
            return None;
        }
        let first = (a.min(b).floor().max(f64::from(least))) as i32;
        let last = (a.max(b).ceil().min(f64::from(most))) as i32;
        if first >= last {
            return None;
        }
        let scale = f64::from(1 << FRACTION);
        // The slope's own rounding could turn a half to either side; a little more than its error makes halves go up.
        let up = scale / 2.0 + f64::from(last - first) / 2.0 + 1.0;
        let start = (slope * f64::from(first) + intercept) * scale + up;
        Some(Self { first, last, slope: (slope * scale).round() as i32, start: start.round() as i32 })
    }

    #[inline(always)]
    fn at(self, sample: i32) -> u8 {
        let x = sample.clamp(self.first, self.last) - self.first;
        let y = (x.wrapping_mul(self.slope).wrapping_add(self.start)) >> FRACTION;
        y.clamp(0, 255) as u8
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
