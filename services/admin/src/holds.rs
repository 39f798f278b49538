//! Reports that are held until a time.

use axum::Json;
use axum::extract::{Path, Query, State};
use face::{Caller, Problem};
use http::StatusCode;
use registry::{HeldReport, Registry};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::instant;
use crate::readers::{LAST_ZONE, moment};
use crate::repositories::{Window, permit};

/// `GET /api/admin/reports/held`.
pub(crate) async fn list(
    State(registry): State<Registry>,
    caller: Caller,
    Query(window): Query<Window>,
) -> Result<Json<Vec<Value>>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let found = registry.held_reports(&permit, window.limit()).await?;
    Ok(Json(found.iter().map(held).collect()))
}

fn held(held: &HeldReport) -> Value {
    json!({
        "reportKey": held.public_id,
        "repository": held.repository,
        "until": instant(Some(held.hold.until_ms)),
        "since": instant(Some(held.hold.since_ms)),
        "by": held.hold.by,
        "reason": held.hold.reason,
    })
}

/// Until when, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hold {
    until: String,
    reason: String,
}

/// `PUT /api/admin/reports/{reportKey}/hold`: nobody reads it before that moment, or before that day has begun everywhere.
pub(crate) async fn hold(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    Path(report): Path<String>,
    Json(hold): Json<Hold>,
) -> Result<StatusCode, Problem> {
    let until_ms = moment("until", &hold.until, |day| Some((day, LAST_ZONE)))?;
    registry.hold_report(&caller, &report, until_ms, &hold.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a hold ends before its time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    reason: String,
}

/// `POST /api/admin/reports/{reportKey}/release`.
pub(crate) async fn release(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    Path(report): Path<String>,
    Json(release): Json<Release>,
) -> Result<StatusCode, Problem> {
    registry.release_report(&caller, &report, &release.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
