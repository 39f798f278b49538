//! Bytes that are sent again and again, in a file of memory: `sendfile(2)` hands its pages to a socket, where `write(2)` copies them.
//!
//! Whoever keeps bytes puts them here ([`Pages::keep`]) and passes on plain [`Bytes`]; whoever writes to a plain connection asks of each
//! run of bytes whether it lies here ([`holds`]), and if so sends it so ([`send`]). Between the two nobody knows of it, and to everybody
//! else the bytes are memory like any other.
//!
//! Pages that were sent belong to the socket until the other end has acknowledged them. So bytes are never overwritten: a run that
//! nobody holds any more is punched out of the file, and what is kept there later lies in other pages.
#![deny(unsafe_code)]

mod file;
mod runs;

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use bytes::Bytes;

use crate::file::{File, Run};

/// What is shorter is copied as fast as it is handed over, and would leave much of its last page empty.
pub const LEAST_BYTES: usize = 32 << 10;

/// Every file there is, for [`send`]: one in a server, several in tests.
static FILES: RwLock<Vec<Weak<File>>> = RwLock::new(Vec::new());

/// Room for bytes in a file of memory.
#[derive(Debug, Clone)]
pub struct Pages(Arc<File>);

impl Pages {
    /// Room for `most_bytes`.
    ///
    /// # Errors
    /// Where there are no such files, or no address space for one.
    pub fn new(most_bytes: u64) -> io::Result<Self> {
        let file = Arc::new(File::new(most_bytes)?);
        let mut files = FILES.write().unwrap_or_else(PoisonError::into_inner);
        files.retain(|file| file.strong_count() > 0);
        files.push(Arc::downgrade(&file));
        Ok(Self(file))
    }

    /// The same bytes, lying here if they are long enough and there is room. Room comes back when nobody holds any part of them.
    #[must_use]
    pub fn keep(&self, bytes: Bytes) -> Bytes {
        if bytes.len() < LEAST_BYTES {
            return bytes;
        }
        match Run::of(&self.0, &bytes) {
            Some(run) => Bytes::from_owner(run),
            None => bytes,
        }
    }

    /// Bytes that are taken now, in whole pages.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes()
    }
}

/// Whether these bytes are worth [`send`]ing: they lie in a file, and are not few.
#[must_use]
pub fn holds(bytes: &[u8]) -> bool {
    bytes.len() >= LEAST_BYTES && file_of(bytes).is_some()
}

/// Hands bytes that a file [`holds`] over to a socket that does not block; says how many it took.
///
/// # Errors
/// As `sendfile(2)`, [`WouldBlock`](io::ErrorKind::WouldBlock) among them; `InvalidInput` for bytes that no file holds.
pub fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let (file, offset) = file_of(bytes).ok_or(io::ErrorKind::InvalidInput)?;
    match file.send(socket.as_fd(), offset, bytes.len())? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        sent => Ok(sent),
    }
}

fn file_of(bytes: &[u8]) -> Option<(Arc<File>, u64)> {
    let files = FILES.read().unwrap_or_else(PoisonError::into_inner);
    files.iter().filter_map(Weak::upgrade).find_map(|file| Some((Arc::clone(&file), file.place_of(bytes)?)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
