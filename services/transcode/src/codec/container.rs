//! From a codec's integers to the containers of the data set: width, byte order, sign, and where in a container the sample lies.
//!
//! A code stream of Bits Stored bits holds samples alone, wherever High Bit says that they lie in containers. One whose precision goes
//! up to High Bit holds containers as they were, and the sample is where PS3.5 §8.1.1 has it; beside it may be whatever a writer left there.

use super::{Job, reserve};
use crate::TranscodeError;
use crate::native::Bits;

/// What the values of a code stream are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    pub(super) precision: u16,
    /// It says of itself that they are signed: a flag that some encoders set wrongly.
    pub(super) is_signed: bool,
    /// They are not exactly what was encoded.
    pub(super) loses: bool,
}

impl Stream {
    /// Unsigned values, none of which is lost.
    pub(super) fn exact(precision: u16) -> Self {
        Self { precision, is_signed: false, loses: false }
    }

    pub(super) fn losing(self, loses: bool) -> Self {
        Self { loses, ..self }
    }
}

/// Writes the `values` of a stream in containers of Bits Allocated.
///
/// # Errors
/// As [`Beyond::check`].
pub(super) fn store<T>(job: &Job, stream: Stream, values: &[T], codec: &'static str) -> Result<Vec<u8>, TranscodeError>
where
    T: Copy + Into<i32>,
{
    Beyond::of(job, stream).check(values.iter().map(|&value| value.into()))?;
    let fit = Fit::of(job, stream);
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

/// What a stream's values have above High Bit, where its precision goes beyond that.
///
/// PS3.5 §8.2 has the precision of a stream be Bits Stored. A deeper one may hold no more than the header says, or old overlays beside the
/// samples, which then are declared (60xx,0100). Values that need its depth are not cut: the brightest would come out as the darkest.
pub(super) struct Beyond {
    /// The bits up to High Bit.
    kept: u32,
    /// Those of the stream above them; none where nothing can lie there, or where overlays do.
    above: u32,
    signed: bool,
    is_signed_stream: bool,
    /// The largest that lossy coding makes of a sample.
    most: i32,
}

impl Beyond {
    pub(super) fn of(job: &Job, stream: Stream) -> Self {
        let kept = job.high_bit + 1;
        let is_wanted = job.bits == Bits::Stored && is_alone(job, stream.precision) && !job.has_overlays;
        let above = if is_wanted { stream.precision.min(32).saturating_sub(kept) } else { 0 };
        Self {
            kept: kept.into(),
            above: above.into(),
            signed: job.signed,
            is_signed_stream: stream.is_signed,
            most: largest(job, stream).map_or(0, |largest| largest + largest / 4),
        }
    }

    /// # Errors
    /// `Mismatch` where a value needs more bits than are stored.
    pub(super) fn check(&self, mut values: impl Iterator<Item = i32>) -> Result<(), TranscodeError> {
        let is_within = |value| self.is_sign_or_zeros(value) || (0..=self.most).contains(&value);
        if self.above == 0 || values.all(is_within) {
            return Ok(());
        }
        Err(TranscodeError::mismatch(
            "BitsStored",
            "and HighBit are less than the samples of the compressed frame need",
        ))
    }

    /// Whether the bits above the sample repeat its sign, or are zeros: two's complement of Bits Stored, written either way. A stream that
    /// counts with signs itself has no other than them.
    fn is_sign_or_zeros(&self, value: i32) -> bool {
        let ones = u32::MAX >> (32 - self.above);
        let above = (value >> self.kept) as u32 & ones;
        let is_negative = value >> (self.kept - 1) & 1 == 1;
        match self.signed {
            false => above == 0,
            true if self.is_signed_stream => above == if is_negative { ones } else { 0 },
            true => above == 0 || (above == ones && is_negative),
        }
    }
}

/// The largest sample of Bits Stored, where lossy coding may have gone a little beyond it, as it does at edges: unsigned samples that lie
/// in the lowest bits of a deeper stream.
fn largest(job: &Job, stream: Stream) -> Option<i32> {
    let is_lowest = job.high_bit + 1 == job.bits_stored && stream.precision > job.bits_stored;
    let is_alone = job.bits == Bits::Stored && job.samples_per_pixel == 1 && !job.has_overlays;
    (stream.loses && is_lowest && is_alone && !job.signed && job.bits_stored < 31).then(|| (1 << job.bits_stored) - 1)
}

/// Whether unsigned samples of `bytes` bytes, as codecs deliver them, are already what [`store`] would make of them.
pub(super) fn is_stored(job: &Job, stream: Stream, bytes: usize) -> bool {
    cfg!(target_endian = "little")
        && job.sample_bytes() == bytes
        && Fit::of(job, stream).changes_nothing(stream.precision, job.bits_allocated)
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
    /// What lies above it is brought down to it.
    most: i32,
}

impl Fit {
    /// For the values of a stream.
    pub(super) fn of(job: &Job, stream: Stream) -> Self {
        let Stream { precision, is_signed: is_signed_stream, .. } = stream;
        let most = largest(job, stream).unwrap_or(i32::MAX);
        let (low, sample) = (low_bit(job, precision), precision.min(job.bits_stored));
        // A stream that counts with signs has spread them itself. In others, two's complement is in the low bits, with the sign or
        // with zeros above.
        let is_whole = if job.signed { is_signed_stream && low == 0 } else { !is_alone(job, precision) };
        match job.bits {
            Bits::Stored if is_whole => Self::new(job.signed, precision, precision),
            Bits::Stored => Self { most, ..Self::new(job.signed, low + sample, sample) },
            Bits::Allocated => {
                let at = job.high_bit + 1 - job.bits_stored;
                Self { raise: u32::from(at - low), ..Self::new(job.signed, precision, precision) }
            }
        }
    }

    /// The `bits` bits below bit `end`.
    fn new(signed: bool, end: u16, bits: u16) -> Self {
        let bits = u32::from(bits.clamp(1, 32));
        Self { up: 32 - u32::from(end).clamp(bits, 32), down: 32 - bits, raise: 0, signed, most: i32::MAX }
    }

    #[inline(always)]
    pub(super) fn apply(self, value: i32) -> i32 {
        let up = value.min(self.most) << self.up;
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
