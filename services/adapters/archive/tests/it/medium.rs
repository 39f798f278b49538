//! Media with an index of their own (DICOMDIR), in a folder and zipped.

use std::path::Path;
use std::time::Duration;

use adapter_api::{ImagingSource, Part, SourceError, StudyFilter};
use adapter_archive::ArchiveSource;
use futures::StreamExt;
use runtime::Ctx;

use crate::place::{object, options, source, write};
use crate::zipped::{Zip, member};

/// A record as it is written.
struct Record {
    kind: &'static str,
    file: &'static str,
    is_in_use: bool,
    /// Where it says that the next record is.
    next: u32,
}

fn image(file: &'static str) -> Record {
    Record { kind: "IMAGE", file, is_in_use: true, next: 0 }
}

fn element(group: u16, number: u16, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = [group.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.extend(vr.bytes());
    let padded = value.len() + value.len() % 2;
    if vr == "SQ" || vr == "OB" {
        bytes.extend([0, 0]);
        bytes.extend((padded as u32).to_le_bytes());
    } else {
        bytes.extend((padded as u16).to_le_bytes());
    }
    bytes.extend(value);
    bytes.resize(bytes.len() + padded - value.len(), if vr == "CS" { b' ' } else { 0 });
    bytes
}

/// An index (PS3.3 §F.3) with a patient, a study, a series and these records.
fn dicomdir(images: Vec<Record>) -> Vec<u8> {
    let above = ["PATIENT", "STUDY", "SERIES"].map(|kind| Record { kind, file: "", is_in_use: true, next: 0 });
    let items = above.into_iter().chain(images).flat_map(|record| {
        let mut item = element(4, 0x1400, "UL", &record.next.to_le_bytes());
        item.extend(element(4, 0x1410, "US", &if record.is_in_use { [0xff, 0xff] } else { [0, 0] }));
        item.extend(element(4, 0x1420, "UL", &record.next.to_le_bytes()));
        item.extend(element(4, 0x1430, "CS", record.kind.as_bytes()));
        if !record.file.is_empty() {
            item.extend(element(4, 0x1500, "CS", record.file.as_bytes()));
            // What the file holds is something else.
            item.extend(element(4, 0x1511, "UI", b"1.2.3.999"));
        }
        [[0xfe, 0xff, 0x00, 0xe0].as_slice(), &(item.len() as u32).to_le_bytes(), &item].concat()
    });
    let meta = [
        element(2, 0x0001, "OB", &[0, 1]),
        element(2, 0x0002, "UI", b"1.2.840.10008.1.3.10"),
        element(2, 0x0003, "UI", b"1.2.3"),
        element(2, 0x0010, "UI", b"1.2.840.10008.1.2.1"),
    ]
    .concat();
    let mut bytes =
        [vec![0; 128], b"DICM".to_vec(), element(2, 0, "UL", &(meta.len() as u32).to_le_bytes()), meta].concat();
    bytes.extend(element(4, 0x1130, "CS", b"MEDIUM"));
    bytes.extend(element(4, 0x1220, "SQ", &items.collect::<Vec<_>>()));
    bytes
}

/// The names and bytes of what a walk gives, and the error after it.
async fn walked(source: &ArchiveSource) -> (Vec<(String, Vec<u8>)>, Option<SourceError>) {
    let (ctx, filter) = (Ctx::within(Duration::from_secs(20)), StudyFilter::default());
    let mut parts = source.list(&ctx, &filter);
    let (mut objects, mut has_mark) = (Vec::new(), false);
    while let Some(part) = parts.next().await {
        match part {
            Ok(Part::Object { object, remote }) => objects.push((remote.unwrap(), object.to_vec())),
            Ok(Part::Mark(_)) => has_mark = true,
            Ok(_) => {}
            Err(error) => {
                assert!(has_mark, "what came can be kept");
                return (objects, Some(error));
            }
        }
    }
    (objects, None)
}

fn names(objects: &[(String, Vec<u8>)]) -> Vec<&str> {
    objects.iter().map(|(name, _)| name.as_str()).collect()
}

fn medium(root: &Path, images: Vec<Record>) {
    write(root, "cd/DICOMDIR", &dicomdir(images));
    write(root, "cd/AUTORUN.INF", b"a program that shows images");
    write(root, "cd/IMAGES/IM0001", &object(1));
    write(root, "cd/images/im0002.;1", &object(2));
    write(root, "other/1.dcm", &object(9));
}

#[tokio::test]
async fn every_file_of_a_medium_is_read_whether_its_index_names_it_or_not() {
    let folder = tempfile::tempdir().unwrap();
    // In capitals and with separators of its own, and with the wrong ones.
    medium(folder.path(), vec![image("IMAGES\\IM0001"), image("IMAGES/IM0002")]);
    write(folder.path(), "cd/EXTRA/NOT_NAMED", &object(3));
    let source = source(folder.path(), options());
    let (objects, error) = walked(&source).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(names(&objects), ["cd/EXTRA/NOT_NAMED", "cd/IMAGES/IM0001", "cd/images/im0002.;1", "other/1.dcm"]);
    assert!(objects[1].1 == object(1), "the file says what it is, whatever its record says");
    let steps = source.verify(&Ctx::within(Duration::from_secs(20))).await;
    assert!(steps.iter().all(|step| step.ok), "{steps:?}");
    assert!(steps[1].text.contains("names 2 files (1 patients, 1 studies, 1 series)"), "{steps:?}");
}

#[tokio::test]
async fn a_file_that_the_index_names_and_that_is_missing_is_told_after_everything_else() {
    let folder = tempfile::tempdir().unwrap();
    medium(folder.path(), vec![image("IMAGES\\IM0001"), image("IMAGES\\IM0003")]);
    let source = source(folder.path(), options());
    let (objects, error) = walked(&source).await;
    assert_eq!(objects.len(), 3);
    let Some(SourceError::Incomplete { rule, .. }) = error else { panic!("{error:?}") };
    assert!(rule.contains("DICOMDIR") && !rule.contains("IM0003"), "{rule}");
    let steps = source.verify(&Ctx::within(Duration::from_secs(20))).await;
    assert!(!steps[1].ok && steps[1].text.contains("1 of them are not there"), "{steps:?}");
    write(folder.path(), "cd/IMAGES/IM0003", &object(3));
    let (objects, error) = walked(&source).await;
    assert!(objects.len() == 4 && error.is_none(), "{error:?}");
}

#[tokio::test]
async fn records_that_are_not_in_use_or_point_in_circles_or_out_of_the_medium_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let unused = Record { is_in_use: false, ..image("IMAGES\\GONE") };
    let circle = |next| Record { next, ..image("IMAGES\\IM0001") };
    medium(folder.path(), vec![unused, circle(132), circle(u32::MAX), circle(1)]);
    let (objects, error) = walked(&source(folder.path(), options())).await;
    assert!(objects.len() == 3 && error.is_none(), "{error:?}");
    let place = folder.path().join("cd");
    write(folder.path(), "secret.dcm", &object(7));
    write(folder.path(), "cd/DICOMDIR", &dicomdir(vec![image("..\\secret.dcm"), image("/etc/passwd")]));
    let (objects, error) = walked(&source(&place, options())).await;
    assert_eq!(names(&objects), ["IMAGES/IM0001", "images/im0002.;1"], "nothing is read by the name in a record");
    assert!(matches!(error, Some(SourceError::Incomplete { .. })));
}

#[tokio::test]
async fn a_zipped_medium_is_held_against_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (object(1), object(2));
    let whole = dicomdir(vec![image("IMAGES\\IM0001"), image("IMAGES\\IM0002")]);
    let zip = |index: &[u8]| {
        let members = [("cd\\dicomdir", index), ("cd\\images\\im0001", &one), ("cd/IMAGES/IM0002.;1", &two)];
        Zip::of(&members.map(|(name, bytes)| member(name, bytes)))
    };
    write(folder.path(), "study.zip", &zip(&whole));
    let (objects, error) = walked(&source(folder.path(), options())).await;
    assert_eq!((names(&objects), error.is_none()), (vec!["study.zip//1", "study.zip//2"], true));
    write(folder.path(), "study.zip", &zip(&dicomdir(vec![image("IMAGES\\IM0001"), image("IMAGES\\IM0009")])));
    let (objects, error) = walked(&source(folder.path(), options())).await;
    assert!(objects.len() == 2 && matches!(error, Some(SourceError::Incomplete { .. })), "{error:?}");
}

#[tokio::test]
async fn an_index_that_is_broken_keeps_no_file_back() {
    let folder = tempfile::tempdir().unwrap();
    let good = dicomdir(vec![image("IMAGES\\IM0001"), image("IMAGES\\IM0002")]);
    medium(folder.path(), Vec::new());
    for at in 128..good.len() {
        for value in [0, 0xff, good[at] ^ 1] {
            let mut bytes = good.clone();
            bytes[at] = value;
            write(folder.path(), "cd/DICOMDIR", &bytes);
            let (objects, error) = walked(&source(folder.path(), options())).await;
            assert_eq!(objects.len(), 3, "byte {at}");
            assert!(error.is_none_or(|error| matches!(error, SourceError::Incomplete { .. })), "byte {at}");
        }
    }
    for bytes in [&b""[..], b"DICOMDIR", &good[..good.len() - 20]] {
        write(folder.path(), "cd/DICOMDIR", bytes);
        let (objects, error) = walked(&source(folder.path(), options())).await;
        assert!(objects.len() == 3 && error.is_none(), "{error:?}");
    }
}
