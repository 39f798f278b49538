//! `multipart/related`, RFC 2387 and PS3.18 §8.6.1.2: written and read as a stream, never whole in memory.

mod reader;
mod writer;

pub(crate) use reader::{Event, Malformed, Reader};
pub(crate) use writer::{Length, Part, related, related_of, streamed, whole};
