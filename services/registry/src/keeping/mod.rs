//! What is kept, and for how long: entries folded into their manifest, expired instances deleted, fetched series let go.

pub(crate) mod alert;
pub(crate) mod alike;
pub(crate) mod evict;
pub(crate) mod expire;
pub(crate) mod fold;
pub(crate) mod seek;
pub(crate) mod withdraw;
