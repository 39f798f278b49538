//! `multipart/related`, RFC 2387 and PS3.18 §8.6.1.2: written as a stream, never whole in memory. Reading is the crate `multipart`'s.

mod writer;

pub(crate) use writer::{
    AHEAD_BYTES, Length, Part, flushed, related, related_ahead, related_as_far_as_acceptable, related_of, streamed,
    whole,
};
