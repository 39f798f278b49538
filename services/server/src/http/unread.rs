//! Answers that come before the body of their request was read: they must reach a client who is still sending, and say what becomes of the
//! connection (RFC 9112 §9.3, §9.6).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, EXPECT};
use axum::http::{HeaderMap, HeaderValue, Version};
use axum::response::Response;
use futures::StreamExt;
use http_body::{Frame, SizeHint};
use tokio_util::task::TaskTracker;

/// So short a rest is read to its end, and the connection serves the next request.
const SHORT_BYTES: u64 = 64 << 10;
/// So much of a longer one is read, so that the client gets the answer instead of a broken connection.
const MOST_DRAINED_BYTES: u64 = 64 << 20;
/// Longest time for it.
const DRAINED_WITHIN: Duration = Duration::from_secs(10);

/// What the handler left of a body.
type Left = Arc<Mutex<Option<Body>>>;

/// Reads what a handler left of a request's body, within bounds and beside the answer; where that may not be its end, the answer says that the
/// connection is closed.
pub(super) async fn read_beside<F: Future<Output = Response>>(
    readers: &TaskTracker,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return answer(Request::from_parts(parts, body)).await;
    }
    let left = Left::default();
    let is_old = parts.version <= Version::HTTP_11;
    // Who waits for leave to send (RFC 9110 §10.1.1) gets the answer instead.
    let waits = parts.headers.contains_key(EXPECT);
    let is_short = declared(&parts.headers).is_some_and(|length| length <= SHORT_BYTES);
    let watched = Body::new(Watched { body: Some(body), left: Arc::clone(&left) });
    let mut response = answer(Request::from_parts(parts, watched)).await;
    let rest = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(rest) = rest else { return response };
    if is_old && (waits || !is_short) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if !waits {
        readers.spawn(drain(rest));
    }
    response
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn drain(body: Body) {
    let mut chunks = body.into_data_stream();
    let mut drained = 0;
    let reading = async {
        while drained < MOST_DRAINED_BYTES
            && let Some(Ok(chunk)) = chunks.next().await
        {
            drained += chunk.len() as u64;
        }
    };
    let _ = tokio::time::timeout(DRAINED_WITHIN, reading).await;
}

/// A body that is put aside when it is dropped before its end.
struct Watched {
    body: Option<Body>,
    left: Left,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            // Its end, or the client's: nothing is left.
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}
