//! Store Transaction (STOW-RS), PS3.18 §10.5: parts are taken in as they arrive and stored as they complete.

mod answer;
mod intake;
mod peek;

use access::{Action, Subject};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use face::{Caller, Problem};
use http::{HeaderMap, StatusCode};

use crate::Face;
use crate::accept::{Accept, MediaRange, Offer};
use crate::request::{Base, Parameters, Scope};

/// The forms of the answer: PS3.18 §10.5.3 and Annex I.
const OFFERS: [Offer; 4] = [
    Offer::single("application/dicom+json"),
    Offer::single("application/json"),
    Offer::single("application/dicom+xml"),
    Offer::multipart("application/dicom+xml"),
];

/// Stores what the body brings; where the path names a study, only what belongs to it.
pub(crate) async fn store(
    State(face): State<Face>,
    caller: Caller,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let form = Accept::of(&headers, parameters.get("accept")).best(&OFFERS).ok_or_else(|| {
        Problem::not_acceptable("the answer to a store request is application/dicom+json or application/dicom+xml")
    })?;
    let shape = shape(&headers)?;
    let permit = face.registry.access().permit(&caller.0, Action::Store, Subject::Registry).await?;
    let outcomes = intake::Intake::new(&face, &permit, scope.study).run(shape, body).await?;
    if outcomes.is_empty() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "the body has no part"));
    }
    tracing::info!(instances = outcomes.len(), "a store request ended");
    Ok(answer::response(&outcomes, &base, form))
}

/// How the body is put together.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
    /// `multipart/related` with this boundary.
    Parts(String),
    /// One object, `application/dicom`.
    Alone,
}

/// Reads the Content-Type; 415 for what can't be taken in, 400 for what contradicts itself.
fn shape(headers: &HeaderMap) -> Result<Shape, Problem> {
    let unsupported = |detail: &'static str| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
    let wanted = "multipart/related; type=\"application/dicom\"; boundary=… is wanted";
    let Some(media_type) = MediaRange::content_type(headers) else { return Err(unsupported(wanted)) };
    match media_type.essence.as_str() {
        "application/dicom" => return Ok(Shape::Alone),
        "multipart/related" => {}
        _ => return Err(unsupported(wanted)),
    }
    match media_type.parameter("type").unwrap_or("application/dicom").to_ascii_lowercase().as_str() {
        "application/dicom" => {}
        "application/dicom+json" | "application/dicom+xml" => {
            return Err(unsupported(
                "metadata with separate bulk data are not taken; send whole objects as application/dicom",
            ));
        }
        _ => return Err(unsupported(wanted)),
    }
    let boundary = media_type.parameter("boundary").filter(|boundary| !boundary.is_empty());
    let absent = || Problem::parameter("boundary", "the Content-Type has no boundary parameter (RFC 2046 §5.1.1)");
    boundary.map(|boundary| Shape::Parts(boundary.to_owned())).ok_or_else(absent)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Shape, shape};

    fn of(content_type: &str) -> Result<Shape, u16> {
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        shape(&headers).map_err(|problem| axum::response::IntoResponse::into_response(problem).status().as_u16())
    }

    #[test]
    fn the_content_type_decides() {
        let parts = || Ok(Shape::Parts("b c".into()));
        assert_eq!(of("multipart/related; type=\"application/dicom\"; boundary=\"b c\""), parts());
        assert_eq!(of("multipart/related;boundary=\"b c\";type=application/dicom"), parts());
        assert_eq!(of("Multipart/Related; Boundary=\"b c\""), parts());
        assert_eq!(of("application/dicom"), Ok(Shape::Alone));
        assert_eq!(of("multipart/related; type=\"application/dicom\""), Err(400));
        assert_eq!(of("multipart/related; type=\"application/dicom+json\"; boundary=b"), Err(415));
        assert_eq!(of("multipart/form-data; boundary=b"), Err(415));
        assert_eq!(of("application/json"), Err(415));
    }
}
