//! One object in the form in which it goes out: as it is stored, in Explicit VR Little Endian, or encoded.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use face::Problem;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use index_model::{InstanceEntry, Uid};
use registry::rendering::can_decode;
use registry::{InstanceBytes, OpenedStudy, RegistryError, Uncompressed, encodes_to};

use super::DICOM;
use crate::Face;
use crate::multipart::{self, Part};
use crate::syntax::{Asked, Rewriting, is_lossless};

pub(super) fn none_of_these() -> Problem {
    Problem::not_acceptable(
        "objects are answered as multipart/related; type=\"application/dicom\" in the transfer syntax in which they are stored \
         (transfer-syntax=*) or, where they can be decoded, in 1.2.840.10008.1.2.1 or, where nothing is lost by it, in \
         1.2.840.10008.1.2.5, 1.2.840.10008.1.2.4.80, .90, .201 or .202; application/dicom alone for one instance",
    )
}

pub(super) fn content_type(transfer_syntax_uid: &str) -> String {
    format!("{DICOM}; transfer-syntax={transfer_syntax_uid}")
}

/// An object in the syntax that was asked for, or as it is stored where the caller leaves us room.
pub(crate) async fn in_form(
    face: &Face,
    opened: &OpenedStudy,
    series: &Uid,
    found: InstanceBytes,
    asked: Asked,
) -> Result<Part, RegistryError> {
    let entry = Arc::clone(&found.entry);
    let stored = entry.instance.transfer_syntax_uid.as_str();
    let found = match asked.of_object(has_pixels(&entry)).rewriting(stored) {
        Rewriting::None => found,
        Rewriting::Encoded(syntax) => {
            let encoded = Box::pin(face.registry.encapsulated(opened, series, found, syntax)).await?;
            return Ok(part(content_type(syntax), encoded));
        }
        Rewriting::Always => return explicit(face, opened, series, found).await,
        Rewriting::WherePossible => match explicit(face, opened, series, found).await {
            Err(RegistryError::NotAcceptable { .. }) => {
                face.registry.instance(opened, series, &entry.instance.sop_instance_uid).await?
            }
            other => return other,
        },
    };
    Ok(part(content_type(stored), found))
}

fn part(content_type: String, found: InstanceBytes) -> Part {
    Part { content_type, location: None, size_bytes: found.size_bytes, body: found.stream }
}

/// Whether the object has frames: where it is not here yet, as its header says.
pub(super) fn has_pixels(entry: &InstanceEntry) -> bool {
    entry.instance.number_of_frames > 0 || entry.frames.count() > 0
}

/// Whether an image can be had in the form that is asked for, as far as its transfer syntax and its header tell. What is lossy is not
/// compressed again, so that nobody takes it for what it was.
pub(crate) fn can_be_had(entry: &InstanceEntry, asked: Asked, named: Option<&str>) -> bool {
    let stored = entry.instance.transfer_syntax_uid.as_str();
    match asked {
        _ if Some(stored) == named => true,
        Asked::Explicit => can_decode(stored),
        Asked::Encoded(syntax) => has_pixels(entry) && is_lossless(stored) && encodes_to(entry, syntax),
        Asked::Any | Asked::Unsaid => true,
        Asked::Stored => false,
    }
}

/// One object in Explicit VR Little Endian.
async fn explicit(
    face: &Face,
    opened: &OpenedStudy,
    series: &Uid,
    found: InstanceBytes,
) -> Result<Part, RegistryError> {
    let found = face.registry.uncompressed(opened, series, found, Uncompressed::Explicit).await?;
    Ok(part(content_type(Uncompressed::Explicit.transfer_syntax_uid()), found))
}

/// One object as the body.
pub(crate) fn object(part: Part) -> Response {
    let mut response = Body::from_stream(multipart::flushed(part.body)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, part.size_bytes.into());
    if let Ok(value) = HeaderValue::from_str(&part.content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    response
}
