//! A whole object on its way in: in memory when small, in a file when large.

use std::io::{self, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// Objects up to this size stay in memory on their way in.
const IN_MEMORY_BYTES: usize = 16 << 20;

/// A whole Part 10 object. It reads as one slice of bytes, whichever way it is kept.
#[derive(Debug, Clone)]
pub enum Object {
    /// Small enough for memory.
    Memory(Bytes),
    /// A temporary file, mapped read-only and removed with the last clone.
    File(Arc<Mapped>),
}

/// A temporary file that only this process has, mapped.
#[derive(Debug)]
pub struct Mapped {
    map: memmap2::Mmap,
    path: tempfile::TempPath,
}

impl Object {
    /// The file behind it, if it is in one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory(_) => None,
            Self::File(mapped) => Some(&mapped.path),
        }
    }
}

impl Deref for Object {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::File(mapped) => &mapped.map,
        }
    }
}

impl From<Bytes> for Object {
    fn from(bytes: Bytes) -> Self {
        Self::Memory(bytes)
    }
}

impl From<Vec<u8>> for Object {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Memory(bytes.into())
    }
}

/// Collects an object as its parts arrive: memory first, then a temporary file, never more than `limit` bytes.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    limit_bytes: u64,
    written: u64,
    memory: BytesMut,
    file: Option<tempfile::NamedTempFile>,
}

impl Spool {
    /// Spools below `folder`, which exists; refuses to grow beyond `limit_bytes`.
    pub fn new(folder: impl Into<PathBuf>, limit_bytes: u64) -> Self {
        Self { folder: folder.into(), limit_bytes, written: 0, memory: BytesMut::new(), file: None }
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.written
    }

    /// The most that it grows to.
    pub fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.written == 0
    }

    /// Adds a part. Parts are small (a network read), so a write to the page cache does not hold the runtime.
    ///
    /// # Errors
    /// `FileTooLarge` beyond the limit, else what the file system says.
    pub fn write(&mut self, part: &[u8]) -> io::Result<()> {
        self.written += part.len() as u64;
        if self.written > self.limit_bytes {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the object is larger than the limit"));
        }
        if let Some(file) = &mut self.file {
            return file.write_all(part);
        }
        self.memory.extend_from_slice(part);
        if self.memory.len() > IN_MEMORY_BYTES {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(&self.memory)?;
            self.memory = BytesMut::new();
            self.file = Some(file);
        }
        Ok(())
    }

    /// The object, complete.
    ///
    /// # Errors
    /// What the file system says.
    pub fn finish(self) -> io::Result<Object> {
        match self.file {
            None => Ok(Object::Memory(self.memory.freeze())),
            Some(file) => Ok(Object::File(Arc::new(map(file)?))),
        }
    }
}

#[expect(unsafe_code, reason = "a memory map is the only way to read a large file as one slice")]
fn map(file: tempfile::NamedTempFile) -> io::Result<Mapped> {
    let (file, path) = file.into_parts();
    // SAFETY: the file is our own temporary one, written completely and never again, and no other process knows its name.
    let map = unsafe { memmap2::Mmap::map(&file)? };
    Ok(Mapped { map, path })
}
