//! Bytes of known number on their way out: validators and ranges, RFC 9110 §13 and §14.

use std::ops::Range;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use face::Problem;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE,
    RANGE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

/// Every answer is one person's, and is asked about again before it is used again: consent may have changed meanwhile.
/// A range is for GET alone (RFC 9110 §14.2): HEAD tells the whole length.
pub(crate) async fn freshness<F: Future<Output = Response>>(
    mut request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    if request.method() != Method::GET {
        request.headers_mut().remove(RANGE);
    }
    let mut response = answer(request).await;
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.entry(VARY).or_insert(HeaderValue::from_static("accept"));
    // Whatever an object holds, it is what its media type says and nothing that a browser guesses.
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    response
}

/// An entity tag, quoted; characters that a tag can't have are dropped.
pub(crate) fn etag(value: &str, form: &str) -> String {
    let plain = value.bytes().filter(|b| b.is_ascii_graphic() && *b != b'"').map(char::from);
    format!("\"{}{form}\"", plain.collect::<String>())
}

/// The tag of an answer in parts: the same parts, but with another delimiter each time.
pub(crate) fn weak(value: &str, form: &str) -> String {
    format!("W/{}", etag(value, form))
}

/// A tag of bounded length for what is made of many.
pub(crate) fn digest(text: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, text).hash(&mut hasher);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(1), half(2))
}

/// 412 when the caller wants another version than there is, 304 when it has this one already (RFC 9110 §13.2.2).
pub(crate) fn not_modified(request: &HeaderMap, etag: &str) -> Option<Response> {
    let names = |header| {
        let lists = request.get_all(header).iter().filter_map(|value: &HeaderValue| value.to_str().ok());
        lists.flat_map(|list| list.split(',')).map(str::trim).collect::<Vec<_>>()
    };
    let wanted = names(IF_MATCH);
    // A strong comparison: a weak tag never matches.
    if !wanted.is_empty() && !wanted.iter().any(|tag| *tag == "*" || (*tag == etag && !etag.starts_with("W/"))) {
        return Some(Problem::new(StatusCode::PRECONDITION_FAILED, "the resource is another version").into_response());
    }
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let held = names(IF_NONE_MATCH).into_iter().any(|tag| tag == "*" || opaque(tag) == opaque(etag));
    held.then(|| {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        set_etag(&mut response, etag);
        response
    })
}

/// Puts the entity tag on.
pub(crate) fn set_etag(response: &mut Response, etag: &str) {
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(ETAG, value);
    }
}

/// The bytes, or the one range of them that was asked for.
pub(crate) fn bytes(request: &HeaderMap, content_type: &str, etag: Option<&str>, bytes: Bytes) -> Response {
    let total = bytes.len() as u64;
    let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(bytes.len());
    let cut = |range: Range<u64>| Body::from(bytes.slice(at(range.start)..at(range.end)));
    streamed(request, content_type, etag, total, cut)
}

/// The one run of `total` bytes that was asked for and that is there; none where something else has to be answered.
pub(crate) fn run(request: &HeaderMap, etag: &str, total: u64) -> Option<Range<u64>> {
    if not_modified(request, etag).is_some() {
        return None;
    }
    match wanted(request, Some(etag), total) {
        Wanted::Part(first, last) => Some(first..last + 1),
        Wanted::All | Wanted::Beyond => None,
    }
}

/// `total` bytes, or the one range of them that was asked for; `body` makes the body of a run of them.
pub(crate) fn streamed(
    request: &HeaderMap,
    content_type: &str,
    etag: Option<&str>,
    total: u64,
    body: impl FnOnce(Range<u64>) -> Body,
) -> Response {
    if let Some(unchanged) = etag.and_then(|etag| not_modified(request, etag)) {
        return unchanged;
    }
    let mut response = match wanted(request, etag, total) {
        Wanted::All => of_length(StatusCode::OK, total, body(0..total)),
        Wanted::Part(first, last) => part(body(first..last + 1), first, last, total),
        Wanted::Beyond => beyond(total),
    };
    let headers = response.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(value) = HeaderValue::from_str(content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    if let Some(etag) = etag {
        set_etag(&mut response, etag);
    }
    response
}

fn of_length(status: StatusCode, length: u64, body: Body) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}

fn part(body: Body, first: u64, last: u64, total: u64) -> Response {
    let mut response = of_length(StatusCode::PARTIAL_CONTENT, last + 1 - first, body);
    if let Ok(value) = HeaderValue::from_str(&format!("bytes {first}-{last}/{total}")) {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
    response
}

fn beyond(total: u64) -> Response {
    let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{total}")) {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
    response
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// First and last byte.
    Part(u64, u64),
    Beyond,
}

/// What `Range` asks for. Several ranges, other units and stale `If-Range` mean everything, as the RFC allows.
fn wanted(request: &HeaderMap, etag: Option<&str>, total: u64) -> Wanted {
    let header = |name| request.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(range) = header(RANGE) else { return Wanted::All };
    if header(IF_RANGE).is_some_and(|held| etag != Some(held)) {
        return Wanted::All;
    }
    let range = range.trim();
    let unit = range.get(..6).is_some_and(|unit| unit.eq_ignore_ascii_case("bytes="));
    let Some((first, last)) = range.get(6..).filter(|_| unit).and_then(|range| range.trim().split_once('-')) else {
        return Wanted::All;
    };
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    match (number(first), number(last)) {
        (Some(first), _) if first >= total && (last.is_empty() || number(last).is_some()) => Wanted::Beyond,
        (Some(first), None) if last.is_empty() => Wanted::Part(first, total - 1),
        (Some(first), Some(last)) if first <= last => Wanted::Part(first, last.min(total - 1)),
        (None, Some(0)) if first.is_empty() => Wanted::Beyond,
        (None, Some(_)) if first.is_empty() && total == 0 => Wanted::Beyond,
        (None, Some(suffix)) if first.is_empty() => Wanted::Part(total.saturating_sub(suffix), total - 1),
        _ => Wanted::All,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use http::HeaderMap;

    use super::{Wanted, not_modified, wanted};

    fn asked(range: &str, if_range: Option<&str>) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert("range", range.parse().unwrap());
        if let Some(tag) = if_range {
            headers.insert("if-range", tag.parse().unwrap());
        }
        wanted(&headers, Some("\"e\""), 10)
    }

    #[test]
    fn one_range_is_cut_and_what_cannot_be_is_refused() {
        for (range, expected) in [
            ("bytes=0-0", Wanted::Part(0, 0)),
            ("bytes=2-", Wanted::Part(2, 9)),
            ("bytes=-3", Wanted::Part(7, 9)),
            ("bytes=-30", Wanted::Part(0, 9)),
            ("bytes=5-500", Wanted::Part(5, 9)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=5-2", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("lines=0-1", Wanted::All),
            ("bytes=18446744073709551615-", Wanted::Beyond),
        ] {
            assert_eq!(asked(range, None), expected, "{range}");
        }
        assert_eq!(asked("bytes=0-0", Some("\"e\"")), Wanted::Part(0, 0));
        assert_eq!(asked("bytes=0-0", Some("\"old\"")), Wanted::All);
    }

    #[test]
    fn a_held_tag_needs_no_body() {
        let mut headers = HeaderMap::new();
        headers.insert("if-none-match", "\"a\", W/\"e\"".parse().unwrap());
        assert!(not_modified(&headers, "\"e\"").is_some());
        assert!(not_modified(&headers, "\"x\"").is_none());
        assert!(not_modified(&headers, "W/\"a\"").is_some());
        headers.insert("if-none-match", "*".parse().unwrap());
        assert!(not_modified(&headers, "\"x\"").is_some());
    }

    #[test]
    fn another_version_than_is_wanted_is_no_answer() {
        let status = |held: &str, etag: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("if-match", held.parse().unwrap());
            not_modified(&headers, etag).map(|response| response.status().as_u16())
        };
        assert_eq!(status("\"e\"", "\"e\""), None);
        assert_eq!(status("*", "\"e\""), None);
        assert_eq!(status("\"old\", \"e\"", "\"e\""), None);
        assert_eq!(status("\"old\"", "\"e\""), Some(412));
        assert_eq!(status("W/\"e\"", "W/\"e\""), Some(412), "weak tags are no proof of the same bytes");
    }
}
