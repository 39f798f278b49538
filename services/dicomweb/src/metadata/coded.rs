//! Metadata as a JSON array in the caller's coding, with bulk data URIs that lead back by the caller's own address. Each form is made once,
//! when it is first asked for, and kept for a while, bounded in bytes.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use face::Problem;
use futures::stream;
use http::HeaderValue;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use index_model::InstanceEntry;
use registry::{RegistryError, with_origin};
use runtime::{CpuPool, Demand};

use crate::coding::Coding;
use crate::range::set_etag;

/// Memory for compressed forms.
const KEPT_BYTES: u64 = 64 << 20;
/// Headers longer than this together are compressed as they are sent, or not at all.
const MOST_BYTES: usize = 48 << 20;
/// Headers are written in pieces of about this size.
const PIECE_BYTES: usize = 64 << 10;

/// Compressed forms by their entity tag, which names series, version, address and coding.
#[derive(Debug, Clone)]
pub(crate) struct Coded(moka::future::Cache<String, Bytes>);

impl Default for Coded {
    fn default() -> Self {
        let weigher = |key: &String, body: &Bytes| u32::try_from(key.len() + body.len() + 100).unwrap_or(u32::MAX);
        Self(moka::future::Cache::builder().max_capacity(KEPT_BYTES).weigher(weigher).build())
    }
}

impl Coded {
    /// The headers in this coding. Many who ask for the same at once cause one compression.
    pub(crate) async fn answer(
        &self,
        cpu: (&CpuPool, Demand),
        entries: Vec<Arc<InstanceEntry>>,
        origin: &str,
        coding: Coding,
        media_type: &'static str,
        tag: &str,
    ) -> Result<Response, Problem> {
        let long = entries.iter().map(|entry| entry.metadata.get().len()).sum::<usize>() > MOST_BYTES;
        let array = Array { entries: entries.into_iter(), origin: origin.to_owned(), before: b'[', ended: false };
        let (cpu, demand) = cpu;
        if long {
            return Ok(plain(array, None, media_type, tag));
        }
        if coding == Coding::Identity {
            let counted = array.clone();
            let length = cpu.run_for(demand, move || counted.map(|piece| piece.len() as u64).sum()).await;
            return Ok(plain(array, Some(length.map_err(RegistryError::from)?), media_type, tag));
        }
        let made = self.0.try_get_with_by_ref(tag, async move {
            let made = cpu.run_for(demand, move || coding.encode(array)).await?;
            made.map(Bytes::from).map_err(RegistryError::internal)
        });
        match made.await {
            Ok(body) => Ok(response(body, coding, media_type, tag)),
            Err(error) if matches!(*error, RegistryError::Overloaded) => Err(RegistryError::Overloaded.into()),
            Err(error) => Err(RegistryError::internal(error.to_string()).into()),
        }
    }
}

/// A compressed body.
pub(super) fn response(body: Bytes, coding: Coding, media_type: &'static str, tag: &str) -> Response {
    let mut response = super::varying(Body::from(body).into_response());
    set_etag(&mut response, tag);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    response
}

/// An uncompressed body, as it is written.
fn plain(array: Array, length: Option<u64>, media_type: &'static str, tag: &str) -> Response {
    let mut response = super::varying(Body::from_stream(stream::iter(array.map(io::Result::Ok))).into_response());
    set_etag(&mut response, tag);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    response
}

/// `[`, the headers parted by commas, `]`, in pieces.
#[derive(Clone)]
struct Array {
    entries: std::vec::IntoIter<Arc<InstanceEntry>>,
    origin: String,
    before: u8,
    ended: bool,
}

impl Iterator for Array {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        while piece.len() < PIECE_BYTES {
            let Some(entry) = self.entries.next() else {
                self.ended = true;
                piece.extend_from_slice(if self.before == b'[' { b"[]" } else { b"]" });
                break;
            };
            piece.extend_from_slice(&[self.before]);
            piece.extend_from_slice(with_origin(entry.metadata.get(), &self.origin).as_bytes());
            self.before = b',';
        }
        Some(piece.freeze())
    }
}
