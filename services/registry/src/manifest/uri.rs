//! Bulk data URIs in headers: a path of ours, and before it, on the wire, the address by which the caller knows the service.

use std::borrow::Cow;

use memchr::memmem;

/// How a bulk data URI begins in JSON of our own writing. In text a quotation mark has a backslash before it, so that no value looks so.
const BEGINNING: &str = "\"BulkDataURI\":\"";

/// Headers whose bulk data URIs begin with `origin`, such as `https://di.example`, where they were paths.
pub fn with_origin<'a>(headers: &'a str, origin: &str) -> Cow<'a, str> {
    if origin.is_empty() {
        return Cow::Borrowed(headers);
    }
    let mut out = String::new();
    let mut rest = headers;
    while let Some(at) = memmem::find(rest.as_bytes(), BEGINNING.as_bytes()) {
        let (before, after) = rest.split_at(at + BEGINNING.len());
        out.push_str(before);
        if after.starts_with('/') {
            out.push_str(origin);
        }
        rest = after;
    }
    match out.is_empty() {
        true => Cow::Borrowed(headers),
        false => Cow::Owned(out + rest),
    }
}

/// The other way round.
pub(super) fn without_origin<'a>(headers: &'a str, origin: &str) -> Cow<'a, str> {
    if origin.is_empty() {
        return Cow::Borrowed(headers);
    }
    let wanted = format!("{BEGINNING}{origin}/");
    let (mut out, mut rest) = (String::with_capacity(headers.len()), headers);
    while let Some(at) = memmem::find(rest.as_bytes(), wanted.as_bytes()) {
        out.push_str(&rest[..at + BEGINNING.len()]);
        rest = &rest[at + wanted.len() - 1..];
    }
    Cow::Owned(out + rest)
}

#[cfg(test)]
mod tests {
    use super::{with_origin, without_origin};

    #[test]
    fn an_address_is_put_before_every_path_and_taken_away_again() {
        let headers = r#"[{"7FE00010":{"vr":"OW","BulkDataURI":"/d/a"}},{"00400260":{"BulkDataURI":"/d/b"},"00104000":{"Value":["\"BulkDataURI\":\"/x"]},"00090010":{"BulkDataURI":"http://else/c"}}]"#;
        let absolute = with_origin(headers, "https://di.example");
        assert_eq!(absolute.matches("https://di.example/d/").count(), 2);
        assert_eq!(absolute.matches("di.example").count(), 2, "neither text nor another's address is touched");
        assert_eq!(without_origin(&absolute, "https://di.example"), headers);
        assert_eq!(with_origin(headers, ""), headers);
        assert_eq!(with_origin("[]", "https://di.example"), "[]");
    }
}
