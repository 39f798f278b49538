//! The header of a JPEG 2000 code stream (ISO/IEC 15444-1 annex A), High-Throughput included (15444-15).

use std::ops::Range;

use super::{Image, be16, be32};

const SOC_SIZ: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
/// Boxes of a file that are looked at.
const MOST_BOXES: usize = 64;

/// What is read of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) image: Image,
    /// The 5-3 transformation: nothing need be lost.
    pub(super) reversible: bool,
}

/// Where the code stream is: all of it, or the `jp2c` box of a file (annex I).
pub(super) fn code_stream(bytes: &[u8]) -> Option<Range<usize>> {
    if bytes.starts_with(&SOC_SIZ) {
        return Some(0..bytes.len());
    }
    let mut at = 0;
    for _ in 0..MOST_BOXES {
        let (length, kind) = (be32(bytes, at)?, bytes.get(at + 4..at + 8)?);
        let (head, size) = match length {
            0 => (8, bytes.len() - at),
            1 => (16, usize::try_from(u64::from(be32(bytes, at + 8)?) << 32 | u64::from(be32(bytes, at + 12)?)).ok()?),
            length => (8, length as usize),
        };
        let end = at.checked_add(size).filter(|end| *end <= bytes.len() && size >= head)?;
        if kind == b"jp2c" {
            return bytes[at + head..end].starts_with(&SOC_SIZ).then_some(at + head..end);
        }
        at = end;
    }
    None
}

/// Reads the main header.
pub(super) fn read(stream: &[u8]) -> Option<Header> {
    let mut at = stream.starts_with(&SOC_SIZ).then_some(2)?;
    let mut size = None;
    loop {
        let (marker, length) = (be16(stream, at)?, usize::from(be16(stream, at + 2)?));
        let segment = stream.get(at + 4..at + 2 + length)?;
        match marker {
            0xFF51 => size = Some(segment),
            0xFF52 => {
                // SGcod: progression, layers, multiple component transformation; SPcod: levels, block, style, transformation.
                let (mixed, transformation) = (*segment.get(4)? != 0, *segment.get(9)?);
                let reversible = transformation == 1;
                return image(size?, mixed, reversible).map(|image| Header { image, reversible });
            }
            _ => {}
        }
        at += 2 + length;
    }
}

/// Rsiz, eight sizes, Csiz and the components' Ssiz: §A.5.1.
fn image(size: &[u8], mixed: bool, reversible: bool) -> Option<Image> {
    let extent = |far, near| u16::try_from(be32(size, far)?.checked_sub(be32(size, near)?)?).ok().filter(|n| *n > 0);
    let (columns, rows) = (extent(2, 10)?, extent(6, 14)?);
    let samples = be16(size, 34).filter(|samples| matches!(samples, 1 | 3))?;
    let depth = *size.get(36)?;
    let bits_stored = u16::from(depth & 0x7F) + 1;
    let photometric = match (samples, mixed, reversible) {
        (1, ..) => "MONOCHROME2",
        (_, false, _) => "RGB",
        (_, true, true) => "YBR_RCT",
        (_, true, false) => "YBR_ICT",
    };
    let signed = depth & 0x80 != 0;
    (bits_stored <= 16).then_some(Image { rows, columns, samples, bits_stored, signed, photometric })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{code_stream, read};

    fn stream(samples: u16, depth: u8, mixed: u8, transformation: u8) -> Vec<u8> {
        let mut out = vec![0xFF, 0x4F, 0xFF, 0x51];
        out.extend((38 + 3 * samples).to_be_bytes());
        out.extend([0, 0]);
        for number in [106u32, 54, 6, 4, 106, 54, 0, 0] {
            out.extend(number.to_be_bytes());
        }
        out.extend(samples.to_be_bytes());
        (0..samples).for_each(|_| out.extend([depth, 1, 1]));
        out.extend([0xFF, 0x52, 0, 12, 0, 0, 0, 1, mixed, 5, 4, 4, 0, transformation]);
        out
    }

    #[test]
    fn the_main_header_describes_the_image() {
        let header = read(&stream(1, 0x8B, 0, 1)).unwrap();
        assert_eq!((header.image.rows, header.image.columns, header.image.bits_stored), (50, 100, 12));
        assert!(header.image.signed && header.reversible);
        assert_eq!(read(&stream(3, 7, 1, 0)).unwrap().image.photometric, "YBR_ICT");
        assert_eq!(read(&stream(3, 7, 1, 1)).unwrap().image.photometric, "YBR_RCT");
        assert_eq!(read(&stream(3, 7, 0, 1)).unwrap().image.photometric, "RGB");
        let whole = stream(3, 7, 0, 1);
        assert!((0..whole.len()).all(|length| read(&whole[..length]).is_none()));
    }

    #[test]
    fn the_boxes_of_a_file_are_left_out() {
        let inner = stream(1, 7, 0, 1);
        let mut file = b"\0\0\0\x0CjP  \r\n\x87\n".to_vec();
        file.extend((inner.len() as u32 + 8).to_be_bytes());
        file.extend(b"jp2c");
        file.extend(&inner);
        assert_eq!(file[code_stream(&file).unwrap()], inner[..]);
        assert_eq!(code_stream(&inner), Some(0..inner.len()));
        assert_eq!(code_stream(b"\0\0\0\x0CjP  \r\n\x87\n"), None);
        assert_eq!(code_stream(&[0; 64]), None);
    }
}
