//! Patients who share a health number and can't be one, and studies that several patients have: somebody has to look.

use axum::Json;
use axum::extract::{Query, State};
use face::{Caller, Problem};
use registry::{IdentityConflict, Registry};
use serde_json::{Value, json};

use crate::repositories::{Window, permit};

/// `GET /api/admin/conflicts`.
pub(crate) async fn list(
    State(registry): State<Registry>,
    caller: Caller,
    Query(window): Query<Window>,
) -> Result<Json<Vec<Value>>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let found = registry.conflicts(&permit, window.limit()).await?;
    Ok(Json(found.iter().map(conflict).collect()))
}

/// Who they are, as far as it takes to find them: names and numbers of cards are for the record itself.
fn conflict(conflict: &IdentityConflict) -> Value {
    let patients = conflict.patients.iter().map(|(patient, row)| {
        let id = row.patient_id.as_ref().map(|id| id.expose().as_str());
        json!({ "patientKey": patient, "repository": row.repository, "issuer": row.issuer, "patientId": id })
    });
    json!({
        "kind": if conflict.study_instance_uid.is_some() { "study" } else { "health-number" },
        "studyInstanceUid": conflict.study_instance_uid,
        "patients": patients.collect::<Vec<_>>(),
    })
}
