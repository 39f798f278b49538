//! The header of a Part 10 file (PS3.10 §7.1), for data sets that come without one, or are composed.

/// ImplementationClassUID (0002,0012) of files whose meta header we write.
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.302871660484317923846095161402771839556";
/// ImplementationVersionName (0002,0013) of files whose meta header we write.
pub const IMPLEMENTATION_VERSION_NAME: &str = "DICS_1";

/// Preamble, prefix and meta header; the data set's bytes follow unchanged.
pub fn part10_header(
    sop_class_uid: &str,
    sop_instance_uid: &str,
    transfer_syntax_uid: &str,
    source_ae: Option<&str>,
) -> Vec<u8> {
    let mut group = Vec::with_capacity(256);
    // OB has its length in 32 bits, after two reserved bytes.
    group.extend_from_slice(b"\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01");
    push(&mut group, 0x0002, *b"UI", sop_class_uid);
    push(&mut group, 0x0003, *b"UI", sop_instance_uid);
    push(&mut group, 0x0010, *b"UI", transfer_syntax_uid);
    push(&mut group, 0x0012, *b"UI", IMPLEMENTATION_CLASS_UID);
    push(&mut group, 0x0013, *b"SH", IMPLEMENTATION_VERSION_NAME);
    if let Some(source) = source_ae {
        push(&mut group, 0x0016, *b"AE", source);
    }
    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM\x02\x00\x00\x00UL\x04\x00");
    file.extend_from_slice(&u32::try_from(group.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.append(&mut group);
    file
}

/// A short text element of group 0002, padded to even length; what no UID or title can need is cut.
fn push(group: &mut Vec<u8>, element: u16, vr: [u8; 2], value: &str) {
    let value = &value.as_bytes()[..value.len().min(64)];
    let pad = if vr == *b"UI" { 0 } else { b' ' };
    let padded = value.len() + value.len() % 2;
    group.extend_from_slice(&[0x02, 0x00]);
    group.extend_from_slice(&element.to_le_bytes());
    group.extend_from_slice(&vr);
    group.extend_from_slice(&[padded as u8, 0]);
    group.extend_from_slice(value);
    group.resize(group.len() + padded - value.len(), pad);
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use index_guard::{Limits, scan_file};

    use super::part10_header;

    #[test]
    fn a_written_header_is_a_part_10_file_of_its_syntax() {
        let file = part10_header("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.4.70", Some("CT1"));
        let found = scan_file(&file, &Limits::default()).unwrap();
        assert!(found.part10);
        assert_eq!(found.transfer_syntax_uid, "1.2.840.10008.1.2.4.70");
        assert_eq!(found.data_set_offset, file.len());
        let declared = u32::from_le_bytes(file[140..144].try_into().unwrap());
        assert_eq!(declared as usize, file.len() - 144);
    }
}
