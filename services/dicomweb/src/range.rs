//! Bytes that are whole in memory on their way out: validators and ranges, RFC 9110 §13 and §14.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};

/// Every answer is one person's, and is asked about again before it is used again: consent may have changed meanwhile.
pub(crate) async fn freshness(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.entry(VARY).or_insert(HeaderValue::from_static("accept"));
    response
}

/// An entity tag, quoted; characters that a tag can't have are dropped.
pub(crate) fn etag(value: &str, form: &str) -> String {
    let plain = value.bytes().filter(|b| b.is_ascii_graphic() && *b != b'"').map(char::from);
    format!("\"{}{form}\"", plain.collect::<String>())
}

/// 304, when the caller has it already.
pub(crate) fn not_modified(request: &HeaderMap, etag: &str) -> Option<Response> {
    let held =
        request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    let same = held.map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == etag);
    same.then(|| {
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
    if let Some(unchanged) = etag.and_then(|etag| not_modified(request, etag)) {
        return unchanged;
    }
    let total = bytes.len() as u64;
    let mut response = match wanted(request, etag, total) {
        Wanted::All => Body::from(bytes).into_response(),
        Wanted::Part(first, last) => part(bytes, first, last, total),
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

fn part(bytes: Bytes, first: u64, last: u64, total: u64) -> Response {
    let (from, to) = (usize::try_from(first).unwrap_or(0), usize::try_from(last + 1).unwrap_or(bytes.len()));
    let mut response = (StatusCode::PARTIAL_CONTENT, Body::from(bytes.slice(from..to))).into_response();
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
    }
}
