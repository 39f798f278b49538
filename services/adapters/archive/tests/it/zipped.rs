//! Zipped studies, and files that claim to be some.

use std::io::Write;
use std::time::Duration;

use adapter_api::{ImagingSource, SourceError};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use runtime::Ctx;

use crate::place::{bucket, object, options, source, walk, write};
use crate::retrieve::retrieve;

/// A ZIP file as it is written, and what can be wrong with it.
#[derive(Default)]
pub(crate) struct Zip {
    bytes: Vec<u8>,
    list: Vec<u8>,
    count: u16,
}

/// A member before it is written.
pub(crate) struct Member<'a> {
    name: &'a str,
    plain: &'a [u8],
    is_packed: bool,
    /// Bits of the general purpose flag.
    flags: u16,
    /// Added to the size and to the checksum that the list tells.
    lie: (i32, u32),
}

pub(crate) fn member<'a>(name: &'a str, plain: &'a [u8]) -> Member<'a> {
    Member { name, plain, is_packed: true, flags: 0, lie: (0, 0) }
}

impl Zip {
    pub(crate) fn of(members: &[Member<'_>]) -> Vec<u8> {
        let mut zip = Self::default();
        members.iter().for_each(|member| zip.add(member));
        zip.end(b"")
    }

    fn add(&mut self, member: &Member<'_>) {
        let packed = if member.is_packed {
            let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
            deflate.write_all(member.plain).unwrap();
            deflate.finish().unwrap()
        } else {
            member.plain.to_vec()
        };
        let mut crc = flate2::Crc::new();
        crc.update(member.plain);
        let header = self.bytes.len() as u32;
        let mut common = Vec::new();
        for field in [20, member.flags, if member.is_packed { 8 } else { 0 }, 0, 0] {
            common.extend(field.to_le_bytes());
        }
        let sizes = [crc.sum() ^ member.lie.1, packed.len() as u32, (member.plain.len() as i32 + member.lie.0) as u32];
        sizes.iter().for_each(|size| common.extend(size.to_le_bytes()));
        common.extend((member.name.len() as u16).to_le_bytes());
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&common);
        self.bytes.extend([3, 0]);
        self.bytes.extend(member.name.bytes());
        self.bytes.extend([0, 0, 0]);
        self.bytes.extend(packed);
        self.list.extend(b"PK\x01\x02\x14\0");
        self.list.extend(&common);
        self.list.extend([0; 12]);
        self.list.extend(header.to_le_bytes());
        self.list.extend(member.name.bytes());
        self.count += 1;
    }

    fn end(self, comment: &[u8]) -> Vec<u8> {
        let (from, length, count) = (self.bytes.len() as u32, self.list.len() as u32, self.count);
        let mut bytes = [self.bytes, self.list].concat();
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
        bytes.extend([length.to_le_bytes(), from.to_le_bytes()].concat());
        bytes.extend((comment.len() as u16).to_le_bytes());
        bytes.extend(comment);
        bytes
    }
}

fn large(fill: u8) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..300_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8 ^ fill).collect();
    bytes[128..132].copy_from_slice(b"DICM");
    bytes
}

/// A study on a medium: three images, a text and the medium's index.
fn medium() -> Vec<u8> {
    Zip::of(&[
        member("DICOMDIR", &object(9)),
        member("IMAGES/", b""),
        member("IMAGES/1", &object(1)),
        Member { is_packed: false, ..member("../../../etc/2.dcm", &object(2)) },
        member("README.TXT", &[b'x'; 1_000]),
        member("IMAGES\\3", &large(3)),
    ])
}

#[tokio::test]
async fn the_dicom_files_of_a_zipped_study_are_listed_and_read_by_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let options = options();
    write(folder.path(), "a.dcm", &object(1));
    write(folder.path(), "b/Study.ZIP", &medium());
    write(folder.path(), "c.dcm", &object(1));
    let here = source(folder.path(), options.clone());
    let walked = walk(&here, None).await;
    let members = ["b/Study.ZIP//2", "b/Study.ZIP//3", "b/Study.ZIP//5"];
    assert_eq!(walked.objects(), [&["a.dcm"], &members[..], &["c.dcm"]].concat());
    assert_eq!(retrieve(&here, Some(members[0])).await.unwrap(), 200);
    assert_eq!(retrieve(&here, Some(members[1])).await.unwrap(), 200);
    assert_eq!(retrieve(&here, Some(members[2])).await.unwrap(), 300_000);
    for absent in ["b/Study.ZIP//6", "b/Study.ZIP//99999", "b/absent.zip//0", "../b/Study.ZIP//2"] {
        assert!(matches!(retrieve(&here, Some(absent)).await, Err(SourceError::NotFound { .. })), "{absent}");
    }
    options.clock.advance_ms(1);
    assert_eq!(walk(&here, walked.end()).await.objects(), [""; 0], "what did not change does not come again");

    let ctx = Ctx::within(Duration::from_secs(20));
    let names: Vec<String> = here.names(&ctx).try_collect().await.unwrap();
    assert!(members.iter().all(|member| names.iter().any(|name| name == member)), "{names:?}");
    let steps = here.verify(&ctx).await;
    assert!(steps.iter().all(|step| step.ok) && steps[1].text.contains("3 of 3"), "{steps:?}");
}

#[tokio::test]
async fn a_zipped_study_in_a_bucket_is_read_by_ranges() {
    let (store, source) = bucket(&["images/1"]).await;
    store.put(&"images/2.zip".into(), medium().into()).await.unwrap();
    assert_eq!(
        walk(&source, None).await.objects(),
        ["images/1", "images/2.zip//2", "images/2.zip//3", "images/2.zip//5"]
    );
    assert_eq!(retrieve(&source, Some("images/2.zip//5")).await.unwrap(), 300_000);
}

#[tokio::test]
async fn a_comment_at_the_end_is_read_past() {
    let folder = tempfile::tempdir().unwrap();
    let mut zip = Zip::default();
    zip.add(&member("1", &object(1)));
    write(folder.path(), "1.zip", &zip.end(b"burnt by PK\x05\x06 a workstation"));
    assert_eq!(walk(&source(folder.path(), options()), None).await.objects(), ["1.zip//0"]);
}

#[tokio::test]
async fn one_member_that_can_not_be_read_keeps_no_other_back() {
    let folder = tempfile::tempdir().unwrap();
    let good = object(1);
    write(
        folder.path(),
        "1.zip",
        &Zip::of(&[
            Member { flags: 1, ..member("encrypted", &good) },
            Member { lie: (0, 1), ..member("another checksum", &good) },
            Member { lie: (1, 0), ..member("shorter than it says", &good) },
            Member { lie: (-50, 0), is_packed: false, ..member("longer than it says", &good) },
            member("a zip file within", &Zip::of(&[member("1", &good)])),
            member("good", &good),
        ]),
    );
    let here = source(folder.path(), options());
    assert_eq!(walk(&here, None).await.objects(), ["1.zip//5"]);
    assert!(matches!(retrieve(&here, Some("1.zip//0")).await, Err(SourceError::Malformed { .. })));
    assert!(matches!(retrieve(&here, Some("1.zip//1")).await, Err(SourceError::Malformed { .. })));
}

#[tokio::test]
async fn files_that_claim_too_much_are_left_out_and_keep_no_other_back() {
    let folder = tempfile::tempdir().unwrap();
    let good = object(1);
    let whole = Zip::of(&[member("1", &good), member("2", &good)]);
    let list = whole.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let changed = |at: usize, bytes: &[u8]| {
        let mut changed = whole.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    let second = list + 46 + 1;
    write(folder.path(), "a-bomb.zip", &changed(list + 24, &100_000_000u32.to_le_bytes()));
    write(folder.path(), "b-overlap.zip", &changed(second + 42, &0u32.to_le_bytes()));
    write(folder.path(), "c-outside.zip", &changed(second + 42, &u32::MAX.to_le_bytes()));
    write(folder.path(), "d-many.zip", &changed(whole.len() - 12, &u16::MAX.to_le_bytes()));
    write(folder.path(), "e-list.zip", &changed(whole.len() - 6, &0xfff0_0000u32.to_le_bytes()));
    write(folder.path(), "f-cut.zip", &whole[..whole.len() - 1]);
    write(folder.path(), "g-text.zip", &[b'x'; 300]);
    write(folder.path(), "h-empty.zip", b"");
    write(folder.path(), "z.zip", &whole);
    assert_eq!(walk(&source(folder.path(), options()), None).await.objects(), ["z.zip//0", "z.zip//1"]);
}

#[tokio::test]
async fn no_byte_that_changes_makes_it_fall_over() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Zip::of(&[member("1", &object(1)), Member { is_packed: false, ..member("2", &object(2)) }]);
    for at in 0..whole.len() {
        for value in [0, 0xff, whole[at] ^ 1] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            write(folder.path(), "1.zip", &bytes);
            let walked = walk(&source(folder.path(), options()), None).await;
            assert!(walked.objects().len() <= 2, "byte {at}");
        }
    }
}
