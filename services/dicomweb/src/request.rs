//! What a request says: by which address it knows us, what its path names, its parameters.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use http::StatusCode;
use http::header::HOST;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::Face;
use face::Problem;

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

/// What the path names; 400 where it is not a UID, or not a frame list.
#[derive(Debug, Clone)]
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Face> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, face).await;
        let named =
            path.map_err(|_| Problem::parameter("path", "a name in the path is not a unique identifier (PS3.5 §9.1)"))?;
        Ok(Self(named.0))
    }
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
