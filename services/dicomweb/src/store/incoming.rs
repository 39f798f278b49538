//! A body as it arrives: bounded in bytes, and in the time for which it may keep us waiting.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use face::Problem;
use futures::StreamExt;
use http::StatusCode;
use multipart::Malformed;
use tokio::time::{Instant, timeout};

/// So many bytes earn a client the whole patience again: a body may be slow, but not for ever.
const EARNED_BYTES: usize = 64 << 10;
/// Bytes after the last that counts that are read before the answer (the epilogue, the rest of what ended wrongly), so that the client gets it instead of a broken connection.
const MOST_DRAINED_BYTES: u64 = 64 << 20;
/// Longest time for it.
const DRAINED_WITHIN: Duration = Duration::from_secs(10);

/// The body of a request on its way in.
pub(super) struct Incoming {
    chunks: BodyDataStream,
    received: u64,
    limit: u64,
    patience: Duration,
    /// What is left of the patience, and the bytes that came since it began.
    left: Duration,
    earned: usize,
}

impl Incoming {
    pub(super) fn new(body: Body, limit: u64, patience: Duration) -> Self {
        Self { chunks: body.into_data_stream(), received: 0, limit, patience, left: patience, earned: 0 }
    }

    /// The next piece; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Ended> {
        let began = Instant::now();
        let Ok(chunk) = timeout(self.left, self.chunks.next()).await else { return Err(Ended::Slow) };
        let Some(chunk) = chunk else { return Ok(None) };
        let chunk = chunk.map_err(|_| Ended::Gone)?;
        self.left = self.left.saturating_sub(began.elapsed());
        self.earned += chunk.len();
        if self.earned >= EARNED_BYTES {
            (self.left, self.earned) = (self.patience, 0);
        }
        self.received += chunk.len() as u64;
        if self.received > self.limit { Err(Ended::TooLarge(self.limit)) } else { Ok(Some(chunk)) }
    }

    /// Reads what is left of the body and drops it, up to a bound.
    pub(super) async fn drain(mut self) {
        let end = self.received.saturating_add(MOST_DRAINED_BYTES);
        self.limit = u64::MAX;
        let _ =
            timeout(DRAINED_WITHIN, async { while self.received < end && matches!(self.next().await, Ok(Some(_))) {} })
                .await;
    }
}

/// Why a body ended before its end.
#[derive(Debug)]
pub(super) enum Ended {
    Malformed(Malformed),
    /// More instances, or parts, than one request may bring.
    TooMany(usize),
    /// More bytes than one request may bring.
    TooLarge(u64),
    /// The client kept us waiting.
    Slow,
    /// The client went away.
    Gone,
    /// No room for it.
    NoRoom,
    /// A part of metadata with more bytes than are read.
    MetadataTooLarge(u64),
    /// There is nothing in it, or nothing that can be read as what it should be.
    Unusable(String),
}

impl From<Malformed> for Ended {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Ended> for Problem {
    fn from(ended: Ended) -> Self {
        let (status, words) = ended.words();
        Self::new(status, words)
    }
}

impl Ended {
    /// Status and words: RFC 9110 §15.5, PS3.18 §8.5.
    pub(super) fn words(&self) -> (StatusCode, String) {
        use StatusCode as S;
        match self {
            Self::Malformed(malformed) => (S::BAD_REQUEST, malformed.to_string()),
            Self::TooMany(most) => {
                (S::PAYLOAD_TOO_LARGE, format!("more than the {most} instances that one request may bring"))
            }
            Self::TooLarge(most) => {
                (S::PAYLOAD_TOO_LARGE, format!("more than the {most} bytes that one request may bring"))
            }
            Self::MetadataTooLarge(most) => {
                (S::PAYLOAD_TOO_LARGE, format!("more than the {most} bytes that one part of metadata may have"))
            }
            Self::Slow => (S::REQUEST_TIMEOUT, "the body came too slowly".to_owned()),
            Self::Gone => (S::BAD_REQUEST, "the body broke off".to_owned()),
            Self::NoRoom => (S::INSUFFICIENT_STORAGE, "there is no room for the body".to_owned()),
            Self::Unusable(words) => (S::BAD_REQUEST, words.clone()),
        }
    }
}
