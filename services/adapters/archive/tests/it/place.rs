//! A folder or bucket with files, and a source over it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use adapter_api::{ImagingSource, Part, SourceError, StudyFilter};
use adapter_archive::{ArchiveOptions, ArchiveSource};
use futures::StreamExt;
use index_model::RepositoryDefinition;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use runtime::{Clock, Ctx};

/// Bytes that begin as a DICOM file does.
pub(crate) fn object(fill: u8) -> Vec<u8> {
    let mut bytes = vec![fill; 200];
    bytes[128..132].copy_from_slice(b"DICM");
    bytes
}

pub(crate) fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

pub(crate) fn definition(url: &str) -> RepositoryDefinition {
    serde_json::from_value(serde_json::json!({
        "code": "north", "name": "North", "region": "North", "protocol": "archive", "patientIdIssuer": "NORTH",
        "archive": { "url": url }
    }))
    .unwrap()
}

/// A clock ahead of every file that a test writes.
pub(crate) fn options() -> ArchiveOptions {
    let clock = Clock::fixed(now_ms() + 60_000);
    ArchiveOptions { clock, overlap_ms: Some(3_600_000), ..ArchiveOptions::new(std::env::temp_dir()) }
}

pub(crate) fn write(root: &Path, key: &str, bytes: &[u8]) {
    let path = root.join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Gives a file the time of its content that it has had for years.
pub(crate) fn age(path: &Path) {
    let old = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
}

pub(crate) fn source(root: &Path, options: ArchiveOptions) -> ArchiveSource {
    ArchiveSource::new(&definition(root.to_str().unwrap()), options).unwrap()
}

pub(crate) async fn bucket(keys: &[&str]) -> (Arc<dyn ObjectStore>, ArchiveSource) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    for key in keys {
        store.put(&(*key).into(), object(1).into()).await.unwrap();
    }
    let source = ArchiveSource::in_store(&definition("s3://b"), Arc::clone(&store), "images", options());
    (store, source)
}

/// What a walk gave: keys, and marks as `*`, with the marks apart, and whether something was left that is being written.
pub(crate) struct Walked {
    pub(crate) keys: Vec<String>,
    pub(crate) marks: Vec<String>,
    pub(crate) unsettled: bool,
}

impl Walked {
    pub(crate) fn end(&self) -> Option<&str> {
        self.marks.last().map(String::as_str)
    }

    pub(crate) fn objects(&self) -> Vec<&str> {
        self.keys.iter().map(String::as_str).filter(|key| *key != "*").collect()
    }
}

pub(crate) async fn walk(source: &ArchiveSource, mark: Option<&str>) -> Walked {
    try_walk(source, mark, usize::MAX).await.unwrap()
}

/// Walks over at most `limit` parts.
pub(crate) async fn try_walk(source: &ArchiveSource, mark: Option<&str>, limit: usize) -> Result<Walked, SourceError> {
    let ctx = Ctx::within(Duration::from_secs(20));
    let filter = StudyFilter { changed_after: mark.map(str::to_owned), ..StudyFilter::default() };
    let mut parts = source.list(&ctx, &filter).take(limit);
    let mut walked = Walked { keys: Vec::new(), marks: Vec::new(), unsettled: false };
    while let Some(part) = parts.next().await {
        match part? {
            Part::Object { remote, .. } => walked.keys.push(remote.unwrap()),
            Part::Mark(mark) => {
                walked.keys.push("*".into());
                walked.marks.push(mark);
            }
            Part::Unsettled(_) => walked.unsettled = true,
            other => panic!("{other:?}"),
        }
    }
    Ok(walked)
}
