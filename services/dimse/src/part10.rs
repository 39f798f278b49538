//! The header that turns a data set into a Part 10 file, and back: PS3.10 §7.1.

use index_model::{AeTitle, Uid};

use crate::association::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};

/// What the file meta information says of the data set after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// MediaStorageSOPClassUID (0002,0002).
    pub sop_class: Uid,
    /// MediaStorageSOPInstanceUID (0002,0003).
    pub sop_instance: Uid,
    /// TransferSyntaxUID (0002,0010).
    pub transfer_syntax: String,
}

/// The bytes are no Part 10 file with a usable header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Part 10 file: {0}")]
pub struct NotPart10(&'static str);

/// Preamble, prefix and file meta information. `source` is who sent the data set.
pub fn header(meta: &Meta, source: &AeTitle) -> Vec<u8> {
    let mut group = Vec::with_capacity(300);
    // FileMetaInformationVersion (0002,0001).
    group.extend_from_slice(&[2, 0, 1, 0, b'O', b'B', 0, 0, 2, 0, 0, 0, 0, 1]);
    element(&mut group, 0x0002, *b"UI", meta.sop_class.as_str(), 0);
    element(&mut group, 0x0003, *b"UI", meta.sop_instance.as_str(), 0);
    element(&mut group, 0x0010, *b"UI", &meta.transfer_syntax, 0);
    element(&mut group, 0x0012, *b"UI", IMPLEMENTATION_CLASS_UID, 0);
    element(&mut group, 0x0013, *b"SH", IMPLEMENTATION_VERSION_NAME, b' ');
    element(&mut group, 0x0016, *b"AE", source.as_str(), b' ');

    let mut header = vec![0; 128];
    header.extend_from_slice(b"DICM");
    header.extend_from_slice(&[2, 0, 0, 0, b'U', b'L', 4, 0]);
    header.extend_from_slice(&u32::try_from(group.len()).unwrap_or(0).to_le_bytes());
    header.append(&mut group);
    header
}

fn element(group: &mut Vec<u8>, element: u16, vr: [u8; 2], value: &str, padding: u8) {
    let padded = value.len() + value.len() % 2;
    group.extend_from_slice(&[2, 0]);
    group.extend_from_slice(&element.to_le_bytes());
    group.extend_from_slice(&vr);
    // Values here have at most 64 bytes.
    group.extend_from_slice(&u16::try_from(padded).unwrap_or(0).to_le_bytes());
    group.extend_from_slice(value.as_bytes());
    group.resize(group.len() + padded - value.len(), padding);
}

/// The file meta information of a Part 10 file and where its data set begins.
///
/// # Errors
/// [`NotPart10`] when the prefix or one of the three UIDs is missing, or a length leads out of the file.
pub fn split(bytes: &[u8]) -> Result<(Meta, usize), NotPart10> {
    if bytes.get(128..132) != Some(b"DICM") {
        return Err(NotPart10("the prefix DICM"));
    }
    let (mut sop_class, mut sop_instance, mut transfer_syntax) = (None, None, None);
    let mut at = 132;
    while let Some(&[2, 0, e0, e1, v0, v1, l0, l1]) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let (start, length) = if matches!(&[v0, v1], b"OB" | b"UN" | b"OW" | b"UT") {
            let long =
                bytes.get(at + 8..at + 12).and_then(<[u8]>::first_chunk).ok_or(NotPart10("an element's length"))?;
            (at + 12, usize::try_from(u32::from_le_bytes(*long)).unwrap_or(usize::MAX))
        } else {
            (at + 8, usize::from(u16::from_le_bytes([l0, l1])))
        };
        let end = start.checked_add(length).ok_or(NotPart10("an element's length"))?;
        let value = bytes.get(start..end).ok_or(NotPart10("an element's length"))?;
        let text = || std::str::from_utf8(value).ok().map(|text| text.trim_end_matches(['\0', ' ']));
        match u16::from_le_bytes([e0, e1]) {
            0x0002 => sop_class = text().and_then(|text| Uid::parse(text).ok()),
            0x0003 => sop_instance = text().and_then(|text| Uid::parse(text).ok()),
            0x0010 => transfer_syntax = text().map(str::to_owned),
            _ => {}
        }
        at = end;
    }
    let meta = Meta {
        sop_class: sop_class.ok_or(NotPart10("MediaStorageSOPClassUID"))?,
        sop_instance: sop_instance.ok_or(NotPart10("MediaStorageSOPInstanceUID"))?,
        transfer_syntax: transfer_syntax.ok_or(NotPart10("TransferSyntaxUID"))?,
    };
    Ok((meta, at))
}

/// Where the data set of a Part 10 file begins, by structure alone; `None` when it is none, or its first element is not there yet.
pub fn data_set_offset(bytes: &[u8]) -> Option<usize> {
    if bytes.get(128..132) != Some(b"DICM") {
        return None;
    }
    let mut at = 132;
    loop {
        let &[g0, g1, _, _, v0, v1, l0, l1] = bytes.get(at..)?.first_chunk()?;
        if [g0, g1] != [2, 0] {
            return Some(at);
        }
        let (start, length) = if matches!(&[v0, v1], b"OB" | b"UN" | b"OW" | b"UT") {
            let long = bytes.get(at + 8..)?.first_chunk()?;
            (at + 12, usize::try_from(u32::from_le_bytes(*long)).ok()?)
        } else {
            (at + 8, usize::from(u16::from_le_bytes([l0, l1])))
        };
        at = start.checked_add(length)?;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Meta, data_set_offset, header, split};
    use index_model::{AeTitle, Uid};

    #[test]
    fn a_header_reads_back_as_it_was_written() {
        let meta = Meta {
            sop_class: Uid::parse("1.2.840.10008.5.1.4.1.1.2").unwrap(),
            sop_instance: Uid::parse("2.25.12").unwrap(),
            transfer_syntax: "1.2.840.10008.1.2.1".into(),
        };
        let mut file = header(&meta, &AeTitle::parse("MODALITY1").unwrap());
        let length = file.len();
        file.extend_from_slice(&[8, 0, 5, 0]);
        assert_eq!(split(&file).unwrap(), (meta, length));
        file.extend_from_slice(&[b'C', b'S', 0, 0]);
        assert_eq!(data_set_offset(&file), Some(length));
        assert!((0..file.len()).all(|cut| data_set_offset(&file[..cut]).is_none()));
        let after_transfer_syntax = 236;
        assert!((0..after_transfer_syntax).all(|cut| split(&file[..cut]).is_err()));
    }
}
