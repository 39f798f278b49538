//! One file, read whole, if it is a DICOM file and stays as it is meanwhile.

use adapter_api::{Object, Spool};
use futures::StreamExt;
use index_model::Checksum;
use md5::{Digest, Md5};

use crate::medium::is_directory_file;
use crate::source::ArchiveOptions;
use crate::store::{Entry, Opened, Store, StoreError};

/// PS3.10 §7.1: 128 bytes of preamble, then `DICM`.
pub(crate) const MAGIC: std::ops::Range<usize> = 128..132;

/// What became of a file.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A whole object.
    Object(Object),
    /// Not a DICOM file, or an index of such files.
    NotDicom,
    /// It changed while it was read: still being written.
    Unfinished,
    /// It was there when it was listed, and is no longer.
    Gone,
    /// It may not be read now.
    Denied,
    /// Larger than the limit.
    TooLarge,
    /// Its bytes are not those of its checksum.
    Damaged,
}

/// Reads a file that a walk has listed. Its size and time must be the same before and after.
pub(crate) async fn listed(store: &Store, options: &ArchiveOptions, listed: &Entry) -> Result<Outcome, StoreError> {
    let outcome = whole(store, options, &listed.key).await?;
    let Outcome::Object(object) = outcome else {
        return Ok(outcome);
    };
    let same = match store.look(&listed.key).await {
        // A folder above may have been moved: only what the file itself tells can be compared.
        Ok(now) => now.size_bytes == listed.size_bytes && now.changed_ms <= listed.changed_ms,
        Err(StoreError::NotFound) => return Ok(Outcome::Gone),
        Err(error) => return Err(error),
    };
    let complete = same && object.len() as u64 == listed.size_bytes;
    Ok(if complete { Outcome::Object(object) } else { Outcome::Unfinished })
}

/// Reads a file by its key.
pub(crate) async fn whole(store: &Store, options: &ArchiveOptions, key: &str) -> Result<Outcome, StoreError> {
    if is_directory_file(key) {
        return Ok(Outcome::NotDicom);
    }
    match store.open(key).await {
        Ok(opened) => spool(opened, options).await,
        Err(StoreError::NotFound) => Ok(Outcome::Gone),
        Err(StoreError::Denied) => Ok(Outcome::Denied),
        Err(error) => Err(error),
    }
}

async fn spool(mut opened: Opened<'_>, options: &ArchiveOptions) -> Result<Outcome, StoreError> {
    if opened.entry.size_bytes < MAGIC.end as u64 {
        return Ok(Outcome::NotDicom);
    }
    if opened.entry.size_bytes > options.object_limit_bytes {
        return Ok(Outcome::TooLarge);
    }
    let size_bytes = opened.entry.size_bytes;
    let mut md5 = opened.md5.filter(|_| options.checksum == Some(Checksum::Md5Etag)).map(|right| (right, Md5::new()));
    let mut spool = Spool::new(&options.spool_folder, options.object_limit_bytes);
    let mut head: Vec<u8> = Vec::with_capacity(MAGIC.end);
    while let Some(bytes) = opened.bytes.next().await {
        let bytes = bytes?;
        if head.len() < MAGIC.end {
            head.extend(bytes.iter().take(MAGIC.end - head.len()));
            if head.get(MAGIC).is_some_and(|magic| magic != b"DICM") {
                return Ok(Outcome::NotDicom);
            }
        }
        if let Some((_, md5)) = &mut md5 {
            md5.update(&bytes);
        }
        match spool.write(&bytes) {
            // It grew beyond what it was when it was opened.
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => return Ok(Outcome::TooLarge),
            written => written?,
        }
    }
    // It changed since it was opened, or an answer was cut off.
    if head.len() < MAGIC.end || spool.len() != size_bytes {
        return Ok(Outcome::Unfinished);
    }
    if md5.is_some_and(|(right, md5)| md5.finalize().as_slice() != right) {
        return Ok(Outcome::Damaged);
    }
    Ok(Outcome::Object(spool.finish()?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use futures::StreamExt;
    use index_model::Checksum;

    use super::{Outcome, listed, spool};
    use crate::source::ArchiveOptions;
    use crate::store::{Entry, Folder, Opened, Store};

    #[tokio::test]
    async fn a_file_that_is_not_what_it_was_when_listed_is_unfinished() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = vec![0; 500];
        bytes[128..132].copy_from_slice(b"DICM");
        std::fs::write(folder.path().join("1.dcm"), &bytes).unwrap();
        let store = Store::Folder(Folder::new(folder.path().into()));
        let options = ArchiveOptions::new(folder.path());
        let now = store.look("1.dcm").await.unwrap();
        let grown = Entry { size_bytes: 400, ..now.clone() };
        let touched = Entry { changed_ms: now.changed_ms - 1, ..now.clone() };
        assert!(matches!(listed(&store, &options, &now).await.unwrap(), Outcome::Object(_)));
        assert!(matches!(listed(&store, &options, &grown).await.unwrap(), Outcome::Unfinished));
        assert!(matches!(listed(&store, &options, &touched).await.unwrap(), Outcome::Unfinished));
    }

    #[tokio::test]
    async fn an_object_is_held_against_the_checksum_that_the_archive_keeps() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = vec![0; 500];
        bytes[128..132].copy_from_slice(b"DICM");
        let right = <md5::Md5 as md5::Digest>::digest(&bytes).into();
        for (checksum, md5, is_whole) in
            [(Some(Checksum::Md5Etag), right, true), (Some(Checksum::Md5Etag), [7; 16], false), (None, [7; 16], true)]
        {
            let entry = Entry { key: "1.dcm".into(), changed_ms: 0, size_bytes: 500 };
            let stream = futures::stream::iter([Ok(bytes.clone().into())]).boxed();
            let options = ArchiveOptions { checksum, ..ArchiveOptions::new(folder.path()) };
            let outcome = spool(Opened { entry, md5: Some(md5), bytes: stream }, &options).await.unwrap();
            assert_eq!(matches!(outcome, Outcome::Object(_)), is_whole, "{outcome:?}");
            assert!(is_whole || matches!(outcome, Outcome::Damaged));
        }
    }
}
