//! Pages of other origins, where they are configured (the Fetch standard's CORS protocol).
//!
//! Not the ready-made layer: it answers every OPTIONS request, and OPTIONS on the root is a transaction of PS3.18 §8.9.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderValue, Method, StatusCode};

use crate::Face;

const ALLOWED_HEADERS: &str = "Accept, Authorization, Content-Type, Range, If-Match, If-None-Match, If-Range, Priority";
const EXPOSED_HEADERS: &str = "Content-Length, Content-Range, Content-Location, Location, ETag, Warning, Accept-Ranges, Retry-After, X-Request-Id";

/// Answers preflight requests, without sign-on, and marks the answers that a listed origin may read.
pub(crate) async fn apply<F: Future<Output = Response>>(
    face: &Face,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let origin = request
        .headers()
        .get(ORIGIN)
        .filter(|origin| face.options.cors_origins.iter().any(|known| *origin == known.as_str()));
    let origin = origin.cloned();
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match (&origin, preflight) {
        (Some(_), true) => allowed(),
        _ => answer(request).await,
    };
    let headers = response.headers_mut();
    if !face.options.cors_origins.is_empty() {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
    }
    response
}

fn allowed() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, OPTIONS"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}
