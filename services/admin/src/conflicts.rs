//! Patients who share a health number and can't be one, studies that several patients have, and what stayed when a visit moved: somebody
//! has to look.

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
        "kind": match (&conflict.study_instance_uid, &conflict.left_behind) {
            (Some(_), _) => "study",
            (None, Some(_)) => "visit",
            (None, None) => "health-number",
        },
        "studyInstanceUid": conflict.study_instance_uid,
        "patients": patients.collect::<Vec<_>>(),
        "leftBehind": conflict.left_behind.as_ref().map(|left| json!({ "studies": left.studies, "reports": left.reports })),
    })
}
