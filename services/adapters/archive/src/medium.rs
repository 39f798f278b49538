//! Media with an index of their own, `DICOMDIR` (PS3.10 §8.6, PS3.3 Annex F): which files should be there, and how many are not.
//!
//! The index is a list of names and never the truth about what is in them: every file is read, also those that it does not name, and each says itself
//! what it is. Its records hang together by offsets, which are not followed: each record of the sequence counts once, whatever points to
//! it, so that a circle of them has no meaning here.

use std::collections::HashMap;

use dicom_core::Tag;
use futures::StreamExt;
use index_guard::{Limits, media_storage, scan_file};

use crate::store::{Entry, Store, StoreError};

/// Media Storage Directory Storage.
const DIRECTORY_CLASS: &str = "1.2.840.10008.1.3.10";
const RECORDS: Tag = Tag(0x0004, 0x1220);
const RECORD_IN_USE: Tag = Tag(0x0004, 0x1410);
const RECORD_TYPE: Tag = Tag(0x0004, 0x1430);
const REFERENCED_FILE_ID: Tag = Tag(0x0004, 0x1500);
/// Largest index: some 100,000 files.
const DIRECTORY_BYTES: u64 = 64 << 20;
/// Names below one medium that are compared.
const MOST_NAMES: usize = 500_000;

/// What an index says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Directory {
    pub(crate) patients: usize,
    pub(crate) studies: usize,
    pub(crate) series: usize,
    /// Names of files, plain, relative to the index.
    pub(crate) files: Vec<String>,
}

impl Directory {
    /// Reads the records that are in use.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        if media_storage(bytes).0 != Some(DIRECTORY_CLASS) {
            return Err("PS3.10 §8.6: a file of that name is no DICOMDIR");
        }
        let scanned = scan_file(bytes, &Limits::default()).map_err(|_| "PS3.10 §8.6: a DICOMDIR is broken")?;
        let mut directory = Self::default();
        let records = scanned.data_set(bytes).find(RECORDS).ok_or("PS3.3 §F.3.2.2: a DICOMDIR has no records")?;
        for record in records.items() {
            let value = |tag| record.find(tag).map(|node| node.bytes()).unwrap_or_default();
            if value(RECORD_IN_USE) == [0, 0] {
                continue;
            }
            match value(RECORD_TYPE).trim_ascii_end() {
                b"PATIENT" => directory.patients += 1,
                b"STUDY" => directory.studies += 1,
                b"SERIES" => directory.series += 1,
                _ => {}
            }
            let file = plain(&String::from_utf8_lossy(value(REFERENCED_FILE_ID)));
            if !file.is_empty() {
                directory.files.push(file);
            }
        }
        Ok(directory)
    }

    /// How many of its files are not among these, by their plain names.
    pub(crate) fn missing(&self, files: &HashMap<String, String>) -> usize {
        self.files.iter().filter(|file| !files.contains_key(*file)).count()
    }
}

/// A name as all its spellings have it: ISO 9660 knows capitals only and adds a version (`IM0001.;1`), some systems show it in small letters, and
/// components are separated by `\` in records and by `/` elsewhere.
pub(crate) fn plain(name: &str) -> String {
    let component = |part: &str| {
        let part = part.trim_matches([' ', '\0']);
        let part = part.rsplit_once(';').filter(|(_, version)| is_number(version)).map_or(part, |(name, _)| name);
        part.trim_end_matches('.').to_ascii_uppercase()
    };
    name.split(['\\', '/']).map(component).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a file is such an index, by its name.
pub(crate) fn is_directory_file(key: &str) -> bool {
    plain(key.rsplit('/').next().unwrap_or_default()) == "DICOMDIR"
}

/// Reads an index in a folder or bucket; the inner error is the rule that it breaks.
pub(crate) async fn read(store: &Store, entry: &Entry) -> Result<Result<Directory, &'static str>, StoreError> {
    if entry.size_bytes > DIRECTORY_BYTES {
        return Ok(Err("the limit for the size of a DICOMDIR"));
    }
    let bytes = store.range(&entry.key, 0..entry.size_bytes).await?;
    Ok(Directory::read(&bytes))
}

/// The files beside and below an index: the key of each, by its plain name. `None` when there are too many.
pub(crate) async fn files(store: &Store, key: &str) -> Result<Option<HashMap<String, String>>, StoreError> {
    let root = key.rfind('/').and_then(|end| key.get(..=end)).unwrap_or_default();
    let mut names = HashMap::new();
    let mut files = store.walk(Some(root.to_owned()).filter(|root| !root.is_empty()));
    while let Some(file) = files.next().await {
        let file = file?;
        match file.key.strip_prefix(root) {
            Some(_) if names.len() >= MOST_NAMES => return Ok(None),
            Some(name) => drop(names.insert(plain(name), file.key.clone())),
            None if file.key.as_str() < root => {}
            None => break,
        }
    }
    Ok(Some(names))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn every_spelling_of_a_name_is_one() {
        for name in
            ["IMAGES\\SE0001\\IM0001", "images/se0001/im0001", "IMAGES/SE0001/IM0001.;1", "/IMAGES\\SE0001/im0001;12 "]
        {
            assert_eq!(plain(name), "IMAGES/SE0001/IM0001", "{name}");
        }
        assert_eq!(plain("A;B/C.DCM"), "A;B/C.DCM");
        assert_eq!(plain("\0"), "");
    }
}
