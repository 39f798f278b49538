//! What a request says: by which address it knows us, what its path names, its parameters.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
use face::Problem;
use http::StatusCode;
use http::header::HOST;
use http::request::Parts;
use index_model::Uid;
use registry::RegistryError;

use crate::Face;

/// The base URL of the service as the caller knows it, such as `https://di.example/dicom-web`.
#[derive(Debug, Clone)]
pub(crate) struct Base(pub(crate) Arc<str>);

impl Base {
    /// The URL of a study.
    pub(crate) fn study(&self, study: &str) -> String {
        format!("{}/studies/{study}", self.0)
    }

    /// The URL of a series.
    pub(crate) fn series(&self, study: &str, series: &str) -> String {
        format!("{}/studies/{study}/series/{series}", self.0)
    }

    /// The URL of an instance.
    pub(crate) fn instance(&self, study: &str, series: &str, instance: &str) -> String {
        format!("{}/studies/{study}/series/{series}/instances/{instance}", self.0)
    }
}

impl FromRequestParts<Face> for Base {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Self::Rejection> {
        let origin = face.options.public_origin.clone().or_else(|| origin(parts)).unwrap_or_default();
        Ok(Self(format!("{}{}", origin.trim_end_matches('/'), face.options.base_path).into()))
    }
}

/// Scheme and host by which the request came; none when the request does not say, and URLs are then paths.
fn origin(parts: &Parts) -> Option<String> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    // A proxy on this machine may speak for the outside address; others may not.
    let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let near = from.is_some_and(|ConnectInfo(from)| from.ip().to_canonical().is_loopback());
    let forwarded = |name: &str| near.then(|| header(name)).flatten();
    let host = forwarded("x-forwarded-host")
        .or_else(|| header(HOST.as_str()))
        .or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    let scheme = if forwarded("x-forwarded-proto") == Some("https") || parts.uri.scheme_str() == Some("https") {
        "https"
    } else {
        "http"
    };
    (!host.is_empty() && host.bytes().all(plain)).then(|| format!("{scheme}://{host}"))
}

/// What the path names. 400 where a name is not a UID, or not a list of frames.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub(crate) study: Option<Uid>,
    pub(crate) series: Option<Uid>,
    pub(crate) instance: Option<Uid>,
    /// Numbers of frames, from 1, in the caller's order.
    pub(crate) frames: Option<Vec<u32>>,
    /// The end of a bulk data URI.
    pub(crate) value: Option<String>,
}

impl Scope {
    /// The study; a route without one is a fault of ours, and told as not found.
    pub(crate) fn study(&self) -> Result<&Uid, RegistryError> {
        self.study.as_ref().ok_or(RegistryError::NotFound)
    }

    /// The series and the instance.
    pub(crate) fn instance(&self) -> Result<(&Uid, &Uid), RegistryError> {
        self.series.as_ref().zip(self.instance.as_ref()).ok_or(RegistryError::NotFound)
    }
}

impl FromRequestParts<Face> for Scope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        let unreadable = || Problem::parameter("path", "the path is not UTF-8");
        let names = RawPathParams::from_request_parts(parts, face).await.map_err(|_| unreadable())?;
        let mut scope = Self::default();
        for (name, text) in &names {
            let uid = || {
                let wrong = |_| Problem::parameter(name, "a unique identifier is wanted (PS3.5 §9.1)");
                Uid::parse(text).map(Some).map_err(wrong)
            };
            match name {
                "study" => scope.study = uid()?,
                "series" => scope.series = uid()?,
                "instance" => scope.instance = uid()?,
                "frames" => scope.frames = Some(frame_list(text)?),
                _ => scope.value = Some(text.to_owned()),
            }
        }
        Ok(scope)
    }
}

/// A request names no more frames than this.
const MOST_FRAMES: usize = 10_000;

/// A list of frame numbers, such as `1,3,2`.
fn frame_list(list: &str) -> Result<Vec<u32>, Problem> {
    let wrong =
        || Problem::parameter("frames", "a list of frame numbers, counted from 1 and parted by commas, is wanted");
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|number| *number > 0).ok_or_else(wrong);
    let numbers: Vec<_> = list.split(',').take(MOST_FRAMES + 1).map(number).collect::<Result<_, _>>()?;
    if numbers.len() > MOST_FRAMES { Err(wrong()) } else { Ok(numbers) }
}

/// The query parameters, decoded, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Parameters(Vec<(String, String)>);

/// More parameters than this are refused.
const MOST_PARAMETERS: usize = 256;

impl Parameters {
    /// Parses the query part of a URL.
    pub(crate) fn parse(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().take(MOST_PARAMETERS + 1).collect())
    }

    /// The first value of a parameter; names compare without case, as clients write `requestType` in many ways.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All but those named.
    pub(crate) fn without(self, names: &[&str]) -> Vec<(String, String)> {
        self.0.into_iter().filter(|(key, _)| !names.contains(&key.as_str())).collect()
    }
}

impl FromRequestParts<Face> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Face) -> Result<Self, Problem> {
        let parameters = Self::parse(parts.uri.query().unwrap_or_default());
        if parameters.0.len() > MOST_PARAMETERS {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "too many parameters"));
        }
        Ok(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::frame_list;

    #[test]
    fn a_frame_list_counts_from_one() {
        assert_eq!(frame_list("3,1, 2").ok(), Some(vec![3, 1, 2]));
        for wrong in ["", "0", "1,,2", "-1", "a", "1,", "4294967296"] {
            assert!(frame_list(wrong).is_err(), "{wrong}");
        }
    }
}
