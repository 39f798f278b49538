//! A folder of the file system.

use std::collections::VecDeque;
use std::fs::Metadata;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use futures::Stream;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::{Entry, Opened, StoreError};

/// Folders within folders that are gone into.
const DEPTH_LIMIT: usize = 32;
/// Names in one folder.
const NAME_LIMIT: usize = 2_000_000;
const READ_BYTES: usize = 128 * 1024;

/// A folder and everything below it. Links to folders are not followed, so that a walk has an end.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// A name in a folder, with what is needed to go on from it.
#[derive(Debug)]
enum Node {
    File(Entry),
    /// Key with a closing `/`, and when it or a folder above it came to its place.
    Folder {
        key: String,
        moved_ms: i64,
    },
}

impl Node {
    /// Folders sort by their name with `/`, as their files do.
    fn key(&self) -> &str {
        match self {
            Self::File(entry) => &entry.key,
            Self::Folder { key, .. } => key,
        }
    }
}

impl Folder {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Goes depth first; only the folders on the way to the present file are held.
    pub(super) fn walk(&self, after: Option<String>) -> impl Stream<Item = Result<Entry, StoreError>> + Send + use<> {
        let root = Node::Folder { key: String::new(), moved_ms: i64::MIN };
        let (path, stack) = (self.root.clone(), vec![VecDeque::from([root])]);
        futures::stream::try_unfold((path, stack, after), |(path, mut stack, after)| async move {
            while let Some(level) = stack.last_mut() {
                match level.pop_front() {
                    None => drop(stack.pop()),
                    Some(Node::File(entry)) => return Ok(Some((entry, (path, stack, after)))),
                    Some(Node::Folder { key, moved_ms }) => {
                        if stack.len() > DEPTH_LIMIT {
                            tracing::warn!(depth = DEPTH_LIMIT, "a folder too deep in an archive is left out");
                            continue;
                        }
                        let nodes = nodes(path.clone(), key, moved_ms, after.clone()).await?;
                        stack.push(nodes.into());
                    }
                }
            }
            Ok(None)
        })
    }

    pub(super) async fn open(&self, key: &str) -> Result<Opened<'_>, StoreError> {
        let file = tokio::fs::File::open(self.path(key)?).await?;
        let metadata = file.metadata().await?;
        if !metadata.is_file() {
            return Err(StoreError::NotFound);
        }
        let bytes = futures::TryStreamExt::map_err(ReaderStream::with_capacity(file, READ_BYTES), StoreError::from);
        Ok(Opened { entry: entry(key.to_owned(), &metadata, i64::MIN), md5: None, bytes: Box::pin(bytes) })
    }

    pub(super) async fn range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        let mut file = tokio::fs::File::open(self.path(key)?).await?;
        file.seek(std::io::SeekFrom::Start(range.start)).await?;
        let wanted = range.end.saturating_sub(range.start);
        let mut bytes = Vec::new();
        file.take(wanted).read_to_end(&mut bytes).await?;
        if bytes.len() as u64 == wanted {
            Ok(bytes.into())
        } else {
            Err(StoreError::Rule("a range of a file that it has"))
        }
    }

    pub(super) async fn is_there(&self) -> bool {
        tokio::fs::metadata(&self.root).await.is_ok_and(|metadata| metadata.is_dir())
    }

    pub(super) async fn look(&self, key: &str) -> Result<Entry, StoreError> {
        Ok(entry(key.to_owned(), &tokio::fs::metadata(self.path(key)?).await?, i64::MIN))
    }

    /// A key never leaves the folder.
    fn path(&self, key: &str) -> Result<PathBuf, StoreError> {
        let inside = !key.is_empty() && Path::new(key).components().all(|part| matches!(part, Component::Normal(_)));
        if inside { Ok(self.root.join(key)) } else { Err(StoreError::NotFound) }
    }
}

/// The names in one folder that lie after a key, in order.
async fn nodes(root: PathBuf, key: String, moved_ms: i64, after: Option<String>) -> Result<Vec<Node>, StoreError> {
    let is_root = key.is_empty();
    let read = tokio::task::spawn_blocking(move || read_folder(&root, &key, moved_ms, after.as_deref())).await;
    match read.map_err(|error| StoreError::Failed(Box::new(error)))? {
        // Gone since its parent was read, or not ours to see: the rest of the archive is walked all the same.
        Err(StoreError::NotFound | StoreError::Denied) if !is_root => {
            tracing::warn!("a folder of an archive can't be read and is left out");
            Ok(Vec::new())
        }
        nodes => nodes,
    }
}

fn read_folder(root: &Path, key: &str, moved_ms: i64, after: Option<&str>) -> Result<Vec<Node>, StoreError> {
    let mut nodes = Vec::new();
    let mut unnamed = 0u32;
    for item in std::fs::read_dir(root.join(key))? {
        let item = item?;
        let Ok(name) = item.file_name().into_string() else {
            unnamed += 1;
            continue;
        };
        if nodes.len() >= NAME_LIMIT {
            return Err(StoreError::Rule("the limit of 2000000 names in one folder"));
        }
        let is_folder = item.file_type()?.is_dir();
        let key = format!("{key}{name}{}", if is_folder { "/" } else { "" });
        if is_wanted(&name) && is_after(&key, is_folder, after) {
            nodes.extend(node(&item.path(), key, is_folder, moved_ms));
        }
    }
    if unnamed > 0 {
        tracing::warn!(count = unnamed, "names in an archive that are not UTF-8 are left out");
    }
    nodes.sort_unstable_by(|one, other| one.key().cmp(other.key()));
    Ok(nodes)
}

/// What a name stands for; `None` when it is gone again or neither file nor folder.
fn node(path: &Path, key: String, is_folder: bool, moved_ms: i64) -> Option<Node> {
    let metadata = std::fs::metadata(path).ok()?;
    if is_folder {
        return Some(Node::Folder { key, moved_ms: moved_ms.max(moved(&metadata)) });
    }
    metadata.is_file().then(|| Node::File(entry(key, &metadata, moved_ms)))
}

/// Hidden names and those of copies under way are not looked at: they get their name when they are whole.
fn is_wanted(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !name.starts_with('.') && ![".part", ".partial", ".filepart", ".tmp"].iter().any(|end| lower.ends_with(end))
}

/// Whether a file lies after the key, or a folder may hold such files.
fn is_after(key: &str, is_folder: bool, after: Option<&str>) -> bool {
    after.is_none_or(|after| key > after || (is_folder && after.starts_with(key)))
}

/// A file moved here keeps the time of its content; that of its inode tells when it came.
fn entry(key: String, metadata: &Metadata, moved_ms: i64) -> Entry {
    let changed_ms = modified_ms(metadata).max(inode_ms(metadata)).max(moved_ms);
    Entry { key, changed_ms, size_bytes: metadata.len() }
}

/// When a folder was moved as a whole: its inode is then newer than its content. Its files keep their own times.
fn moved(metadata: &Metadata) -> i64 {
    let inode_ms = inode_ms(metadata);
    if inode_ms > modified_ms(metadata) { inode_ms } else { i64::MIN }
}

fn modified_ms(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1000).saturating_add(metadata.mtime_nsec() / 1_000_000)
}

fn inode_ms(metadata: &Metadata) -> i64 {
    metadata.ctime().saturating_mul(1000).saturating_add(metadata.ctime_nsec() / 1_000_000)
}
