//! One person's record of all regions, and their reports.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use face::{Caller, Problem};
use http::StatusCode;
use index_model::Uid;
use registry::RegistryError;
use serde_json::{Value, json};

use crate::{Portal, json as shown};

/// `GET /api/studies/{studyInstanceUid}`: whose study it is.
pub(crate) async fn patient_of_study(
    State(portal): State<Portal>,
    Caller(caller): Caller,
    Path(study): Path<String>,
) -> Result<Response, Problem> {
    let uid = Uid::parse(&study).map_err(|_| Problem::parameter("studyInstanceUid", "not a unique identifier"))?;
    match portal.registry.patient_of_study(&caller, &uid).await {
        Ok(patient) => Ok(Json(json!({ "studyInstanceUid": uid, "patientKey": patient })).into_response()),
        Err(RegistryError::Ambiguous { .. }) => {
            let choices = portal.registry.copies_of_study(&caller, &uid).await?;
            let choices: Vec<Value> = choices.iter().map(crate::launch::choice).collect();
            let body = json!({ "status": 409, "title": "Conflict", "choices": choices,
                "detail": "patients who are not the same have a study of this identifier" });
            Ok((StatusCode::CONFLICT, Json(body)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /api/patients/{patientKey}`.
pub(crate) async fn patient(
    State(portal): State<Portal>,
    Caller(caller): Caller,
    Path(patient): Path<String>,
) -> Result<Json<Value>, Problem> {
    let opened = portal.registry.open_patient(&caller, &patient).await?;
    Ok(Json(shown::patient(&portal.registry, &opened)))
}

/// `GET /api/reports/{reportKey}`.
pub(crate) async fn report(
    State(portal): State<Portal>,
    Caller(caller): Caller,
    Path(report): Path<String>,
) -> Result<Json<Value>, Problem> {
    let row = portal.registry.report(&caller, &report).await?;
    let patient = portal.registry.patient_id_of(row.person_key).await?;
    Ok(Json(shown::report(&row, patient)))
}
