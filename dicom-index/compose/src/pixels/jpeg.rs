//! The header of a JPEG (ISO/IEC 10918-1) or JPEG-LS (ISO/IEC 14495-1) stream.

use super::{Image, be16};

/// What is read of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) image: Image,
    /// The transfer syntax of its process; `None` where there is none (progressive, hierarchical, arithmetic).
    pub(super) transfer_syntax_uid: Option<&'static str>,
}

/// What a frame header says (§B.2.2).
struct Frame {
    marker: u8,
    precision: u16,
    rows: u16,
    columns: u16,
    /// Component identifiers and sampling factors.
    components: Vec<(u8, u8)>,
}

/// Reads up to the first scan.
pub(super) fn read(stream: &[u8]) -> Option<Header> {
    let mut at = stream.starts_with(&[0xFF, 0xD8]).then_some(2)?;
    let (mut frame, mut adobe) = (None, None);
    loop {
        // Fill bytes may stand before a marker (§B.1.1.2).
        let marker = *stream.get(at + 1).filter(|_| stream[at] == 0xFF)?;
        if marker == 0xFF {
            at += 1;
            continue;
        }
        let length = usize::from(be16(stream, at + 2)?);
        let segment = stream.get(at + 4..at + 2 + length)?;
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7 => {
                frame = Some(frame_header(marker, segment)?)
            }
            0xEE if segment.starts_with(b"Adobe") => adobe = segment.get(11).copied(),
            0xDA => return header(&frame?, segment, adobe),
            _ => {}
        }
        at += 2 + length;
    }
}

fn frame_header(marker: u8, segment: &[u8]) -> Option<Frame> {
    let count = usize::from(*segment.get(5)?);
    let components = segment.get(6..6 + 3 * count)?.chunks_exact(3).map(|one| (one[0], one[1])).collect();
    Some(Frame {
        marker,
        precision: segment[0].into(),
        rows: be16(segment, 1)?,
        columns: be16(segment, 3)?,
        components,
    })
}

fn header(frame: &Frame, scan: &[u8], adobe: Option<u8>) -> Option<Header> {
    // After the components of the scan: the selection value of lossless JPEG, NEAR of JPEG-LS.
    let first = *scan.get(1 + 2 * usize::from(*scan.first()?))?;
    let transfer_syntax_uid = match (frame.marker, first) {
        (0xC0, _) => Some("1.2.840.10008.1.2.4.50"),
        (0xC1, _) => Some("1.2.840.10008.1.2.4.51"),
        (0xC3, 1) => Some("1.2.840.10008.1.2.4.70"),
        (0xC3, _) => Some("1.2.840.10008.1.2.4.57"),
        (0xF7, 0) => Some("1.2.840.10008.1.2.4.80"),
        (0xF7, _) => Some("1.2.840.10008.1.2.4.81"),
        _ => None,
    };
    let sized = frame.rows > 0 && frame.columns > 0 && (1..=16).contains(&frame.precision);
    let samples = u16::try_from(frame.components.len()).ok().filter(|samples| matches!(samples, 1 | 3))?;
    sized.then(|| Header {
        image: Image {
            rows: frame.rows,
            columns: frame.columns,
            samples,
            bits_stored: frame.precision,
            signed: false,
            photometric: photometric(frame, adobe),
        },
        transfer_syntax_uid,
    })
}

/// PS3.5 §8.2.1: lossy colour is YCbCr unless the stream says otherwise; lossless is what was put in.
fn photometric(frame: &Frame, adobe: Option<u8>) -> &'static str {
    let lossy = matches!(frame.marker, 0xC0..=0xC2);
    let letters = frame.components.iter().map(|(id, _)| *id).eq(*b"RGB");
    match (frame.components.len(), adobe) {
        (1, _) => "MONOCHROME2",
        (_, Some(0)) => "RGB",
        (_, None) if letters || !lossy => "RGB",
        _ if frame.components[0].1 == 0x11 => "YBR_FULL",
        _ => "YBR_FULL_422",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::read;

    fn stream(marker: u8, components: &[[u8; 3]], scan: u8, more: &[u8]) -> Vec<u8> {
        let mut out = [b"\xFF\xD8".as_slice(), more].concat();
        out.extend([0xFF, marker, 0, 8 + 3 * components.len() as u8, 8, 0, 4, 0, 6, components.len() as u8]);
        out.extend(components.concat());
        out.extend([0xFF, 0xDA, 0, 6 + 2 * components.len() as u8, components.len() as u8]);
        components.iter().for_each(|component| out.extend([component[0], 0]));
        out.extend([scan, 63, 0]);
        out
    }

    #[test]
    fn the_process_decides_the_transfer_syntax() {
        let grey = [[1, 0x11, 0]];
        for (marker, scan, end) in
            [(0xC0, 0, "50"), (0xC1, 0, "51"), (0xC3, 1, "70"), (0xC3, 4, "57"), (0xF7, 0, "80"), (0xF7, 2, "81")]
        {
            let header = read(&stream(marker, &grey, scan, b"\xFF\xFF")).unwrap();
            assert!(header.transfer_syntax_uid.unwrap().ends_with(end));
            assert_eq!((header.image.rows, header.image.columns, header.image.photometric), (4, 6, "MONOCHROME2"));
        }
        assert_eq!(read(&stream(0xC2, &grey, 0, b"")).unwrap().transfer_syntax_uid, None, "progressive");
    }

    #[test]
    fn colour_is_what_the_stream_says() {
        let ybr = [[1, 0x21, 0], [2, 0x11, 1], [3, 0x11, 1]];
        let photometric = |marker, components: &[[u8; 3]], more: &[u8]| {
            read(&stream(marker, components, 0, more)).unwrap().image.photometric
        };
        assert_eq!(photometric(0xC0, &ybr, b""), "YBR_FULL_422");
        assert_eq!(photometric(0xC0, &[[1, 0x11, 0], [2, 0x11, 1], [3, 0x11, 1]], b""), "YBR_FULL");
        assert_eq!(photometric(0xC0, &[[b'R', 0x11, 0], [b'G', 0x11, 0], [b'B', 0x11, 0]], b""), "RGB");
        assert_eq!(photometric(0xC0, &ybr, b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0\0"), "RGB");
        assert_eq!(photometric(0xF7, &ybr, b""), "RGB");
    }

    #[test]
    fn what_is_cut_is_none() {
        let whole = stream(0xC0, &[[1, 0x11, 0]], 0, b"");
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_none(), "{length}");
        }
    }
}
