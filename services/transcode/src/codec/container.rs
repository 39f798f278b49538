//! From a codec's integers to the containers of the data set: width, byte order and sign.

use super::{Job, reserve};
use crate::TranscodeError;

/// Writes `values`, of `precision` bits each, in containers of Bits Allocated.
///
/// When the data set is signed, the low bits of a value are read as two's complement: as many as are stored, for a stream may say
/// that all bits of a container count, whether its encoder filled them up with the sign or with zeros.
pub(super) fn store<T>(job: &Job, precision: u16, values: &[T], codec: &'static str) -> Result<Vec<u8>, TranscodeError>
where
    T: Copy + Into<i32>,
{
    let bits = if job.signed { precision.min(job.bits_stored) } else { precision };
    let fit = Fit::new(job.signed, bits);
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

/// Whether samples of `bytes` bytes, as codecs deliver them, are already what [`store`] would make of them.
pub(super) fn is_stored(job: &Job, precision: u16, bytes: usize) -> bool {
    let is_filled = precision.min(job.bits_stored) == job.bits_allocated;
    cfg!(target_endian = "little") && job.sample_bytes() == bytes && (!job.signed || is_filled)
}

/// Keeps the low bits of a value, and gives them the meaning that the data set asks for.
#[derive(Clone, Copy)]
pub(super) struct Fit {
    shift: u32,
    signed: bool,
}

impl Fit {
    pub(super) fn new(signed: bool, bits: u16) -> Self {
        Self { shift: 32 - u32::from(bits.clamp(1, 32)), signed }
    }

    #[inline(always)]
    pub(super) fn apply(self, value: i32) -> i32 {
        let up = value << self.shift;
        if self.signed { up >> self.shift } else { (up as u32 >> self.shift) as i32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_a_value_are_read_with_the_sign_of_the_data_set() {
        let (signed, unsigned) = (Fit::new(true, 13), Fit::new(false, 13));
        assert_eq!(signed.apply(6192), -2000);
        assert_eq!(signed.apply(-2000), -2000);
        assert_eq!(unsigned.apply(-2000), 6192);
        assert_eq!(unsigned.apply(6192), 6192);
        assert_eq!(Fit::new(true, 32).apply(i32::MIN), i32::MIN);
    }
}
