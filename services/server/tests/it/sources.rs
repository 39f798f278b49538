//! The images that peers are loaded with: what is in each file, read by a library that the service does not use for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dicom_dictionary_std::tags;

use crate::processes::fetch;

/// One object on disk.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) study: String,
    pub(crate) series: String,
    pub(crate) instance: String,
    pub(crate) transfer_syntax: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-data")
}

fn read(path: PathBuf) -> Option<Source> {
    let object = dicom_object::OpenFileOptions::new().read_until(tags::PIXEL_DATA).open_file(&path).ok()?;
    let text = |tag| {
        Some(object.element(tag).ok()?.to_str().ok()?.trim_end_matches(['\0', ' ']).to_owned())
            .filter(|text: &String| !text.is_empty())
    };
    // What is no identifier can't be asked for by it.
    let uid = |tag| text(tag).filter(|uid| uid.len() <= 64 && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    Some(Source {
        study: uid(tags::STUDY_INSTANCE_UID)?,
        series: uid(tags::SERIES_INSTANCE_UID)?,
        instance: uid(tags::SOP_INSTANCE_UID)?,
        transfer_syntax: object.meta().transfer_syntax().trim_end_matches('\0').to_owned(),
        path,
    })
}

/// The converted CT volume: 108 slices.
pub(crate) fn ct_head() -> Vec<Source> {
    fetch("fetch.py", &["pydicom-3.0.2"]);
    fetch("ct_volume.py", &[]);
    let files = std::fs::read_dir(root().join("ct-head")).unwrap().map(|entry| entry.unwrap().path());
    let mut sources: Vec<_> = files.filter_map(read).collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(sources.len(), 108);
    sources
}

/// The pydicom set, each SOP instance once.
pub(crate) fn pydicom() -> Vec<Source> {
    fetch("fetch.py", &["pydicom-3.0.2"]);
    let mut by_instance = BTreeMap::new();
    for folder in ["test_files", "charset_files"] {
        for entry in std::fs::read_dir(root().join("pydicom-3.0.2/pydicom/data").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            // Its sequence in UN keeps the library, which takes a length from it that it has not, for minutes.
            if path.ends_with("UN_sequence.dcm") {
                continue;
            }
            if path.extension().is_some_and(|end| end == "dcm")
                && let Some(source) = read(path)
            {
                by_instance.entry(source.instance.clone()).or_insert(source);
            }
        }
    }
    assert!(by_instance.len() > 30, "only {} objects of the set could be read", by_instance.len());
    by_instance.into_values().collect()
}
