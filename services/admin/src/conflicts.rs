//! What contradicts itself and somebody has to look at: patients who share a health number and can't be one, studies that several patients
//! have, what stayed when a visit moved, instances of which two copies differ, reports that name what is not their patient's alone.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use face::{Caller, Problem};
use http::StatusCode;
use registry::{Conflict, Contradiction, Dismissal, Registry};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::instant;
use crate::repositories::permit;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1_000;

/// How many, and which.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    limit: Option<u32>,
    #[serde(default)]
    dismissed: bool,
}

/// `GET /api/admin/conflicts?dismissed=false`.
pub(crate) async fn list(
    State(registry): State<Registry>,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Json<Vec<Value>>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let limit = which.limit.unwrap_or(100).clamp(1, 1000);
    let found = registry.conflicts(&permit, limit, which.dismissed).await?;
    Ok(Json(found.iter().map(conflict).collect()))
}

/// Why it needs nothing more.
#[derive(Debug, Deserialize)]
pub(crate) struct Reason {
    reason: String,
}

/// `PUT /api/admin/conflicts/{key}/dismissal`: with its reason, which is shown to administrators.
pub(crate) async fn dismiss(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    Path(key): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let Reason { reason } =
        serde_json::from_slice(&body).map_err(|_| Problem::parameter("reason", "is needed, as text"))?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(Problem::parameter("reason", "is needed, and has at most 1,000 characters"));
    }
    registry.dismiss(&caller, &key, reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE` of the same: it is listed again.
pub(crate) async fn take_back(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    registry.take_dismissal_back(&caller, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who they are, as far as it takes to find them: names and numbers of cards are for the record itself.
fn conflict(conflict: &Conflict) -> Value {
    let patients = conflict.patients.iter().map(|(patient, row)| {
        let id = row.patient_id.as_ref().map(|id| id.expose().as_str());
        json!({ "patientKey": patient, "repository": row.repository, "issuer": row.issuer, "patientId": id })
    });
    let mut told = json!({
        "key": conflict.key,
        "severity": severity(&conflict.what),
        "since": instant(conflict.since_ms),
        "studyInstanceUid": null,
        "patients": patients.collect::<Vec<_>>(),
        "leftBehind": null,
        "dismissal": conflict.dismissal.as_ref().map(dismissal),
    });
    if let (Some(told), Value::Object(more)) = (told.as_object_mut(), what(&conflict.what)) {
        told.extend(more);
    }
    told
}

fn dismissal(dismissal: &Dismissal) -> Value {
    json!({ "reason": dismissal.reason, "by": dismissal.dismissed_by, "at": instant(Some(dismissal.at_ms)) })
}

/// What may show somebody another patient's images is an alert.
const fn severity(what: &Contradiction) -> &'static str {
    match what {
        Contradiction::Study(_) | Contradiction::PatientNumber(_) => "alert",
        Contradiction::Instance(_)
        | Contradiction::Report { .. }
        | Contradiction::HealthNumber
        | Contradiction::Visit(_)
        | Contradiction::Message { .. } => "warning",
    }
}

fn what(what: &Contradiction) -> Value {
    match what {
        Contradiction::Study(uid) => json!({ "kind": "study", "studyInstanceUid": uid }),
        Contradiction::PatientNumber(studies) => json!({ "kind": "patient-number", "studies": studies }),
        Contradiction::HealthNumber => json!({ "kind": "health-number" }),
        Contradiction::Visit(left) => {
            json!({ "kind": "visit", "leftBehind": { "studies": left.studies, "reports": left.reports } })
        }
        Contradiction::Instance(differing) => json!({
            "kind": "instance",
            "studyInstanceUid": differing.study_instance_uid,
            "seriesInstanceUid": differing.series_instance_uid,
            "sopInstanceUid": differing.sop_instance_uid,
            "instances": differing.instances,
            "shown": differing.shown,
            "beside": differing.beside,
            "compared": differing.is_compared,
        }),
        Contradiction::Report { report, doubt, studies } => {
            json!({ "kind": "report", "reportKey": report, "why": doubt.code(), "studies": studies })
        }
        Contradiction::Message { repository, control_id, messages } => {
            json!({ "kind": "message", "repository": repository, "controlId": control_id, "messages": messages })
        }
    }
}
