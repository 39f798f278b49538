//! The query part of a URL: PS3.18 §8.3, RFC 3986 §3.4, with `+` for a space as HTML forms write it.

use std::borrow::Cow;

/// More parameters than this are refused.
pub const MOST_PARAMETERS: usize = 256;

/// Why the query part of a URL can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// More than [`MOST_PARAMETERS`].
    #[error("too many parameters")]
    TooMany,
    /// The name, or the value of the parameter that is named, is not percent-encoded UTF-8.
    #[error("percent-encoded UTF-8 is wanted (RFC 3986 §2.1)")]
    Encoding {
        /// The name, where it can be read.
        parameter: Option<String>,
    },
}

/// The parameters in their order, decoded; one without `=` has no value.
///
/// # Errors
/// [`UrlError`].
pub fn parameters(query: &str) -> Result<Vec<(String, String)>, UrlError> {
    let pieces = query.split('&').filter(|piece| !piece.is_empty());
    let parameters: Vec<_> = pieces.take(MOST_PARAMETERS + 1).map(pair).collect::<Result<_, _>>()?;
    if parameters.len() > MOST_PARAMETERS { Err(UrlError::TooMany) } else { Ok(parameters) }
}

fn pair(piece: &str) -> Result<(String, String), UrlError> {
    let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
    let name = decoded(name).ok_or(UrlError::Encoding { parameter: None })?;
    let value = decoded(value).ok_or_else(|| UrlError::Encoding { parameter: Some(name.clone().into_owned()) })?;
    Ok((name.into_owned(), value.into_owned()))
}

/// One value as forms write it; `None` where it is not percent-encoded UTF-8.
pub fn component(text: &str) -> Option<String> {
    decoded(text).map(Cow::into_owned)
}

/// Percent-encoded UTF-8; `None` where it is not.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let mut escapes = text.split('%').skip(1);
    let is_whole = |after: &str| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if !escapes.all(is_whole) {
        return None;
    }
    if !text.contains(['%', '+']) {
        return Some(text.into());
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::{MOST_PARAMETERS, UrlError, parameters};

    #[test]
    fn what_is_not_percent_encoded_utf_8_is_no_value() {
        for (wrong, named) in [
            ("PatientID=%zz", Some("PatientID")),
            ("PatientID=%", Some("PatientID")),
            ("PatientID=1%2", Some("PatientID")),
            ("PatientName=%E2%82", Some("PatientName")),
            ("a=1&%FF=1", None),
        ] {
            let error = UrlError::Encoding { parameter: named.map(str::to_owned) };
            assert_eq!(parameters(wrong), Err(error), "{wrong}");
        }
        assert_eq!(
            parameters("a=%C3%A9+b&c&d=&&e=="),
            Ok([("a", "é b"), ("c", ""), ("d", ""), ("e", "=")].map(|(n, v)| (n.into(), v.into())).into())
        );
    }

    #[test]
    fn there_are_so_many_parameters_and_no_more() {
        assert_eq!(parameters(&"a&".repeat(MOST_PARAMETERS)).map(|all| all.len()), Ok(MOST_PARAMETERS));
        assert_eq!(parameters(&"a&".repeat(MOST_PARAMETERS + 1)), Err(UrlError::TooMany));
    }
}
