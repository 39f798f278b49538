//! The viewer's files, embedded in the binary with their compressed copies.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::Portal;

/// What the viewer's build left; a page that says so where it was not built.
#[derive(RustEmbed)]
#[folder = "../../viewer-web/dist"]
#[allow_missing = true]
struct Built;

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><title>DI Common Service</title><p>This binary was built without the viewer. \
    Run <code>make build</code>, which builds the viewer first.</p></html>";

/// `/`: the viewer.
pub(crate) async fn home() -> Redirect {
    Redirect::to("/viewer/")
}

/// The page itself, whatever the path: the viewer routes on its own.
pub(crate) async fn index(State(portal): State<Portal>, headers: HeaderMap) -> Response {
    serve(&portal, "index.html", &headers)
}

/// A file of the viewer; a path without an extension is one of its pages, one with an extension that is not there is 404.
pub(crate) async fn file(State(portal): State<Portal>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    let last = path.rsplit('/').next().unwrap_or_default();
    // UIDs have dots too, and some end like a file: only an ending that begins with a letter is one.
    let lettered = last.rsplit_once('.').is_some_and(|(_, end)| end.starts_with(|c: char| c.is_ascii_alphabetic()));
    let is_file = path.starts_with("assets/") || (lettered && mime_guess::from_path(last).first().is_some());
    serve(&portal, if is_file { &path } else { "index.html" }, &headers)
}

fn serve(portal: &Portal, path: &str, headers: &HeaderMap) -> Response {
    let (encoding, found) = pick(path, headers);
    let Some(found) = found else {
        if path == "index.html" {
            return (StatusCode::OK, axum::response::Html(NOT_BUILT)).into_response();
        }
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = etag(&found, encoding);
    let mut response = if headers.get(IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == etag.as_bytes()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        found.data.into_owned().into_response()
    };
    let out = response.headers_mut();
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    let hashed = path.starts_with("assets/");
    let caching = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    set(out, CONTENT_TYPE, &kind);
    set(out, CACHE_CONTROL, caching);
    set(out, ETAG, &etag);
    set(out, VARY, "Accept-Encoding");
    set(out, REFERRER_POLICY, "no-referrer");
    set(out, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(out, CONTENT_SECURITY_POLICY, &policy(&portal.options.frame_ancestors));
    if let Some(encoding) = encoding {
        set(out, CONTENT_ENCODING, encoding);
    }
    response
}

fn set(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The best of the copies that the browser takes.
fn pick(path: &str, headers: &HeaderMap) -> (Option<&'static str>, Option<EmbeddedFile>) {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (encoding, end) in [("br", "br"), ("gzip", "gz")] {
        if accepted.split(',').any(|one| one.split(';').next().is_some_and(|one| one.trim() == encoding))
            && let Some(found) = Built::get(&format!("{path}.{end}"))
        {
            return (Some(encoding), Some(found));
        }
    }
    (None, Built::get(path))
}

fn etag(file: &EmbeddedFile, encoding: Option<&str>) -> String {
    let hash = file.metadata.sha256_hash();
    let short: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{short}{}\"", encoding.map(|encoding| format!("-{encoding}")).unwrap_or_default())
}

/// The policy that the viewer was tested under, with the portals that may show it in a frame.
fn policy(frame_ancestors: &[String]) -> String {
    const POLICY: &str = include_str!("../../../viewer-web/content-security-policy.txt");
    let directives = POLICY.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let ours = format!("frame-ancestors 'self' {}", frame_ancestors.join(" "));
    directives.replace("frame-ancestors 'self'", ours.trim_end())
}
