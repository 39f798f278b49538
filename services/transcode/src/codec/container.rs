//! From a codec's integers to the containers of the data set: width, byte order, sign, and where in a container the sample lies.
//!
//! A code stream of Bits Stored bits holds samples alone, wherever High Bit says that they lie in containers. One whose precision goes
//! up to High Bit holds containers as they were, and the sample is where PS3.5 §8.1.1 has it; beside it may be whatever a writer left there.

use super::{Job, reserve};
use crate::TranscodeError;
use crate::native::Bits;

/// Writes `values`, of `precision` bits each, in containers of Bits Allocated.
pub(super) fn store<T>(job: &Job, precision: u16, values: &[T], codec: &'static str) -> Result<Vec<u8>, TranscodeError>
where
    T: Copy + Into<i32>,
{
    let fit = Fit::of(job, precision, false);
    let size = job.sample_bytes();
    let mut out: Vec<u8> = reserve(values.len() * size, codec)?;
    out.resize(values.len() * size, 0);
    match size {
        1 => out.iter_mut().zip(values).for_each(|(byte, &value)| *byte = fit.apply(value.into()) as u8),
        2 => (out.chunks_exact_mut(2).zip(values))
            .for_each(|(bytes, &value)| bytes.copy_from_slice(&(fit.apply(value.into()) as u16).to_le_bytes())),
        _ => (out.chunks_exact_mut(4).zip(values))
            .for_each(|(bytes, &value)| bytes.copy_from_slice(&fit.apply(value.into()).to_le_bytes())),
    }
    Ok(out)
}

/// Whether unsigned samples of `bytes` bytes, as codecs deliver them, are already what [`store`] would make of them.
pub(super) fn is_stored(job: &Job, precision: u16, bytes: usize) -> bool {
    cfg!(target_endian = "little")
        && job.sample_bytes() == bytes
        && Fit::of(job, precision, false).changes_nothing(precision, job.bits_allocated)
}

/// The bits that carry information in a sample that is decoded from a stream of `precision` bits.
pub(super) fn bits_stored(job: &Job, precision: u16) -> u16 {
    match job.bits {
        Bits::Allocated => job.bits_allocated,
        Bits::Stored if is_alone(job, precision) => job.bits_stored,
        Bits::Stored => job.bits_stored.max(precision),
    }
}

/// The bit of a stream's values at which the sample begins.
fn low_bit(job: &Job, precision: u16) -> u16 {
    if precision > job.high_bit { job.high_bit + 1 - job.bits_stored } else { 0 }
}

/// Whether what is beside a wanted sample is left out. Colours have nothing beside them, and some writers tell too few bits of theirs.
fn is_alone(job: &Job, precision: u16) -> bool {
    job.samples_per_pixel == 1 || low_bit(job, precision) > 0
}

/// Cuts the wanted bits out of a value, and gives them the meaning and the place that the data set asks for.
#[derive(Clone, Copy)]
pub(super) struct Fit {
    /// Up, so that the highest wanted bit is the highest of all.
    up: u32,
    /// Down again, which carries the sign.
    down: u32,
    /// Up to where the container has the sample.
    raise: u32,
    signed: bool,
}

impl Fit {
    /// For the values of a stream of `precision` bits, which says of itself whether they are signed: a flag that some encoders set wrongly.
    pub(super) fn of(job: &Job, precision: u16, is_signed_stream: bool) -> Self {
        let (low, sample) = (low_bit(job, precision), precision.min(job.bits_stored));
        // A stream that counts with signs has spread them itself. In others, two's complement is in the low bits, with the sign or
        // with zeros above.
        let is_whole = if job.signed { is_signed_stream && low == 0 } else { !is_alone(job, precision) };
        match job.bits {
            Bits::Stored if is_whole => Self::new(job.signed, precision, precision),
            Bits::Stored => Self::new(job.signed, low + sample, sample),
            Bits::Allocated => {
                let at = job.high_bit + 1 - job.bits_stored;
                Self { raise: u32::from(at - low), ..Self::new(job.signed, precision, precision) }
            }
        }
    }

    /// The `bits` bits below bit `end`.
    fn new(signed: bool, end: u16, bits: u16) -> Self {
        let bits = u32::from(bits.clamp(1, 32));
        Self { up: 32 - u32::from(end).clamp(bits, 32), down: 32 - bits, raise: 0, signed }
    }

    #[inline(always)]
    pub(super) fn apply(self, value: i32) -> i32 {
        let up = value << self.up;
        let cut = if self.signed { up >> self.down } else { (up as u32 >> self.down) as i32 };
        cut << self.raise
    }

    /// Whether values from 0 to the largest of `precision` bits, in containers of `allocated` bits, stay as they are.
    fn changes_nothing(self, precision: u16, allocated: u16) -> bool {
        let kept = 32 - self.down;
        let is_whole = if self.signed { kept == u32::from(allocated) } else { kept >= u32::from(precision) };
        is_whole && self.up == self.down && self.raise == 0
    }
}

#[cfg(test)]
#[path = "container/tests.rs"]
mod tests;
