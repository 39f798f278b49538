//! The viewer says what is likely to be looked at next.

use access::Action;
use axum::extract::{Path, State};
use face::{Caller, Problem};
use http::StatusCode;
use index_model::Uid;

use crate::Portal;

/// `POST /api/studies/{studyInstanceUid}/warm`: brings a study here and answers when that is done. Who goes away stops it.
pub(crate) async fn warm(
    State(portal): State<Portal>,
    Caller(caller): Caller,
    Path(study): Path<String>,
) -> Result<StatusCode, Problem> {
    let uid = Uid::parse(&study).map_err(|_| Problem::parameter("studyInstanceUid", "not a unique identifier"))?;
    // Nothing is shown to anybody yet: what is looked at has an audit line of its own.
    let opened = portal.registry.open_study(&caller, Action::Launch, &uid).await?;
    portal.registry.warm(opened).await?;
    Ok(StatusCode::NO_CONTENT)
}
