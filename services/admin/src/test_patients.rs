//! Patients who are taken for tests, so that somebody real among them does not vanish.

use axum::Json;
use axum::extract::{Path, Query, State};
use face::{Caller, Problem};
use http::StatusCode;
use registry::{Registry, TestPatient};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::instant;
use crate::repositories::{Window, permit};

/// `GET /api/admin/test-patients`.
pub(crate) async fn list(
    State(registry): State<Registry>,
    caller: Caller,
    Query(window): Query<Window>,
) -> Result<Json<Vec<Value>>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let found = registry.test_patients(&permit, window.limit()).await?;
    Ok(Json(found.iter().map(patient).collect()))
}

fn patient(patient: &TestPatient) -> Value {
    json!({
        "key": patient.patient_key.to_string(),
        "patientKey": patient.public_id,
        "repository": patient.repository,
        "issuer": patient.issuer,
        "patientId": patient.patient_id.expose(),
        "hiddenStudies": patient.hidden_studies,
        "ruling": patient.ruling.as_ref().map(|ruling| {
            json!({ "isTest": ruling.is_test, "reason": ruling.reason, "by": ruling.by, "at": instant(Some(ruling.at_ms)) })
        }),
    })
}

/// Why somebody is no test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ruling {
    reason: String,
}

/// `POST /api/admin/test-patients/{key}/not-a-test`.
pub(crate) async fn rule(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    Path(key): Path<String>,
    Json(ruling): Json<Ruling>,
) -> Result<StatusCode, Problem> {
    let key: i64 = key.parse().map_err(|_| Problem::not_found("not found"))?;
    registry.rule_no_test(&caller, key, &ruling.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose number is a test's, or is none after all, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct OfNumber {
    issuer: String,
    patient_id: String,
    #[serde(default = "yes")]
    is_test: bool,
    reason: String,
}

const fn yes() -> bool {
    true
}

/// `POST /api/admin/test-patients`: the number is in the body, so that no address names a patient.
pub(crate) async fn rule_of_number(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    Json(of): Json<OfNumber>,
) -> Result<StatusCode, Problem> {
    registry.rule_test_of_number(&caller, (&of.issuer, &of.patient_id), of.is_test, &of.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
