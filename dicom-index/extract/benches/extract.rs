//! What an object costs between its last byte and the index: scan, header, records, frame index and digest, on one core.
#![expect(clippy::unwrap_used, reason = "a bench")]

#[path = "../../guard/tests/it/build.rs"]
mod build;

use build::{EXPLICIT_LE, Form, JPEG, part10};
use divan::Bencher;
use divan::counter::BytesCount;
use index_extract::{Defaults, extract};
use index_guard::{Limits, scan_file};

const LE: Form = Form::Explicit;

fn main() {
    divan::main();
}

/// 512 × 512 × 16 bits with some 150 elements, as a CT has them.
fn ct_slice() -> Vec<u8> {
    let elements: Vec<Vec<u8>> = (0..60).map(|n| LE.element(0x0018_9000 + n, "LO", format!("VALUE {n}"))).collect();
    let geometry: Vec<Vec<u8>> = (0..60).map(|n| LE.element(0x0020_9000 + n, "DS", "-123.456\\0.5\\1.25")).collect();
    let identity = LE.identity();
    let number = identity.len() - 10; // InstanceNumber comes after group 0018
    let uids = identity.windows(4).position(|w| w == LE.tag(0x0020_000D)).unwrap();
    let pixels = [
        LE.us(0x0028_0002, 1),
        LE.element(0x0028_0004, "CS", "MONOCHROME2"),
        LE.us(0x0028_0010, 512),
        LE.us(0x0028_0011, 512),
        LE.us(0x0028_0100, 16),
        LE.us(0x0028_0103, 1),
        LE.element(0x7FE0_0010, "OW", vec![0x5A; 512 * 512 * 2]),
    ];
    let head =
        [&identity[..uids], &elements.concat(), &identity[uids..number], &identity[number..], &geometry.concat()];
    part10(EXPLICIT_LE, &[head.concat(), pixels.concat()].concat())
}

/// An enhanced multi-frame of 1,000 frames with a functional group each.
fn multi_frame() -> Vec<u8> {
    let position = LE.sequence(0x0020_9113, &[LE.element(0x0020_0032, "DS", "-123.456\\0.5\\1.25")]);
    let content = LE.sequence(0x0020_9111, &[LE.element(0x0020_9157, "UL", [1, 0, 0, 0, 2, 0, 0, 0])]);
    let groups = LE.delimited(0x5200_9230, "SQ", &vec![[content, position].concat(); 1000]);
    let frame = [b"\xFF\xD8\xFF\xE0".as_slice(), &[0x5A; 4096]].concat();
    let pixels = LE.encapsulated(&[], &vec![frame.as_slice(); 1000]);
    part10(JPEG, &[LE.image_header(1000), groups, pixels].concat())
}

fn defaults() -> Defaults {
    Defaults {
        patient_id_issuer: "A".into(),
        accession_issuer: "A".into(),
        character_set: None,
        base_path: "/dicom-web".into(),
    }
}

#[divan::bench(args = ["ct-slice", "multi-frame"])]
fn scan(bencher: Bencher<'_, '_>, name: &str) {
    let bytes = if name == "ct-slice" { ct_slice() } else { multi_frame() };
    bencher.counter(BytesCount::of_slice(&bytes)).bench(|| scan_file(&bytes, &Limits::default()).unwrap());
}

#[divan::bench(args = ["ct-slice", "multi-frame"])]
fn scan_and_extract(bencher: Bencher<'_, '_>, name: &str) {
    let bytes = if name == "ct-slice" { ct_slice() } else { multi_frame() };
    let defaults = defaults();
    bencher.counter(BytesCount::of_slice(&bytes)).bench(|| extract(&bytes, &defaults).unwrap());
}

/// The digest alone, which is most of it.
#[divan::bench]
fn sha256(bencher: Bencher<'_, '_>) {
    use sha2::Digest;
    let bytes = ct_slice();
    bencher.counter(BytesCount::of_slice(&bytes)).bench(|| sha2::Sha256::digest(&bytes));
}
