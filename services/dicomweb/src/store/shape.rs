//! How the body of a store request is put together: its Content-Type, PS3.18 §8.7.3.5 and §10.5.4.

use face::Problem;
use http::{HeaderMap, StatusCode};

use super::metadata::Form;
use crate::accept::MediaRange;

/// What is in the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    /// Whole instances.
    Objects,
    /// Metadata, and bulk data beside them.
    Metadata(Form),
}

/// How a body is put together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `multipart/related` with this boundary.
    Parts { payload: Payload, boundary: String },
    /// One representation.
    Alone(Payload),
}

const WANTED: &str = "Content-Type: multipart/related; type=\"application/dicom\" (or application/dicom+json, application/dicom+xml); \
                      boundary=… is wanted, or one of the three alone";

impl Shape {
    /// Reads the Content-Type; 415 for what can't be taken in, 400 for what contradicts itself.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let unsupported = || Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, WANTED);
        let media_type = MediaRange::content_type(headers).ok_or_else(unsupported)?;
        if media_type.essence != "multipart/related" {
            return payload(&media_type.essence).map(Self::Alone).ok_or_else(unsupported);
        }
        // Without a type, whole instances are what nearly everybody sends.
        let stated = media_type.parameter("type").unwrap_or("application/dicom").to_ascii_lowercase();
        let payload = payload(stated.trim()).ok_or_else(unsupported)?;
        let boundary = media_type.parameter("boundary").filter(|boundary| !boundary.is_empty());
        let absent = || Problem::parameter("boundary", "the Content-Type has no boundary parameter (RFC 2046 §5.1.1)");
        boundary.map(|boundary| Self::Parts { payload, boundary: boundary.to_owned() }).ok_or_else(absent)
    }
}

fn payload(essence: &str) -> Option<Payload> {
    match essence {
        "application/dicom" => Some(Payload::Objects),
        "application/dicom+json" => Some(Payload::Metadata(Form::Json)),
        "application/dicom+xml" => Some(Payload::Metadata(Form::Xml)),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Form, Payload, Shape};

    fn of(content_type: &str) -> Result<Shape, u16> {
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        Shape::of(&headers).map_err(|problem| axum::response::IntoResponse::into_response(problem).status().as_u16())
    }

    #[test]
    fn the_content_type_decides() {
        let parts = |payload| Ok(Shape::Parts { payload, boundary: "b c".into() });
        let objects = || parts(Payload::Objects);
        assert_eq!(of("multipart/related; type=\"application/dicom\"; boundary=\"b c\""), objects());
        assert_eq!(of("multipart/related;boundary=\"b c\";type=application/dicom"), objects());
        assert_eq!(of("multipart/related;type=Application/DICOM;boundary=\"b c\";transfer-syntax=1.2"), objects());
        assert_eq!(of("Multipart/Related; Boundary=\"b c\""), objects());
        let json = parts(Payload::Metadata(Form::Json));
        assert_eq!(of("multipart/related; type=\"application/dicom+json\"; boundary=\"b c\""), json);
        let xml = parts(Payload::Metadata(Form::Xml));
        assert_eq!(of("multipart/related; type=application/dicom+xml; boundary=\"b c\""), xml);
        assert_eq!(of("application/dicom"), Ok(Shape::Alone(Payload::Objects)));
        assert_eq!(of("application/dicom+json; charset=utf-8"), Ok(Shape::Alone(Payload::Metadata(Form::Json))));
        assert_eq!(of("multipart/related; type=\"application/dicom\""), Err(400));
        for wrong in [
            "multipart/related; type=\"application/pdf\"; boundary=b",
            "multipart/form-data; boundary=b",
            "application/json",
            "application/octet-stream",
            "nonsense",
        ] {
            assert_eq!(of(wrong), Err(415), "{wrong}");
        }
    }
}
