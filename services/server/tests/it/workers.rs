//! Codec workers of the binary itself, whose allocator is the server's: what they can do within the bound on their address space.

use crate::service::Service;

/// Address space that a worker may have taken before its first frame, in KiB: a fifth of the usual bound of 2 GiB.
const MOST_AT_FIRST_KIB: u64 = 400 << 10;
/// Rows and columns of a large image: 72 MiB in 16 bits.
const SIDE: u16 = 6144;
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";

#[test]
fn a_codec_worker_begins_with_nearly_all_of_its_address_space() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let id = service.id();
    let children = std::fs::read_dir(format!("/proc/{id}/task")).unwrap().map(|task| task.unwrap().path());
    let children = children.map(|task| std::fs::read_to_string(task.join("children")).unwrap_or_default());
    let workers: Vec<u32> = children.collect::<String>().split_whitespace().map(|id| id.parse().unwrap()).collect();
    assert!(!workers.is_empty(), "one is started at the start");
    for worker in workers {
        let status = std::fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmPeak:")).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(kib < MOST_AT_FIRST_KIB, "{kib} KiB");
    }
}

#[test]
fn a_large_image_is_encoded_and_decoded_within_the_bound() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let pixels: Vec<u8> =
        (0..u32::from(SIDE) * u32::from(SIDE)).flat_map(|at| ((at / 5000) as u16).to_le_bytes()).collect();
    let native = element(0x7fe0, 0x10, b"OW", &pixels);
    assert_eq!(service.client.stow(&[object(1, EXPLICIT, &native)]).status, 200);
    let encoded = service.client.get_as(&frame(1), "multipart/related; type=\"image/jls\"");
    assert_eq!(encoded.status, 200, "{}", encoded.text().chars().take(300).collect::<String>());
    let mut stream = encoded.parts().remove(0);
    stream.resize(stream.len().next_multiple_of(2), 0);
    let encapsulated = [
        b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0".as_slice(),
        &(stream.len() as u32).to_le_bytes(),
        &stream,
        b"\xfe\xff\xdd\xe0\0\0\0\0",
    ];
    assert_eq!(service.client.stow(&[object(2, JPEG_LS, &encapsulated.concat())]).status, 200);
    let raw = format!("multipart/related; type=\"application/octet-stream\"; transfer-syntax={EXPLICIT}");
    let decoded = service.client.get_as(&frame(2), &raw);
    assert_eq!(decoded.status, 200, "{}", decoded.text().chars().take(300).collect::<String>());
    assert!(decoded.parts().remove(0) == pixels, "they are the samples that went in");
}

fn frame(number: u8) -> String {
    format!("/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.{number}/frames/1")
}

fn object(number: u8, transfer_syntax: &str, pixels: &[u8]) -> Vec<u8> {
    let (class, instance) = ("1.2.840.10008.5.1.4.1.1.7", format!("1.2.3.4.{number}"));
    let uid = |text: &str| if text.len() % 2 == 1 { format!("{text}\0") } else { text.to_owned() }.into_bytes();
    let meta = [
        element(2, 2, b"UI", &uid(class)),
        element(2, 3, b"UI", &uid(&instance)),
        element(2, 0x10, b"UI", &uid(transfer_syntax)),
    ]
    .concat();
    let words = |group, number, value: u16| element(group, number, b"US", &value.to_le_bytes());
    let data_set = [
        element(8, 0x16, b"UI", &uid(class)),
        element(8, 0x18, b"UI", &uid(&instance)),
        element(0x20, 0xd, b"UI", &uid("1.2.3")),
        element(0x20, 0xe, b"UI", &uid("1.2.3.4")),
        words(0x28, 2, 1),
        element(0x28, 4, b"CS", b"MONOCHROME2 "),
        words(0x28, 0x10, SIDE),
        words(0x28, 0x11, SIDE),
        words(0x28, 0x100, 16),
        words(0x28, 0x101, 16),
        words(0x28, 0x102, 15),
        words(0x28, 0x103, 0),
    ]
    .concat();
    let length = element(2, 0, b"UL", &(meta.len() as u32).to_le_bytes());
    [&[0; 128][..], b"DICM", &length, &meta, &data_set, pixels].concat()
}

fn element(group: u16, number: u16, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let mut out = [group.to_le_bytes(), number.to_le_bytes()].concat();
    out.extend_from_slice(vr);
    if vr == b"OW" {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    } else {
        out.extend_from_slice(&(value.len() as u16).to_le_bytes());
    }
    [&out, value].concat()
}
