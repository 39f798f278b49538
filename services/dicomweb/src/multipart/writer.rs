//! Writing: parts are sent as they come, and the next is opened while one is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use face::Problem;
use futures::stream::{self, BoxStream, Peekable, Stream, StreamExt, TryStreamExt};
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use registry::RegistryError;

/// One part.
pub(crate) struct Part {
    /// Its `Content-Type`.
    pub(crate) content_type: String,
    /// Its `Content-Location`: where it can be had alone.
    pub(crate) location: Option<String>,
    /// Size of the body.
    pub(crate) size_bytes: u64,
    /// The body.
    pub(crate) body: BoxStream<'static, io::Result<Bytes>>,
}

impl Part {
    /// A part that is in memory.
    pub(crate) fn of(content_type: impl Into<String>, bytes: Bytes) -> Self {
        Self {
            content_type: content_type.into(),
            location: None,
            size_bytes: bytes.len() as u64,
            body: stream::once(async move { Ok(bytes) }).boxed(),
        }
    }

    /// The same with a `Content-Location`.
    pub(crate) fn at(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }

    fn media_type(&self) -> String {
        self.content_type.split(';').next().unwrap_or_default().to_owned()
    }

    fn head(&self, boundary: &str, first: bool) -> String {
        head(boundary, first, &self.content_type, self.location.as_deref())
    }
}

/// Delimiter and headers. Spelt as browsers' parsers want it: `Content-Type` with capitals, CRLF everywhere.
fn head(boundary: &str, first: bool, content_type: &str, location: Option<&str>) -> String {
    let before = if first { "" } else { "\r\n" };
    let mut head = String::with_capacity(HEAD_BYTES);
    let mut say = |pieces: &[&str]| pieces.iter().for_each(|piece| head.push_str(piece));
    say(&[before, "--", boundary, "\r\nContent-Type: ", content_type, "\r\n"]);
    if let Some(location) = location {
        say(&["Content-Location: ", location, "\r\n"]);
    }
    say(&["\r\n"]);
    head
}

/// Room for most heads.
const HEAD_BYTES: usize = 512;

/// The length of an answer whose parts are known before they are opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Length {
    parts: u64,
    size_bytes: u64,
}

impl Length {
    /// Of no parts yet.
    pub(crate) const fn new() -> Self {
        Self { parts: 0, size_bytes: 0 }
    }

    /// One more part.
    pub(crate) fn add(&mut self, content_type: &str, location: &str, size_bytes: u64) {
        let head = head(&"-".repeat(BOUNDARY_BYTES), self.parts == 0, content_type, Some(location));
        self.parts += 1;
        self.size_bytes += head.len() as u64 + size_bytes;
    }

    fn total(self) -> u64 {
        self.size_bytes + closing(&"-".repeat(BOUNDARY_BYTES)).len() as u64
    }
}

/// Every boundary is so long.
const BOUNDARY_BYTES: usize = 32;

fn closing(boundary: &str) -> String {
    format!("\r\n--{boundary}--\r\n")
}

/// An answer of parts that are opened one after the other. Waits for the first, so that what fails at once has its own status; a
/// later failure breaks the answer off, which the caller sees by the absent closing delimiter.
///
/// # Errors
/// What the first part failed with; 404 when there is none.
pub(crate) async fn related(
    payload: &str,
    parts: BoxStream<'static, Result<Part, RegistryError>>,
) -> Result<Response, Problem> {
    let mut parts: Parts = Box::pin(parts.peekable());
    if parts.as_mut().peek().await.is_none() {
        return Err(Problem::not_found("there is nothing to send"));
    }
    if let Some(Err(error)) = parts.as_mut().next_if(Result::is_err).await {
        return Err(error.into());
    }
    Ok(send(payload, parts))
}

/// The same for parts that are made when they are opened: the first of them, up to [`AHEAD_BYTES`], are waited for, so that a short list is
/// answered whole or not at all.
///
/// # Errors
/// What the first parts failed with; 404 when there is none.
pub(crate) async fn related_ahead(
    payload: &str,
    parts: BoxStream<'static, Result<Part, RegistryError>>,
) -> Result<Response, Problem> {
    let (parts, refused) = opened_ahead(parts).await?;
    match refused.into_iter().next() {
        Some(refused) => Err(refused.into()),
        None => related(payload, parts).await,
    }
}

/// The same for parts of which each has a media type of its own, and may have no acceptable form: how many of the first have none is told, and those are left out.
///
/// # Errors
/// What the first parts failed with; 406 when none is left of them, 404 when there is none.
pub(crate) async fn related_as_far_as_acceptable(
    parts: BoxStream<'static, Result<Part, RegistryError>>,
) -> Result<(Response, usize), Problem> {
    let (parts, mut refused) = opened_ahead(parts).await?;
    let left_out = refused.len();
    let mut parts: Parts = Box::pin(parts.peekable());
    // The type of a compound is that of its root, which is the first part (RFC 2387 §3.1).
    let payload = parts.as_mut().peek().await.map(|first| first.as_ref().map_or(String::new(), Part::media_type));
    match (payload, refused.pop()) {
        (None, Some(refused)) => Err(refused.into()),
        (payload, _) => Ok((related(&payload.unwrap_or_default(), parts.boxed()).await?, left_out)),
    }
}

type Opened = (BoxStream<'static, Result<Part, RegistryError>>, Vec<RegistryError>);

/// Opens the first parts, and keeps those that have no acceptable form apart.
async fn opened_ahead(mut parts: BoxStream<'static, Result<Part, RegistryError>>) -> Result<Opened, RegistryError> {
    let (mut ahead, mut refused, mut size_bytes) = (Vec::new(), Vec::new(), 0);
    while size_bytes < AHEAD_BYTES && ahead.len() + refused.len() < MOST_AHEAD {
        match parts.next().await {
            Some(Ok(part)) => {
                size_bytes += part.size_bytes;
                ahead.push(Ok(part));
            }
            Some(Err(error @ RegistryError::NotAcceptable { .. })) => refused.push(error),
            Some(Err(error)) => return Err(error),
            None => break,
        }
    }
    Ok((stream::iter(ahead).chain(parts).boxed(), refused))
}

/// How much of an answer is waited for before it begins, where it is made for it.
pub(crate) const AHEAD_BYTES: u64 = 16 << 20;
/// More parts are not opened before the answer begins, however short they are.
const MOST_AHEAD: usize = 256;

/// The same with its `Content-Length`.
///
/// # Errors
/// As [`related`].
pub(crate) async fn related_of(
    payload: &str,
    length: Option<Length>,
    parts: BoxStream<'static, Result<Part, RegistryError>>,
) -> Result<Response, Problem> {
    let mut response = related(payload, parts).await?;
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, length.total().into());
    }
    Ok(response)
}

/// An answer of parts of which none can fail.
pub(crate) fn streamed(payload: &str, parts: impl Iterator<Item = Part> + Send + 'static) -> Response {
    send(payload, Box::pin(stream::iter(parts.map(Ok)).boxed().peekable()))
}

fn send(payload: &str, parts: Parts) -> Response {
    let boundary = fresh_boundary();
    let sending = Sending { parts, boundary: boundary.clone(), sent: 0, current: None, broken: false, closed: false };
    response(payload, &boundary, Body::from_stream(sending))
}

/// An answer of parts whose size is known.
pub(crate) fn whole(payload: &str, parts: Vec<Part>) -> Response {
    let boundary = fresh_boundary();
    let heads = parts.iter().enumerate().map(|(at, part)| part.head(&boundary, at == 0).len() as u64);
    let size =
        heads.sum::<u64>() + parts.iter().map(|part| part.size_bytes).sum::<u64>() + closing(&boundary).len() as u64;
    let parts: BoxStream<'static, Result<Part, RegistryError>> = stream::iter(parts.into_iter().map(Ok)).boxed();
    let parts = Box::pin(parts.peekable());
    let sending = Sending { parts, boundary: boundary.clone(), sent: 0, current: None, broken: false, closed: false };
    let mut response = response(payload, &boundary, Body::from_stream(sending));
    response.headers_mut().insert(CONTENT_LENGTH, size.into());
    response
}

/// Long and random, so that no object contains it.
fn fresh_boundary() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn response(payload: &str, boundary: &str, body: Body) -> Response {
    let mut response = body.into_response();
    let content_type = format!(r#"multipart/related; type="{payload}"; boundary={boundary}"#);
    if let Ok(value) = HeaderValue::from_str(&content_type) {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response
}

type Parts = Pin<Box<Peekable<BoxStream<'static, Result<Part, RegistryError>>>>>;

/// A body that gives way before it fails: what was sent before goes out first, the status line among it, and the connection is closed
/// after it. Else the caller might see no answer at all.
pub(crate) fn flushed(body: BoxStream<'static, io::Result<Bytes>>) -> BoxStream<'static, io::Result<Bytes>> {
    let give_way = |piece: io::Result<Bytes>| async move {
        if piece.is_err() {
            tokio::task::yield_now().await;
        }
        piece
    };
    body.then(give_way).boxed()
}

/// The bytes of the body.
struct Sending {
    parts: Parts,
    boundary: String,
    sent: u64,
    current: Option<BoxStream<'static, io::Result<Bytes>>>,
    /// A part could not be opened.
    broken: bool,
    closed: bool,
}

impl Stream for Sending {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.broken {
            this.closed = true;
            this.broken = false;
            return Poll::Ready(Some(Err(io::Error::other("broken off"))));
        }
        if let Some(body) = &mut this.current {
            // The next part is opened while this one is sent.
            let _ = this.parts.as_mut().poll_peek(cx);
            match ready!(body.try_poll_next_unpin(cx)) {
                Some(bytes) => return Poll::Ready(Some(bytes)),
                None => this.current = None,
            }
        }
        Poll::Ready(match ready!(this.parts.as_mut().poll_next(cx)) {
            Some(Ok(part)) => {
                let head = part.head(&this.boundary, this.sent == 0);
                this.sent += 1;
                this.current = Some(flushed(part.body));
                Some(Ok(head.into()))
            }
            Some(Err(error)) => {
                tracing::warn!(error = %error, parts.sent = this.sent, "a multipart answer was broken off");
                this.broken = true;
                // What was sent before goes out first, the status line among it; the connection is then closed.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            None if this.closed => None,
            None => {
                this.closed = true;
                Some(Ok(closing(&this.boundary).into()))
            }
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use futures::poll;

    use super::*;

    const REFUSED: fn() -> RegistryError = || RegistryError::NotAcceptable { rule: "damaged".to_owned() };

    fn parts(parts: Vec<Result<Part, RegistryError>>) -> BoxStream<'static, Result<Part, RegistryError>> {
        stream::iter(parts).boxed()
    }

    fn part(length: usize) -> Result<Part, RegistryError> {
        Ok(Part::of("text/plain", vec![b'x'; length].into()))
    }

    /// What a body gives until its end: pieces, and whether it gave way before it failed.
    async fn ends(response: Response) -> (usize, Option<bool>) {
        let mut body = response.into_body().into_data_stream();
        let (mut bytes, mut gave_way) = (0, false);
        loop {
            match poll!(body.next()) {
                Poll::Pending => {
                    gave_way = true;
                    tokio::task::yield_now().await;
                }
                Poll::Ready(Some(Ok(piece))) => (bytes, gave_way) = (bytes + piece.len(), false),
                Poll::Ready(Some(Err(_))) => return (bytes, Some(gave_way)),
                Poll::Ready(None) => return (bytes, None),
            }
        }
    }

    #[tokio::test]
    async fn what_was_sent_goes_out_before_an_answer_is_broken_off() {
        let broken = related("text/plain", parts(vec![part(10), Err(REFUSED()), part(10)])).await.unwrap();
        let (bytes, gave_way) = ends(broken).await;
        assert!(bytes > 10 && gave_way == Some(true), "{bytes} {gave_way:?}");
        let within = stream::iter([Ok(Bytes::from_static(b"0123")), Err(io::Error::other("late"))]).boxed();
        let late = Part { body: within, size_bytes: 8, ..part(0).unwrap() };
        let (bytes, gave_way) = ends(related("text/plain", parts(vec![Ok(late)])).await.unwrap()).await;
        assert!(bytes > 4 && gave_way == Some(true), "{bytes} {gave_way:?}");
        let whole = ends(related("text/plain", parts(vec![part(10)])).await.unwrap()).await;
        assert!(whole.0 > 10 && whole.1.is_none());
    }

    #[tokio::test]
    async fn a_failure_has_a_status_within_the_first_16_mib_and_breaks_off_beyond() {
        let status = |result: Result<Response, Problem>| result.unwrap_err().status().as_u16();
        let soon = || parts(vec![part(1 << 20), Err(REFUSED())]);
        assert_eq!(status(related_ahead("text/plain", soon()).await), 406);
        let (response, left_out) = related_as_far_as_acceptable(soon()).await.unwrap();
        assert!(left_out == 1 && ends(response).await.1.is_none(), "what is left out is known");
        let nothing = || parts(vec![Err(REFUSED())]);
        assert_eq!(status(related_as_far_as_acceptable(nothing()).await.map(|(response, _)| response)), 406);
        let none = related_as_far_as_acceptable(parts(Vec::new())).await;
        assert_eq!(status(none.map(|(response, _)| response)), 404);
        let late = || parts(vec![part(AHEAD_BYTES as usize), Err(REFUSED())]);
        let (bytes, gave_way) = ends(related_ahead("text/plain", late()).await.unwrap()).await;
        assert!(bytes as u64 > AHEAD_BYTES && gave_way == Some(true));
        let (response, left_out) = related_as_far_as_acceptable(late()).await.unwrap();
        assert!(left_out == 0 && ends(response).await.1 == Some(true), "it is never closed as if it were whole");
        let many = parts((0..MOST_AHEAD).map(|_| part(1)).chain([Err(REFUSED())]).collect());
        assert!(ends(related_ahead("text/plain", many).await.unwrap()).await.1.is_some());
    }
}
