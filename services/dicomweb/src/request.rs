//! What a request says: by which address it knows us, what its path names, its parameters.

mod asker;
mod outside;
mod parameters;

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use face::Problem;
use http::request::Parts;
use index_model::Uid;
use registry::RegistryError;

pub(crate) use asker::Asker;
pub(crate) use parameters::Parameters;

use crate::Face;

/// The base URL of the service as the caller knows it, such as `https://di.example/dicom-web`.
#[derive(Debug, Clone)]
pub(crate) struct Base(pub(crate) Arc<str>, Arc<str>);

impl Base {
    /// What comes before the path of the service: scheme and host, and a prefix where a proxy takes one away. Empty when the request
    /// does not say.
    pub(crate) fn origin(&self) -> &str {
        &self.1
    }

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
        let origin = face.options.public_origin.clone().or_else(|| outside::origin(parts)).unwrap_or_default();
        let origin = origin.trim_end_matches('/');
        Ok(Self(format!("{origin}{}", face.options.base_path).into(), origin.into()))
    }
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
                // The frames of a bulk value have addresses below it.
                _ => match text.rsplit_once("/frames/") {
                    Some((value, list)) => {
                        (scope.value, scope.frames) = (Some(value.to_owned()), Some(frame_list(list)?));
                    }
                    None => scope.value = Some(text.to_owned()),
                },
            }
        }
        Ok(scope)
    }
}

/// A request names no more frames than this.
const MOST_FRAMES: usize = 10_000;

/// A list of frame numbers, such as `1,3,2`. Frame 0 is well named, and never there.
fn frame_list(list: &str) -> Result<Vec<u32>, Problem> {
    let wrong =
        || Problem::parameter("frames", "a list of frame numbers, counted from 1 and parted by commas, is wanted");
    // Digits only: `+1` is no number in a path.
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = |text: &str| Some(text.trim()).filter(digits).map(|text| text.parse().unwrap_or(u32::MAX));
    let numbers: Vec<u32> =
        list.split(',').take(MOST_FRAMES + 1).map(number).collect::<Option<_>>().ok_or_else(wrong)?;
    match numbers.len() {
        _ if numbers.contains(&0) => Err(Problem::not_found("frames are counted from 1")),
        0..=MOST_FRAMES => Ok(numbers),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::frame_list;

    #[test]
    fn a_frame_list_counts_from_one() {
        assert_eq!(frame_list("3,1, 2").ok(), Some(vec![3, 1, 2]));
        assert_eq!(frame_list("4294967296").ok(), Some(vec![u32::MAX]));
        for wrong in ["", "0", "1,0", "1,,2", "-1", "+1", "a", "1,"] {
            assert!(frame_list(wrong).is_err(), "{wrong}");
        }
    }
}
