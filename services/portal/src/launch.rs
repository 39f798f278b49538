//! Invoke Image Display (IHE RAD-106): a portal opens the viewer on a study or a patient.
//!
//! The identifiers stay on this side: the browser is sent on to an opaque launch id, so that no address that is kept in a history or
//! passed on as a referrer names a patient.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use face::{Caller, Problem};
use http::{HeaderMap, StatusCode};
use index_model::Uid;
use registry::{Choice, Launch, LaunchRequest, RegistryError};
use serde_json::{Value, json};

use crate::{Portal, page};

/// A launch that the viewer does not take up in this time is forgotten.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// Launches that are kept at a time.
const MOST: u64 = 100_000;

/// What a launch opened, until the viewer asks for it.
#[derive(Debug)]
struct Kept {
    caller: access::Caller,
    launch: Launch,
    modalities: Vec<String>,
    diagnostic_quality: bool,
    key_images_only: bool,
}

/// The launches of the last minutes.
#[derive(Debug, Clone)]
pub(crate) struct Launches(moka::future::Cache<String, Arc<Kept>>);

impl Launches {
    pub(crate) fn new() -> Self {
        Self(moka::future::Cache::builder().max_capacity(MOST).time_to_live(KEPT).build())
    }
}

/// The parameters of RAD-106, checked against each other.
#[derive(Debug)]
struct Invocation {
    request: LaunchRequest,
    modalities: Vec<String>,
    diagnostic_quality: bool,
    key_images_only: bool,
}

/// `GET /IHEInvokeImageDisplay`.
pub(crate) async fn invoke(
    State(portal): State<Portal>,
    Caller(caller): Caller,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = page::language(&headers, &portal.options.language);
    let invocation = match parse(query.as_deref().unwrap_or_default()) {
        Ok(invocation) => invocation,
        Err((parameter, rule)) => return Ok(page::refused(StatusCode::BAD_REQUEST, language, Some((parameter, rule)))),
    };
    let launch = match portal.registry.resolve_launch(&caller, &invocation.request).await {
        Ok(launch) => launch,
        Err(RegistryError::NotFound) => return Ok(page::refused(StatusCode::NOT_FOUND, language, None)),
        Err(RegistryError::Ambiguous { .. }) => return Ok(page::refused(StatusCode::CONFLICT, language, None)),
        Err(error) => return Err(error.into()),
    };
    let id = uuid::Uuid::new_v4().simple().to_string();
    let Invocation { modalities, diagnostic_quality, key_images_only, .. } = invocation;
    let kept = Kept { caller, launch, modalities, diagnostic_quality, key_images_only };
    portal.launches.0.insert(id.clone(), Arc::new(kept)).await;
    Ok(Redirect::to(&format!("/viewer/launch/{id}")).into_response())
}

/// `GET /api/launches/{launchId}`: only for whom it was opened.
pub(crate) async fn opened(
    State(portal): State<Portal>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let kept = portal.launches.0.get(&id).await.filter(|kept| kept.caller == caller);
    let kept = kept.ok_or_else(|| Problem::not_found("this launch is over; open it again from the portal"))?;
    let mut body = match &kept.launch {
        Launch::Studies { patient, studies } => {
            json!({ "kind": "study", "patientKey": patient, "studyInstanceUids": studies })
        }
        Launch::Patient { patient } => json!({ "kind": "patient", "patientKey": patient, "studyInstanceUids": [] }),
        Launch::Choose(choices) => {
            json!({ "kind": "choose", "studyInstanceUids": [], "choices": choices.iter().map(choice).collect::<Vec<_>>() })
        }
    };
    body["modalities"] = json!(kept.modalities);
    body["diagnosticQuality"] = json!(kept.diagnostic_quality);
    body["keyImagesOnly"] = json!(kept.key_images_only);
    Ok(Json(body))
}

pub(crate) fn choice(choice: &Choice) -> Value {
    json!({ "patientKey": choice.patient, "studyInstanceUid": choice.study, "facility": choice.facility, "studyDate": choice.study_date })
}

type Fault = (&'static str, &'static str);

fn parse(query: &str) -> Result<Invocation, Fault> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().take(64).collect();
    let get = |name: &str| {
        pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    let request = match get("requestType") {
        Some("STUDY") => study_request(get("studyUID"), get("accessionNumber"), get("patientID"))?,
        Some("PATIENT") => {
            let (issuer, id) = issued(get("patientID").ok_or(("patientID", "is required with requestType=PATIENT"))?);
            LaunchRequest::Patient(issuer, id)
        }
        Some(_) => return Err(("requestType", "is STUDY or PATIENT")),
        None => return Err(("requestType", "is required: STUDY or PATIENT")),
    };
    let flag = |name: &'static str| match get(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err((name, "is true or false")),
    };
    let modalities = get("modalitiesInStudy").map(|list| list.split(',').map(|one| one.trim().to_owned()).collect());
    Ok(Invocation {
        request,
        modalities: modalities.unwrap_or_default(),
        diagnostic_quality: flag("diagnosticQuality")?,
        key_images_only: flag("keyImagesOnly")?,
    })
}

fn study_request(uids: Option<&str>, accessions: Option<&str>, patient: Option<&str>) -> Result<LaunchRequest, Fault> {
    match (uids, accessions) {
        (Some(_), Some(_)) => Err(("studyUID", "and accessionNumber exclude each other")),
        (None, None) => Err(("studyUID", "or accessionNumber is required with requestType=STUDY")),
        (Some(uids), None) => {
            let uids: Result<Vec<Uid>, _> = uids.split(',').map(|uid| Uid::parse(uid.trim())).collect();
            let studies = uids.map_err(|_| ("studyUID", "is a list of unique identifiers"))?;
            Ok(LaunchRequest::Studies { studies, patient: patient.map(issued) })
        }
        (None, Some(accessions)) => Ok(LaunchRequest::Accessions {
            accessions: accessions.split(',').map(|one| issued(one.trim())).collect(),
            patient: patient.map(issued),
        }),
    }
}

/// Splits `id^^^namespace&oid&ISO` (CX) into issuer and id; the namespace first, else the universal id.
fn issued(cx: &str) -> (Option<String>, String) {
    let mut components = cx.split('^');
    let id = components.next().unwrap_or_default().to_owned();
    let authority = components.nth(2).unwrap_or_default();
    let mut parts = authority.split('&');
    let namespace = parts.next().unwrap_or_default();
    let universal = parts.next().unwrap_or_default();
    let issuer = if namespace.is_empty() { universal } else { namespace };
    ((!issuer.is_empty()).then(|| issuer.to_owned()), id)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use registry::LaunchRequest;

    use super::{issued, parse};

    #[test]
    fn a_study_is_named_one_way_and_one_way_only() {
        assert_eq!(parse("requestType=STUDY&studyUID=1.2&accessionNumber=A").unwrap_err().0, "studyUID");
        assert_eq!(parse("requestType=STUDY").unwrap_err().0, "studyUID");
        assert_eq!(parse("requestType=STUDY&studyUID=x").unwrap_err().0, "studyUID");
        assert_eq!(parse("requestType=PATIENT").unwrap_err().0, "patientID");
        assert_eq!(parse("studyUID=1.2").unwrap_err().0, "requestType");
        assert_eq!(parse("requestType=STUDY&studyUID=1.2&diagnosticQuality=yes").unwrap_err().0, "diagnosticQuality");
        let query = "requestType=STUDY&studyUID=1.2,1.3&patientID=P1^^^NORTH";
        let LaunchRequest::Studies { studies, patient } = parse(query).unwrap().request else { panic!() };
        assert_eq!((studies.len(), patient), (2, Some((Some("NORTH".into()), "P1".into()))));
    }

    #[test]
    fn an_identifier_carries_its_authority() {
        assert_eq!(issued("99998410^^^AcmeHospital"), (Some("AcmeHospital".into()), "99998410".into()));
        assert_eq!(issued("1^^^&1.2.3&ISO"), (Some("1.2.3".into()), "1".into()));
        assert_eq!(issued("1"), (None, "1".into()));
    }
}
