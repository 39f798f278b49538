//! What a request is about: its target, in the one spelling that routes know.

use axum::extract::Request;
use axum::http::header::ALLOW;
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::refused;

/// Methods that some resource has.
const METHODS: &str = "GET,HEAD,POST,PUT,DELETE,OPTIONS";

/// Longest target of a request, in bytes: a list of some nine hundred UIDs. What reads requests has a bound of its own a little above it, and
/// knows no words.
const MOST_BYTES: usize = 60_000;

/// A target that is too long (RFC 9110 §15.5.15).
pub(super) fn too_long(request: &Request) -> Option<Response> {
    let length = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let detail = "the request target has more than 60000 bytes: ask for fewer values at a time";
    (length > MOST_BYTES).then(|| refused(StatusCode::URI_TOO_LONG, detail))
}

/// The same target with unreserved characters of its path as they are (RFC 3986 §6.2.2.2); `None` where it is so already. Everything else
/// that is percent-encoded stays so, a slash above all.
pub(super) fn normal(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.contains('%') {
        return None;
    }
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        (plain, rest) = match after.split_at_checked(2).and_then(|(digits, after)| Some((unreserved(digits)?, after))) {
            Some((character, after)) => (plain + character.encode_utf8(&mut [0; 4]), after),
            None => (plain + "%", after),
        };
    }
    plain.push_str(rest);
    if plain == path {
        return None;
    }
    let target = match uri.query() {
        Some(query) => format!("{plain}?{query}"),
        None => plain,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

/// The unreserved character (RFC 3986 §2.3) of two hexadecimal digits.
fn unreserved(digits: &str) -> Option<char> {
    let is_code = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let code = u8::from_str_radix(digits, 16).ok().filter(|_| is_code)?;
    (code.is_ascii_alphanumeric() || b"-._~".contains(&code)).then(|| char::from(code))
}

/// `OPTIONS *` asks of the service and of no resource (RFC 9110 §9.3.7).
pub(super) fn of_everything(request: &Request) -> Option<Response> {
    let is_it = request.method() == Method::OPTIONS && request.uri().path() == "*";
    is_it.then(|| (StatusCode::NO_CONTENT, [(ALLOW, METHODS)]).into_response())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use axum::http::Uri;

    use super::normal;

    #[test]
    fn what_is_encoded_without_need_is_the_same_target() {
        let of = |text: &str| normal(&text.parse::<Uri>().unwrap()).map(|uri| uri.to_string());
        for (coded, plain) in [
            ("/dicom-web/%73tudies?PatientID=%73", "/dicom-web/studies?PatientID=%73"),
            ("/%64icom%2Dweb/studies/1%2E2%7E%5F", "/dicom-web/studies/1.2~_"),
            ("/a%2Fb%41", "/a%2FbA"),
            ("http://host/%41", "http://host/A"),
            ("/%25%37%33", "/%2573"),
        ] {
            assert_eq!(of(coded).as_deref(), Some(plain), "{coded}");
        }
        for same in ["/dicom-web/studies", "/a%2Fb", "/a%2", "/a%zz", "/%E9", "*"] {
            assert_eq!(of(same), None, "{same}");
        }
    }
}
