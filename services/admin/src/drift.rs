//! The registry beside a repository's own list: comparisons and what they found.

use axum::Json;
use axum::extract::{Path, Query, State};
use face::{Caller, Problem};
use http::StatusCode;
use registry::Registry;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::{drift, drift_report};
use crate::repositories::{Window, code, permit};

/// Whether much may be marked as gone.
#[derive(Debug, Deserialize)]
pub(crate) struct Acceptance {
    #[serde(default)]
    accept: bool,
}

/// `POST /api/admin/repositories/{code}/reconcile`.
pub(crate) async fn reconcile(
    State(registry): State<Registry>,
    caller: Caller,
    Path(named): Path<String>,
    Query(acceptance): Query<Acceptance>,
) -> Result<StatusCode, Problem> {
    let permit = permit(&registry, &caller).await?;
    registry.reconcile_soon(&permit, &code(&named)?, acceptance.accept).await?;
    Ok(StatusCode::ACCEPTED)
}

/// `GET /api/admin/repositories/{code}/drift`.
pub(crate) async fn reports(
    State(registry): State<Registry>,
    caller: Caller,
    Path(named): Path<String>,
    Query(window): Query<Window>,
) -> Result<Json<Vec<Value>>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let reports = registry.drift_reports(&permit, &code(&named)?, window.limit()).await?;
    Ok(Json(reports.iter().map(drift_report).collect()))
}

/// `GET /api/admin/repositories/{code}/drift/{report}`.
pub(crate) async fn studies(
    State(registry): State<Registry>,
    caller: Caller,
    Path((named, report)): Path<(String, i64)>,
    Query(window): Query<Window>,
) -> Result<Json<Value>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let studies = registry.drift(&permit, &code(&named)?, report, window.limit()).await?;
    Ok(Json(json!(studies.iter().map(drift).collect::<Vec<_>>())))
}
