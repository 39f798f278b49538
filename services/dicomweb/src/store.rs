//! Store Transaction (STOW-RS), PS3.18 §10.5: whole instances, or metadata accompanied by bulk data.
//!
//! A body is taken in as it arrives. Whole instances are stored while the next one is coming; metadata wait for their bulk data on disk.
//! What is refused for its headers alone is refused before anything is read.

mod answer;
mod compose;
mod incoming;
mod links;
mod metadata;
mod objects;
mod outcome;
mod shape;
mod storing;
mod unpacked;

use access::{Action, Subject};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use face::{Caller, Problem};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};

use self::incoming::{Ended, Incoming};
use self::outcome::{Failure, Outcome, reason};
use self::shape::{Payload, Shape};
use self::storing::Storing;
use crate::Face;
use crate::accept::{Accept, Offer};
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
    // What is refused here is answered before its body, which the listener reads beside the answer.
    let (form, shape) = Plan::of(&face, &headers, &parameters)?;
    let permit = face.registry.access().permit(&caller.0, Action::Store, Subject::Registry).await?;
    let mut storing = Storing::new(&face, &permit, scope.study);
    let mut incoming = Incoming::new(body, face.options.store_bytes, face.options.store_patience);
    let ended = take_in(&mut storing, shape, &base, &mut incoming).await;
    if !matches!(ended, Err(Ended::Slow | Ended::Gone)) {
        storing.meanwhile(incoming.drain()).await;
    }
    storing.settle().await;
    let outcomes = outcomes(storing.outcomes, ended)?;
    tracing::info!(instances = outcomes.len(), "a store request ended");
    Ok(answer::response(&outcomes, &base, form))
}

/// What the headers say of a request: the form of its answer and the shape of its body.
struct Plan;

impl Plan {
    fn of(face: &Face, headers: &HeaderMap, parameters: &Parameters) -> Result<(Offer, Shape), Problem> {
        let form = Accept::of(headers, parameters.get("accept")).best(&OFFERS).ok_or_else(|| {
            Problem::not_acceptable("the answer to a store request is application/dicom+json or application/dicom+xml")
        })?;
        let coded = headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity");
        if coded {
            let detail = "Content-Encoding: bodies are taken as they are, without a content coding";
            return Err(Problem::content_coding("identity", detail));
        }
        let shape = Shape::of(headers)?;
        let declared = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > face.options.store_bytes) {
            return Err(Ended::TooLarge(face.options.store_bytes).into());
        }
        Ok((form, shape))
    }
}

/// Takes the body in, in its shape.
async fn take_in(storing: &mut Storing<'_>, shape: Shape, base: &Base, body: &mut Incoming) -> Result<(), Ended> {
    match shape {
        Shape::Parts { payload: Payload::Objects, boundary } => objects::parts(storing, &boundary, body).await,
        Shape::Parts { payload: Payload::Metadata(form), boundary } => {
            metadata::parts(storing, form, &boundary, &base.0, body).await
        }
        Shape::Alone(Payload::Objects) => objects::alone(storing, body).await,
        Shape::Alone(Payload::Metadata(form)) => metadata::alone(storing, form, &base.0, body).await,
    }
}

/// What became of every part, in the body's order. A body that ended wrongly and of which nothing was heard is a bad request; what was
/// heard of it before is told, and the end as one more failure.
fn outcomes(mut outcomes: Vec<Outcome>, ended: Result<(), Ended>) -> Result<Vec<Outcome>, Problem> {
    outcomes.sort_by_key(|outcome| outcome.at);
    match ended {
        Ok(()) if outcomes.is_empty() => Err(Problem::new(StatusCode::BAD_REQUEST, "the body has no part")),
        Ok(()) => Ok(outcomes),
        Err(ended) if outcomes.is_empty() => Err(ended.into()),
        Err(ended) => {
            let (_, words) = ended.words();
            outcomes.push(Outcome::failed(usize::MAX, Failure::new(reason::CANNOT_UNDERSTAND, words)));
            Ok(outcomes)
        }
    }
}
