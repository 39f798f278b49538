//! The Store Instances Response Module, PS3.18 Annex I.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LOCATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use index_model::Uid;

use super::outcome::{Keys, Outcome, warning};
use crate::accept::{Container, Offer};
use crate::json::{Row as _, Writer};
use crate::multipart::{self, Part};
use crate::request::Base;
use crate::xml;

/// A sender is told to come back after so many seconds when nothing could be kept.
const RETRY_SECONDS: &str = "30";

/// 200 when all is stored and can be retrieved, 202 when some is, or is kept for nobody, 409 when nothing is (table 10.5.3-1). When all of it
/// failed for one reason that has a status of its own, that one: 413 too large, 507 no room, 503 no database (§8.5).
fn status(outcomes: &[Outcome]) -> StatusCode {
    let stored = outcomes.iter().filter(|outcome| outcome.is_stored()).count();
    let own = |outcome: &Outcome| outcome.result.as_ref().err().and_then(|failure| failure.status);
    match stored {
        0 => match outcomes.first().and_then(own) {
            Some(status) if outcomes.iter().all(|outcome| own(outcome) == Some(status)) => status,
            _ => StatusCode::CONFLICT,
        },
        stored if stored == outcomes.len() && outcomes.iter().all(is_as_sent) => StatusCode::OK,
        _ => StatusCode::ACCEPTED,
    }
}

/// Whether the sender got what it asked for. A meta header is no part of the data set: a word of warning beside it is enough.
fn is_as_sent(outcome: &Outcome) -> bool {
    outcome.warning().is_none_or(|(reason, _)| reason == warning::DOES_NOT_MATCH)
}

/// The answer in the form that was chosen.
pub(super) fn response(outcomes: &[Outcome], base: &Base, form: Offer) -> Response {
    let data_set = data_set(outcomes, base);
    let text = match form.payload {
        "application/dicom+xml" => xml::document(&data_set.data_set()),
        _ => data_set.json(),
    };
    let mut response = if form.container == Container::Multipart {
        multipart::whole(form.payload, vec![Part::of(form.payload, text.into())])
    } else {
        let mut response = text.into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.payload));
        response
    };
    // Where it is now: table 10.5.3-2.
    if let Some(address) = address(outcomes, base).and_then(|url| HeaderValue::from_str(&url).ok()) {
        response.headers_mut().insert(LOCATION, address.clone());
        response.headers_mut().insert(CONTENT_LOCATION, address);
    }
    let status = status(outcomes);
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
    }
    *response.status_mut() = status;
    response
}

fn stored(outcomes: &[Outcome]) -> impl Iterator<Item = &Outcome> {
    outcomes.iter().filter(|outcome| outcome.is_stored())
}

/// Those that have an address.
fn retrievable(outcomes: &[Outcome]) -> impl Iterator<Item = &Outcome> {
    outcomes.iter().filter(|outcome| outcome.is_retrievable())
}

/// The URL of the one instance that was stored, else of the one study.
fn address(outcomes: &[Outcome], base: &Base) -> Option<String> {
    let mut all = retrievable(outcomes);
    match (all.next(), all.next()) {
        (Some(only), None) => instance_url(&only.keys, base),
        _ => common_study(outcomes).map(|study| base.study(study.as_str())),
    }
}

fn data_set(outcomes: &[Outcome], base: &Base) -> Writer {
    let mut out = Writer::default();
    let study = common_study(outcomes);
    out.text("00081190", "UR", study.map(|study| base.study(study.as_str())).as_deref());
    let stored: Vec<_> = stored(outcomes).map(|outcome| referenced(outcome, base)).collect();
    // A failure that can be told by its UIDs is told in FailedSOPSequence, any other in OtherFailuresSequence.
    let named = |outcome: &&Outcome| outcome.keys.sop_class.is_some() && outcome.keys.sop_instance.is_some();
    let (named, unnamed): (Vec<_>, Vec<_>) = outcomes.iter().filter(|outcome| !outcome.is_stored()).partition(named);
    for (tag, items) in [
        ("00081198", named.into_iter().map(failed).collect::<Vec<_>>()),
        ("00081199", stored),
        ("0008119A", unnamed.into_iter().map(reason).collect()),
    ] {
        if !items.is_empty() {
            out.items(tag, items);
        }
    }
    out
}

/// The study in which all is that can be retrieved, if it is one.
fn common_study(outcomes: &[Outcome]) -> Option<&Uid> {
    let mut studies = retrievable(outcomes).filter_map(|outcome| outcome.keys.study.as_ref());
    let first = studies.next()?;
    studies.all(|study| study == first).then_some(first)
}

/// SOP Instance Reference Macro, PS3.3 table 10-11.
fn sop(out: &mut Writer, keys: &Keys) {
    out.text("00081150", "UI", keys.sop_class.as_ref().map(Uid::as_str));
    out.text("00081155", "UI", keys.sop_instance.as_ref().map(Uid::as_str));
}

fn instance_url(keys: &Keys, base: &Base) -> Option<String> {
    let (study, series) = (keys.study.as_ref()?, keys.series.as_ref()?);
    Some(base.instance(study.as_str(), series.as_str(), keys.sop_instance.as_ref()?.as_str()))
}

fn referenced(outcome: &Outcome, base: &Base) -> Writer {
    let mut out = Writer::default();
    sop(&mut out, &outcome.keys);
    // Type 2: without a value where there is nothing to retrieve.
    let url = outcome.is_retrievable().then(|| instance_url(&outcome.keys, base)).flatten();
    out.text("00081190", "UR", url.as_deref());
    if let Some((reason, comment)) = outcome.warning() {
        out.number("00081196", "US", Some(reason.into()));
        out.text("00000902", "LO", Some(&within(comment)));
    }
    out
}

fn failed(outcome: &Outcome) -> Writer {
    let mut out = reason(outcome);
    sop(&mut out, &outcome.keys);
    out
}

fn reason(outcome: &Outcome) -> Writer {
    let mut out = Writer::default();
    if let Err(failure) = &outcome.result {
        out.number("00081197", "US", Some(failure.reason.into()));
        // ErrorComment: not in the module, but where other servers put their words and clients look for them.
        out.text("00000902", "LO", Some(&within(&failure.comment)));
    }
    out
}
/// A value of VR LO has 64 characters at most (PS3.5 §6.2).
fn within(comment: &str) -> String {
    const MOST: usize = 64;
    if comment.chars().count() <= MOST {
        return comment.to_owned();
    }
    comment.chars().take(MOST - 1).chain(['…']).collect()
}
