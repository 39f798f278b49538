//! Repositories: list, register, test, pause; and the quarantine.

use access::{Action, Permit, Subject};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use face::{Caller, Problem};
use http::StatusCode;
use index_model::{RepositoryCode, RepositoryDefinition};
use registry::{RegisterError, Registry, RepositoryStatus};
use serde::Deserialize;
use serde_json::Value;

use crate::json;

pub(crate) async fn permit(registry: &Registry, caller: &Caller) -> Result<Permit, Problem> {
    Ok(registry.access().permit(&caller.0, Action::Administer, Subject::Registry).await?)
}

/// Reads a definition, naming the field that is wrong.
fn definition(body: &Bytes) -> Result<RepositoryDefinition, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::parameter("definition", error.to_string()))
}

pub(crate) fn code(text: &str) -> Result<RepositoryCode, Problem> {
    RepositoryCode::parse(text).map_err(|rule| Problem::parameter("code", rule.0))
}

/// `GET /api/admin/repositories`.
pub(crate) async fn list(State(registry): State<Registry>, caller: Caller) -> Result<Json<Vec<Value>>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let all = registry.repositories(&permit).await?;
    Ok(Json(all.iter().map(json::status).collect()))
}

/// `POST /api/admin/repositories`.
pub(crate) async fn register(
    State(registry): State<Registry>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Problem> {
    let permit = permit(&registry, &caller).await?;
    let status = registry.register(&permit, definition(&body)?).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(defined(&registry, &status))).into_response())
}

/// `PUT /api/admin/repositories/{code}`: operator, region and address change; the code never does.
pub(crate) async fn change(
    State(registry): State<Registry>,
    caller: Caller,
    Path(named): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let definition = definition(&body)?;
    if definition.code != code(&named)? {
        return Err(Problem::parameter("code", "is another than in the address: a repository keeps its code for ever"));
    }
    let status = registry.change(&permit, definition).await.map_err(refused)?;
    Ok(Json(defined(&registry, &status)))
}

/// The line of one that was registered or changed; a region that no other repository has is told with those that are known.
fn defined(registry: &Registry, status: &RepositoryStatus) -> Value {
    let mut line = json::status(status);
    line["newRegionBeside"] = registry.regions_beside(&status.definition).map(Vec::from_iter).into();
    line
}

fn refused(error: RegisterError) -> Problem {
    match error {
        RegisterError::Invalid { field, remedy } => Problem::parameter(&field, remedy),
        RegisterError::Taken => Problem::new(StatusCode::CONFLICT, "a repository of this code is registered already"),
        RegisterError::Registry(error) => error.into(),
    }
}

/// `POST /api/admin/repositories/test`.
pub(crate) async fn test_definition(
    State(registry): State<Registry>,
    caller: Caller,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let permit = permit(&registry, &caller).await?;
    Ok(Json(json::tested(&registry.test(&permit, &definition(&body)?).await)))
}

/// `POST /api/admin/repositories/{code}/test`.
pub(crate) async fn test_registered(
    State(registry): State<Registry>,
    caller: Caller,
    Path(named): Path<String>,
) -> Result<Json<Value>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let definition = registry.definition(&permit, &code(&named)?).await?;
    Ok(Json(json::tested(&registry.test(&permit, &definition).await)))
}

/// `POST /api/admin/repositories/{code}/pause`.
pub(crate) async fn pause(
    registry: State<Registry>,
    caller: Caller,
    named: Path<String>,
) -> Result<StatusCode, Problem> {
    set_paused(registry, caller, named, true).await
}

/// `POST /api/admin/repositories/{code}/resume`.
pub(crate) async fn resume(
    registry: State<Registry>,
    caller: Caller,
    named: Path<String>,
) -> Result<StatusCode, Problem> {
    set_paused(registry, caller, named, false).await
}

async fn set_paused(
    State(registry): State<Registry>,
    caller: Caller,
    Path(named): Path<String>,
    paused: bool,
) -> Result<StatusCode, Problem> {
    let permit = permit(&registry, &caller).await?;
    registry.set_paused(&permit, &code(&named)?, paused).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/admin/repositories/{code}/backfill`.
pub(crate) async fn backfill(
    State(registry): State<Registry>,
    caller: Caller,
    Path(named): Path<String>,
) -> Result<StatusCode, Problem> {
    let permit = permit(&registry, &caller).await?;
    registry.backfill(&permit, &code(&named)?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// `GET /api/admin/cache`: how much is held of what was fetched from repositories.
pub(crate) async fn cache(State(registry): State<Registry>, caller: Caller) -> Result<Json<Value>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let size = registry.fetched_size(&permit).await?;
    Ok(Json(serde_json::json!({ "fetchedBytes": size.bytes, "limitBytes": size.limit_bytes })))
}

/// The code of what is to be taken out, once more.
#[derive(Debug, Deserialize)]
pub(crate) struct Confirmation {
    #[serde(default)]
    confirm: String,
}

/// `DELETE /api/admin/repositories/{code}?confirm={code}`.
pub(crate) async fn remove(
    State(registry): State<Registry>,
    caller: Caller,
    Path(named): Path<String>,
    Query(confirmation): Query<Confirmation>,
) -> Result<StatusCode, Problem> {
    let permit = permit(&registry, &caller).await?;
    registry.remove(&permit, &code(&named)?, &confirmation.confirm).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Debug, Deserialize)]
pub(crate) struct Window {
    limit: Option<u32>,
}

impl Window {
    /// How many are asked for.
    pub(crate) fn limit(&self) -> u32 {
        self.limit.unwrap_or(100).clamp(1, 1000)
    }
}

/// `GET /api/admin/quarantine`.
pub(crate) async fn quarantine(
    State(registry): State<Registry>,
    caller: Caller,
    Query(window): Query<Window>,
) -> Result<Json<Vec<Value>>, Problem> {
    let permit = permit(&registry, &caller).await?;
    let rows = registry.quarantined(&permit, window.limit()).await?;
    Ok(Json(rows.iter().map(json::quarantined).collect()))
}
