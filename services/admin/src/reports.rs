//! What operators rule of reports: that one is, or is not, about a study.

use axum::extract::{Path, State};
use face::{Caller, Problem};
use http::StatusCode;
use index_model::Uid;
use registry::{Registry, RegistryError, Ruled};

/// `PUT /api/admin/reports/{reportKey}/studies/{studyInstanceUid}`: the report is about the study.
pub(crate) async fn link(
    state: State<Registry>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    rule(state, caller, path, true).await
}

/// `DELETE` of the same: it is not, whatever its numbers say.
pub(crate) async fn unlink(
    state: State<Registry>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    rule(state, caller, path, false).await
}

async fn rule(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    Path((report, study)): Path<(String, String)>,
    linked: bool,
) -> Result<StatusCode, Problem> {
    let study = Uid::parse(&study).map_err(|_| Problem::parameter("studyInstanceUid", "not a unique identifier"))?;
    match registry.rule_report(&caller, &report, &study, linked).await? {
        Ruled::Done => Ok(StatusCode::NO_CONTENT),
        Ruled::NoSuchReport | Ruled::NoSuchStudy => Err(RegistryError::NotFound.into()),
        Ruled::OtherPatient => Err(Problem::new(StatusCode::CONFLICT, "the study is another patient's")),
    }
}
