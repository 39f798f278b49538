//! A frame as numbers.

use bytes::Bytes;

use crate::{PhotometricInterpretation, SampleFormat};

/// One frame, decoded: little endian samples, colour by pixel, nothing but samples in them.
///
/// A sample fills its container: bits above Bits Stored repeat the sign, or are zero.
#[derive(Debug, Clone)]
pub struct DecodedFrame {
    /// Exactly `rows * columns * samples_per_pixel * format.bytes()` bytes.
    pub samples: Bytes,
    /// Rows (0028,0010).
    pub rows: u16,
    /// Columns (0028,0011).
    pub columns: u16,
    /// 1 or 3.
    pub samples_per_pixel: u16,
    /// What a sample is, and how many bytes it has.
    pub format: SampleFormat,
    /// Bits of a sample that carry information.
    pub bits_stored: u16,
    /// The colour space of the samples: a decoder may have left another one than the data set names.
    pub photometric_interpretation: PhotometricInterpretation,
}

impl DecodedFrame {
    /// Rows times Columns.
    #[must_use]
    pub fn pixels(&self) -> usize {
        usize::from(self.rows) * usize::from(self.columns)
    }
}
