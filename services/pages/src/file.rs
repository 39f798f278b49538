//! The file, and runs of bytes in it.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memmap2::{Mmap, MmapOptions};
use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, ftruncate, memfd_create, sendfile};
use rustix::io::pwrite;

use crate::runs::Runs;

/// Bytes of a page; of larger ones it is a part, and pages are punched out when all of it is free.
const PAGE_BYTES: u64 = 4 << 10;
/// Addresses for each byte that may be taken: holes cost nothing, and a long run finds its place between short ones.
const ROOM: u64 = 4;

/// A file of memory, mapped to be read.
#[derive(Debug)]
pub(crate) struct File {
    file: OwnedFd,
    map: Mmap,
    runs: Mutex<Runs>,
}

impl File {
    pub(crate) fn new(most_bytes: u64) -> io::Result<Self> {
        let most = most_bytes.div_ceil(PAGE_BYTES).max(1);
        let pages = most.saturating_mul(ROOM);
        let length = pages.checked_mul(PAGE_BYTES).ok_or(io::ErrorKind::InvalidInput)?;
        let file = memfd_create("kept bytes", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, length)?;
        let map = map(&file, length)?;
        Ok(Self { file, map, runs: Mutex::new(Runs::new(pages, most)) })
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.runs().taken() * PAGE_BYTES
    }

    /// Where in the file these bytes lie.
    pub(crate) fn place_of(&self, bytes: &[u8]) -> Option<u64> {
        let (map, bytes) = (self.map.as_ptr_range(), bytes.as_ptr_range());
        (map.start <= bytes.start && bytes.end <= map.end).then(|| (bytes.start.addr() - map.start.addr()) as u64)
    }

    pub(crate) fn send(&self, socket: BorrowedFd<'_>, offset: u64, count: usize) -> io::Result<usize> {
        let mut offset = offset;
        Ok(sendfile(socket, &self.file, Some(&mut offset), count)?)
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(unsafe_code, reason = "what is in a file has an address only when it is mapped")]
fn map(file: &OwnedFd, length: u64) -> io::Result<Mmap> {
    let length = usize::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the file has no name and is this process's alone; it is never shortened, and bytes that somebody can see are never written
    // again: a run is filled before it is given out, and taken anew only when its last holder has gone.
    unsafe { MmapOptions::new().len(length).map(file) }
}

/// Bytes in a file. Their pages are given up with it.
#[derive(Debug)]
pub(crate) struct Run {
    file: Arc<File>,
    offset: u64,
    length: usize,
}

impl Run {
    /// A copy of `bytes`; `None` when there is no room for it.
    pub(crate) fn of(file: &Arc<File>, bytes: &[u8]) -> Option<Self> {
        let first = file.runs().take(pages(bytes.len()))?;
        let run = Self { file: Arc::clone(file), offset: first * PAGE_BYTES, length: bytes.len() };
        run.fill(bytes).inspect_err(|error| tracing::warn!(error = %error, "memory for kept bytes")).ok()?;
        Some(run)
    }

    fn fill(&self, mut bytes: &[u8]) -> io::Result<()> {
        let mut offset = self.offset;
        while !bytes.is_empty() {
            let written = pwrite(&self.file.file, bytes, offset)?;
            bytes = bytes.get(written..).filter(|_| written > 0).ok_or(io::ErrorKind::WriteZero)?;
            offset += written as u64;
        }
        Ok(())
    }
}

impl AsRef<[u8]> for Run {
    fn as_ref(&self) -> &[u8] {
        &self.file.map[self.offset as usize..self.offset as usize + self.length]
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let count = pages(self.length);
        let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        match fallocate(&self.file.file, hole, self.offset, count * PAGE_BYTES) {
            Ok(()) => self.file.runs().give_back(self.offset / PAGE_BYTES, count),
            // Its pages may still be on their way: nothing is ever put there again.
            Err(error) => tracing::error!(error = %error, "kept bytes could not be given up"),
        }
    }
}

fn pages(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(PAGE_BYTES)
}
