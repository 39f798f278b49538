//! The headers of videos: MP4 files (ISO/IEC 14496-12) and MPEG-2 streams (ISO/IEC 13818-2).

use super::{Image, be16, be32};

/// Boxes of one level that are looked at.
const MOST_BOXES: usize = 1_000;

/// What is read of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) image: Image,
    pub(super) transfer_syntax_uid: Option<&'static str>,
    pub(super) frames: Option<usize>,
}

/// Colour as every video has it: PS3.5 §8.2.5 to §8.2.9.
fn image(rows: u16, columns: u16) -> Option<Image> {
    (rows > 0 && columns > 0).then_some(Image {
        rows,
        columns,
        samples: 3,
        bits_stored: 8,
        signed: false,
        photometric: "YBR_PARTIAL_420",
    })
}

/// Content of the first box of this kind.
fn content<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    let mut at = 0;
    for _ in 0..MOST_BOXES {
        let (head, size) = match be32(bytes, at)? {
            0 => (8, bytes.len() - at),
            1 => (16, usize::try_from(u64::from(be32(bytes, at + 8)?) << 32 | u64::from(be32(bytes, at + 12)?)).ok()?),
            length => (8, length as usize),
        };
        let end = at.checked_add(size).filter(|end| *end <= bytes.len() && size >= head)?;
        if bytes.get(at + 4..at + 8)? == kind {
            return Some(&bytes[at + head..end]);
        }
        at = end;
    }
    None
}

/// An MP4 file: the first track's first sample description.
pub(super) fn mp4(file: &[u8]) -> Option<Header> {
    let table = [b"moov", b"trak", b"mdia", b"minf", b"stbl"].into_iter().try_fold(file, content)?;
    // Version and flags, the number of entries, then the first: size, kind, and 24 bytes before its width and height.
    let entry = content(table, b"stsd")?.get(8..)?;
    let (kind, columns, rows) = (entry.get(4..8)?, be16(entry, 32)?, be16(entry, 34)?);
    let transfer_syntax_uid = match kind {
        b"avc1" | b"avc3" => avc(content(entry.get(86..)?, b"avcC")?),
        b"hvc1" | b"hev1" => hevc(content(entry.get(86..)?, b"hvcC")?),
        _ => None,
    };
    let frames = content(table, b"stsz").and_then(|sizes| be32(sizes, 8)).map(|count| count as usize);
    Some(Header { image: image(rows, columns)?, transfer_syntax_uid, frames })
}

/// MPEG-4 AVC High Profile at level 4.1 or 4.2 (PS3.5 §8.2.7, §8.2.8), by the profile and level of its configuration.
fn avc(configuration: &[u8]) -> Option<&'static str> {
    match (configuration.get(1)?, configuration.get(3)?) {
        (66 | 77 | 100, 0..=41) => Some("1.2.840.10008.1.2.4.102"),
        (66 | 77 | 100, 42) => Some("1.2.840.10008.1.2.4.104"),
        _ => None,
    }
}

/// HEVC Main or Main 10 Profile at level 5.1 (PS3.5 §8.2.9, §8.2.10).
fn hevc(configuration: &[u8]) -> Option<&'static str> {
    match (configuration.get(1)? & 0x1F, configuration.get(12)?) {
        (1, 0..=153) => Some("1.2.840.10008.1.2.4.107"),
        (2, 0..=153) => Some("1.2.840.10008.1.2.4.108"),
        _ => None,
    }
}

/// An MPEG-2 stream: its sequence header (§6.2.2.1), and the pictures that begin in it.
pub(super) fn mpeg2(stream: &[u8]) -> Option<Header> {
    let start = stream.windows(4).take(1 << 20).position(|code| code == [0, 0, 1, 0xB3])?;
    let size = stream.get(start + 4..start + 7)?;
    let columns = u16::from(size[0]) << 4 | u16::from(size[1] >> 4);
    let rows = u16::from(size[1] & 0x0F) << 8 | u16::from(size[2]);
    // Main Level ends at 720 by 576 (PS3.5 §8.2.5).
    let main_level = columns <= 720 && rows <= 576;
    let uid = if main_level { "1.2.840.10008.1.2.4.100" } else { "1.2.840.10008.1.2.4.101" };
    let pictures = stream.windows(4).filter(|code| *code == [0, 0, 1, 0]).count();
    Some(Header { image: image(rows, columns)?, transfer_syntax_uid: Some(uid), frames: Some(pictures) })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{mp4, mpeg2};

    fn nested(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
    }

    fn file(entry: &[u8; 4], configuration: &[u8; 4], bytes: &[u8]) -> Vec<u8> {
        let mut description = vec![0; 78];
        description[24..28].copy_from_slice(&[2, 128, 1, 224]);
        description.extend(nested(configuration, bytes));
        let stsd = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &nested(entry, &description)].concat();
        let stsz = [[0; 8], [0, 0, 0, 30, 0, 0, 0, 0]].concat();
        let table = [nested(b"stsd", &stsd), nested(b"stsz", &stsz)].concat();
        let boxes = [b"stbl", b"minf", b"mdia", b"trak", b"moov"];
        let movie = boxes.into_iter().fold(table, |inner, kind| nested(kind, &inner));
        [nested(b"ftyp", b"isom"), nested(b"mdat", &[0; 64]), movie].concat()
    }

    #[test]
    fn an_mp4_file_says_what_its_first_track_is() {
        let avc = file(b"avc1", b"avcC", &[1, 100, 0, 41]);
        let header = mp4(&avc).unwrap();
        assert_eq!((header.image.columns, header.image.rows, header.frames), (640, 480, Some(30)));
        assert_eq!(header.transfer_syntax_uid, Some("1.2.840.10008.1.2.4.102"));
        let mut configuration = vec![1, 2];
        configuration.resize(12, 0);
        configuration.push(153);
        let hevc = mp4(&file(b"hvc1", b"hvcC", &configuration)).unwrap();
        assert_eq!(hevc.transfer_syntax_uid, Some("1.2.840.10008.1.2.4.108"));
        assert_eq!(mp4(&file(b"avc1", b"avcC", &[1, 100, 0, 51])).unwrap().transfer_syntax_uid, None);
        assert!((0..avc.len()).all(|length| mp4(&avc[..length]).is_none()));
    }

    #[test]
    fn an_mpeg_2_stream_counts_its_pictures() {
        let stream = [&[9, 0, 0, 1, 0xB3, 0x2D, 0x02, 0x40][..], &[0, 0, 1, 0, 7, 0, 0, 1, 0]].concat();
        let header = mpeg2(&stream).unwrap();
        assert_eq!((header.image.columns, header.image.rows, header.frames), (720, 576, Some(2)));
        assert_eq!(header.transfer_syntax_uid, Some("1.2.840.10008.1.2.4.100"));
        assert!(mpeg2(b"").is_none());
    }
}
