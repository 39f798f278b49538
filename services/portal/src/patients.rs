//! One person's record of all regions, and their reports.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use face::{Caller, Problem};
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use index_model::{DocumentKind, Uid};
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

/// `GET /api/patients/{patientKey}/state`: what stands for the record as it is now. A page that shows it reads it anew when this is another, and says so when
/// its images are.
pub(crate) async fn state(
    State(portal): State<Portal>,
    Caller(caller): Caller,
    Path(patient): Path<String>,
) -> Result<Json<shown::States>, Problem> {
    Ok(Json(shown::States::of(portal.registry.patient_state(&caller, &patient).await?)))
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

/// `GET /api/reports/{reportKey}/versions/{version}/documents/{document}`, both numbers from 1: the document as its author laid it out.
pub(crate) async fn report_document(
    State(portal): State<Portal>,
    Caller(caller): Caller,
    Path((report, version, document)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let number = |name: &'static str, text: &str| {
        text.parse::<u32>().map_err(|_| Problem::parameter(name, "not a number from 1"))
    };
    let (version, number) = (number("version", &version)?, number("document", &document)?);
    let document = portal.registry.report_document(&caller, &report, version, number).await?;
    let content = Bytes::from_owner(Arc::clone(document.content.expose()));
    let mut response = ([(CONTENT_TYPE, document.kind.media_type())], content).into_response();
    let headers = response.headers_mut();
    // A reader for PDF doesn't work in a sandbox; what is of any other kind opens nowhere.
    let (policy, disposition) = match document.kind {
        DocumentKind::Pdf => {
            ("default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'", "inline")
        }
        DocumentKind::Cda => ("sandbox; default-src 'none'", "attachment"),
    };
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}
