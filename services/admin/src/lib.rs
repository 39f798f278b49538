//! The operators' API: repositories with state, counts, lag and last error; registration and test; what was put aside and what contradicts itself.
//!
//! The pages are the viewer's, at `/admin`; all they show comes from here (`docs/api.md`).
#![forbid(unsafe_code)]

mod changed;
mod conflicts;
mod drift;
mod holds;
mod json;
mod readers;
mod reports;
mod repositories;
mod test_patients;

use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use axum::routing::{get, post, put};
use axum::{Extension, Router};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use registry::Registry;

/// The API below `/api/admin`.
pub fn router(registry: Registry) -> Router {
    Router::new()
        .route("/api/admin/repositories", get(repositories::list).post(repositories::register))
        .route("/api/admin/repositories/test", post(repositories::test_definition))
        .route("/api/admin/repositories/{code}/test", post(repositories::test_registered))
        .route("/api/admin/repositories/{code}/pause", post(repositories::pause))
        .route("/api/admin/repositories/{code}/resume", post(repositories::resume))
        .route("/api/admin/repositories/{code}/backfill", post(repositories::backfill))
        .route("/api/admin/repositories/{code}/changed", post(changed::changed))
        .route("/api/admin/repositories/{code}/reconcile", post(drift::reconcile))
        .route("/api/admin/repositories/{code}/drift", get(drift::reports))
        .route("/api/admin/repositories/{code}/drift/{report}", get(drift::studies))
        .route("/api/admin/repositories/{code}", put(repositories::change).delete(repositories::remove))
        .route("/api/admin/cache", get(repositories::cache))
        .route("/api/admin/conflicts", get(conflicts::list))
        .route("/api/admin/conflicts/{key}/dismissal", put(conflicts::dismiss).delete(conflicts::take_back))
        .route("/api/admin/reports/{report}/studies/{study}", put(reports::link).delete(reports::unlink))
        .route("/api/admin/reports/held", get(holds::list))
        .route("/api/admin/reports/{report}/hold", put(holds::hold))
        .route("/api/admin/reports/{report}/release", post(holds::release))
        .route("/api/admin/quarantine", get(repositories::quarantine))
        .route("/api/admin/readers", get(readers::search))
        .route("/api/admin/test-patients", get(test_patients::list).post(test_patients::rule_of_number))
        .route("/api/admin/test-patients/{key}/not-a-test", post(test_patients::rule))
        .layer(Extension(access::Face::Admin))
        .layer(map_response(no_store))
        .layer(from_fn(face::finish))
        .with_state(registry)
}

async fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
