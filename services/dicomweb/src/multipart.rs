//! `multipart/related`, RFC 2387 and PS3.18 §8.6.1.2: written as a stream, never whole in memory. Reading is the crate `multipart`'s.

mod writer;

pub(crate) use writer::{Length, Part, related, related_ahead, related_of, streamed, whole};
