//! Query parameters, PS3.18 §8.3: decoded, and each known to the resource that is asked.

use axum::extract::FromRequestParts;
use face::Problem;
use http::header::ACCEPT_CHARSET;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use index_model::Uid;
use index_query::url::{self, UrlError};

use crate::Face;
use crate::accept::unquote;
use crate::capabilities;

/// The query parameters, decoded, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Parameters(Vec<(String, String)>);

/// Parameters that every resource takes: §8.3.3.
const EVERYWHERE: [&str; 2] = ["accept", "charset"];

impl Parameters {
    /// Parses the query part of a URL; 400 where it is not percent-encoded UTF-8, naming the parameter where its name can be read.
    pub(crate) fn parse(query: &str) -> Result<Self, Problem> {
        let parameters = url::parameters(query).map_err(|error| match &error {
            UrlError::Encoding { parameter: Some(name) } => Problem::parameter(name, error.to_string()),
            _ => Problem::new(StatusCode::BAD_REQUEST, error.to_string()),
        })?;
        Ok(Self(parameters))
    }

    /// The first value of a parameter; names compare without case, as clients write `requestType` in many ways.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that may be there once; 400 when it is there more often.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() { Err(Problem::parameter(name, "one value is wanted")) } else { Ok(value) }
    }

    /// The transfer syntax that is asked for beside media types: a UID or `*`; 400 when it is neither.
    pub(crate) fn transfer_syntax(&self) -> Result<Option<String>, Problem> {
        let Some((name, value)) = self.0.iter().find(|(name, _)| normal(name).eq_ignore_ascii_case(SYNTAX)) else {
            return Ok(None);
        };
        let syntax = unquote(value.trim());
        let wrong = || Problem::parameter(name, "a transfer syntax UID (PS3.5 §9.1) or * is wanted");
        if syntax == "*" || Uid::parse(&syntax).is_ok() { Ok(Some(syntax)) } else { Err(wrong()) }
    }

    /// Text is answered in UTF-8 (§8.8.1, §9.1.2.2.2): 406 where `charset`, or else `Accept-Charset`, takes only others.
    pub(crate) fn check_charset(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let header = headers.get(ACCEPT_CHARSET).and_then(|value| value.to_str().ok());
        let Some(list) = self.one("charset")?.or(header) else { return Ok(()) };
        let taken = list.split(',').any(|one| Charset::of(one) == Charset::Ours);
        if taken { Ok(()) } else { Err(Problem::not_acceptable("text is answered in UTF-8")) }
    }

    /// A `charset` that is the name of no character set is 400 (§8.3.3.2), whatever is answered.
    fn check_charset_name(&self) -> Result<(), Problem> {
        let Some(list) = self.one("charset")? else { return Ok(()) };
        let unknown = list.split(',').any(|one| Charset::of(one) == Charset::Unknown);
        if unknown { Err(Problem::parameter("charset", "names of character sets are wanted")) } else { Ok(()) }
    }

    /// A value of two would be half of what was asked for.
    fn once(&self) -> Result<(), Problem> {
        let names: Vec<_> = self.0.iter().map(|(name, _)| normal(name).to_ascii_lowercase()).collect();
        let twice = names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|earlier| earlier == *name));
        twice.map_or(Ok(()), |(_, name)| Err(Problem::parameter(name, "is given twice")))
    }

    /// All but those named.
    pub(crate) fn without(self, names: &[&str]) -> Vec<(String, String)> {
        self.0.into_iter().filter(|(key, _)| !names.contains(&key.as_str())).collect()
    }

    /// Refuses what is none of `known`: a picture without the window that was asked for under a wrong name would be another picture.
    fn check(&self, known: &[&[&str]]) -> Result<(), Problem> {
        let own = || known.iter().copied().flatten().filter(|name| !EVERYWHERE.contains(name));
        let known = || own().chain(&EVERYWHERE);
        let is_unknown = |name: &&str| !known().any(|known| known.eq_ignore_ascii_case(normal(name)));
        let Some(unknown) = self.0.iter().map(|(name, _)| name.as_str()).find(is_unknown) else { return self.once() };
        let names = known().copied().collect::<Vec<_>>().join(", ");
        Err(Problem::parameter(unknown, format!("this resource knows no such parameter; it knows {names}")))
    }
}

/// What text can be answered in: UTF-8, and no other set that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Ours,
    Another,
    Unknown,
}

impl Charset {
    /// Of one element of a list: a name of IANA's or one of PS3.3 §C.12.1.1.2, with a quality perhaps.
    fn of(element: &str) -> Self {
        const OTHERS: [&str; 14] = [
            "iso-8859-",
            "iso_8859-",
            "iso-2022-",
            "iso_ir ",
            "iso 2022 ir ",
            "windows-125",
            "utf-16",
            "utf-32",
            "us-ascii",
            "shift_jis",
            "euc-",
            "gb",
            "big5",
            "koi8-",
        ];
        let name = element.split(';').next().unwrap_or_default().trim().trim_matches('"').to_ascii_lowercase();
        match name.as_str() {
            "utf-8" | "utf8" | "iso_ir 192" | "*" | "" => Self::Ours,
            "tis-620" => Self::Another,
            name if OTHERS.iter().any(|known| name.starts_with(known)) => Self::Another,
            _ => Self::Unknown,
        }
    }
}

/// The name that the standard gives; clients also write it as the parameter of media types is written.
fn normal(name: &str) -> &str {
    if name.eq_ignore_ascii_case("transfer-syntax") { SYNTAX } else { name }
}

const SYNTAX: &str = "transferSyntax";

impl FromRequestParts<Face> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        let Some(query) = parts.uri.query().filter(|query| !query.is_empty()) else { return Ok(Self(Vec::new())) };
        let parameters = Self::parse(query)?;
        let route = capabilities::route(&parts.extensions, face);
        if let Some(known) = capabilities::parameters(route, &parts.method) {
            parameters.check(known)?;
        }
        parameters.check_charset_name()?;
        Ok(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn an_unknown_parameter_is_named_with_those_that_are_known() {
        let parameters = |query| Parameters::parse(query).expect("well formed");
        assert!(parameters("Viewport=1,1&ACCEPT=image/png&charset=utf-8").check(&[&["viewport"]]).is_ok());
        assert!(parameters("viewport=1,1&windw=1,2").check(&[&["viewport"]]).is_err());
        assert!(parameters("viewport=1,1&Viewport=2,2").check(&[&["viewport"]]).is_err(), "half of what is asked");
    }

    #[test]
    fn a_charset_has_a_name_that_is_known() {
        let named = |query| Parameters::parse(query).expect("well formed").check_charset_name().is_ok();
        assert!(named("charset=utf-8") && named("charset=iso-8859-1,utf-8;q=0.5") && named("charset=ISO_IR%20100"));
        assert!(!named("charset=bogus") && !named("charset=utf-8,bogus"));
    }
}
