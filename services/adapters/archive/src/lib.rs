//! A repository that is a heap of Part 10 files: a folder, or a bucket of an object store.
//!
//! Nothing can be asked of such a repository, so that it is walked: [`ArchiveSource`] lists what changed since a mark and gives whole
//! objects, which the registry indexes. The IHE actor behind the files is an Imaging Document Source.
//!
//! Invariants:
//! - A walk goes in the order of keys and can be taken up again at any mark that it gave, after a restart too.
//! - Nothing is lost to clocks: a walk looks back over the end of the one before by an overlap, and what came twice is left out only once
//!   the caller has shown, by the mark it returns with, that it kept the first.
//! - Zipped studies are read where they lie, member by member; nothing is unpacked into files.
//! - The index of a medium (`DICOMDIR`) tells which files should be there, and nothing of what is in them.
//! - What is still being written is left for the next walk. What is no DICOM file is passed over after its first bytes.
#![forbid(unsafe_code)]

mod list;
mod mark;
mod medium;
mod read;
mod source;
mod store;
mod verify;
mod zip;

pub use source::{ArchiveOptions, ArchiveSource, InvalidArchive};
