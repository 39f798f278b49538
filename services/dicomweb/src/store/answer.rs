//! The Store Instances Response Module, PS3.18 Annex I.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use index_model::Uid;

use super::intake::Outcome;
use crate::accept::{Container, Offer};
use crate::json::{DataSet, Writer};
use crate::multipart::{self, Part};
use crate::request::Base;
use crate::xml;

/// 200 when all is stored, 202 when some is, 409 when nothing is (§10.5.3.1).
fn status(outcomes: &[Outcome]) -> StatusCode {
    let stored = outcomes.iter().filter(|outcome| outcome.failure.is_none()).count();
    match stored {
        0 => StatusCode::CONFLICT,
        stored if stored == outcomes.len() => StatusCode::OK,
        _ => StatusCode::ACCEPTED,
    }
}

/// The answer in the form that was chosen.
pub(super) fn response(outcomes: &[Outcome], base: &Base, form: Offer) -> Response {
    let data_set = data_set(outcomes, base);
    let text = match form.payload {
        "application/dicom+xml" => xml::document(&data_set),
        _ => serde_json::Value::Object(data_set).to_string(),
    };
    let mut response = if form.container == Container::Multipart {
        multipart::whole(form.payload, vec![Part::of(form.payload, text.into())])
    } else {
        let mut response = text.into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.payload));
        response
    };
    *response.status_mut() = status(outcomes);
    response
}

fn data_set(outcomes: &[Outcome], base: &Base) -> DataSet {
    let mut out = Writer::default();
    let study = common_study(outcomes);
    out.text("00081190", "UR", study.map(|study| base.study(study.as_str())).as_deref());
    let stored = outcomes.iter().filter(|outcome| outcome.failure.is_none()).map(|outcome| referenced(outcome, base));
    let stored: Vec<_> = stored.collect();
    // A failure that can be told by its UIDs is told in FailedSOPSequence, any other in OtherFailuresSequence.
    let named = |outcome: &&Outcome| outcome.keys.as_ref().is_some_and(|keys| keys.sop_instance_uid.is_some());
    let (named, unnamed): (Vec<_>, Vec<_>) =
        outcomes.iter().filter(|outcome| outcome.failure.is_some()).partition(named);
    for (tag, items) in [
        ("00081198", named.into_iter().map(failed).collect::<Vec<_>>()),
        ("00081199", stored),
        ("0008119A", unnamed.into_iter().map(failed).collect()),
    ] {
        if !items.is_empty() {
            out.items(tag, items);
        }
    }
    out.0
}

/// The study in which everything was stored, if it is one.
fn common_study(outcomes: &[Outcome]) -> Option<&Uid> {
    let stored = outcomes.iter().filter(|outcome| outcome.failure.is_none());
    let mut studies = stored.filter_map(|outcome| outcome.keys.as_ref()?.study_instance_uid.as_ref());
    let first = studies.next()?;
    studies.all(|study| study == first).then_some(first)
}

fn sop(out: &mut Writer, outcome: &Outcome) {
    let Some(keys) = &outcome.keys else { return };
    if keys.sop_class_uid.is_some() || keys.sop_instance_uid.is_some() {
        out.text("00081150", "UI", keys.sop_class_uid.as_ref().map(Uid::as_str));
        out.text("00081155", "UI", keys.sop_instance_uid.as_ref().map(Uid::as_str));
    }
}

fn referenced(outcome: &Outcome, base: &Base) -> DataSet {
    let mut out = Writer::default();
    sop(&mut out, outcome);
    let keys = outcome.keys.as_ref();
    let url = keys.and_then(|keys| {
        let (study, series) = (keys.study_instance_uid.as_ref()?, keys.series_instance_uid.as_ref()?);
        Some(base.instance(study.as_str(), series.as_str(), keys.sop_instance_uid.as_ref()?.as_str()))
    });
    out.text("00081190", "UR", url.as_deref());
    out.0
}

fn failed(outcome: &Outcome) -> DataSet {
    let mut out = Writer::default();
    sop(&mut out, outcome);
    out.number("00081197", "US", outcome.failure.map(i64::from));
    if outcome.comment.is_some() {
        // ErrorComment: not in the module, but where other servers put their words and clients look for them.
        out.text("00000902", "LO", outcome.comment.as_deref());
    }
    out.0
}
