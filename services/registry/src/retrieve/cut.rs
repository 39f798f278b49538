//! Frames that are no run of bytes of their object: of one-bit images, and within deflated data sets.

use bytes::Bytes;
use index_guard::PixelData;
use index_model::{FrameIndex, InstanceEntry};
use runtime::Demand;

use crate::{Registry, RegistryError};

impl Registry {
    /// Frames that don't lie on byte boundaries, or inside a deflated data set.
    pub(super) async fn cut_frame(
        &self,
        demand: Demand,
        entry: &InstanceEntry,
        object: &str,
        number: u32,
    ) -> Result<Bytes, RegistryError> {
        let whole = self.0.objects.get(object).await?;
        let index = entry.frames.clone();
        let cut = self.0.cpu.run_for(demand, move || match index {
            FrameIndex::Native { offset, frame_bits, count } if number <= count => {
                let value = whole.get(usize::try_from(offset).ok()?..)?;
                cut_bits(value, u64::from(number - 1) * frame_bits, frame_bits)
            }
            FrameIndex::Deflated { count } if number <= count => {
                let value = inflated(&whole)?;
                let bits = value.len() as u64 * 8 / u64::from(count);
                cut_bits(&value, u64::from(number - 1) * bits, bits)
            }
            _ => None,
        });
        cut.await?.ok_or(RegistryError::NotFound)
    }
}

/// Pixel Data out of a deflated data set.
pub(crate) fn inflated(file: &[u8]) -> Option<Bytes> {
    let scanned = index_guard::scan_file(file, &index_guard::Limits::default()).ok()?;
    let Some(PixelData::Native { offset, length }) = scanned.pixel_data else { return None };
    let inflated = Bytes::from(scanned.inflated?);
    (offset.checked_add(length)? <= inflated.len()).then(|| inflated.slice(offset..offset + length))
}

/// `bits` bits from bit `start`, packed from the least significant bit on (PS3.5 §8.1.1); what is left of the last byte is zero.
fn cut_bits(value: &[u8], start: u64, bits: u64) -> Option<Bytes> {
    let first = usize::try_from(start / 8).ok()?;
    let length = usize::try_from(bits.div_ceil(8)).ok()?;
    let shift = (start % 8) as u32;
    let end = first.checked_add(length)?;
    if usize::try_from((start + bits).div_ceil(8)).ok()? > value.len() {
        return None;
    }
    let byte = |at: usize| u16::from(value.get(at).copied().unwrap_or(0));
    let mut cut: Vec<u8> = match shift {
        0 => value.get(first..end)?.to_vec(),
        _ => (first..end).map(|at| ((byte(at) | (byte(at + 1) << 8)) >> shift) as u8).collect(),
    };
    if let (Some(last), used @ 1..) = (cut.last_mut(), bits % 8) {
        *last &= (1u8 << used) - 1;
    }
    Some(cut.into())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::cut_bits;

    #[test]
    fn frames_of_one_bit_images_are_cut_between_bytes() {
        // Two frames of 12 bits: 0xABC and 0x123, least significant bit first.
        let packed = [0xbc, 0x3a, 0x12];
        assert_eq!(&cut_bits(&packed, 0, 12).unwrap()[..], &[0xbc, 0x0a]);
        assert_eq!(&cut_bits(&packed, 12, 12).unwrap()[..], &[0x23, 0x01]);
        assert!(cut_bits(&packed, 24, 12).is_none());
    }
}
