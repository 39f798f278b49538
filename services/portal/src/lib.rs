//! What people open: the viewer's files, its own API, and the launch in context.
//!
//! IHE actor: Image Display (RAD-106 Invoke Image Display). The viewer is a client like any other: what it shows comes over
//! DICOMweb and the API here (`docs/api.md`).
#![forbid(unsafe_code)]

mod files;
mod json;
mod launch;
mod page;
mod patients;
mod session;
mod status;
mod warm;

use std::sync::Arc;

use axum::extract::FromRef;
use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use registry::Registry;

/// A region, as the session tells of it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Region {
    /// Its code.
    pub code: String,
    /// What people call it.
    pub name: String,
}

/// How the portal is set up.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `en` or `fr`, where the browser does not say.
    pub language: String,
    /// Regions in the order in which they are shown.
    pub regions: Vec<Region>,
    /// Origins of portals that may show the viewer in a frame.
    pub frame_ancestors: Vec<String>,
}

#[derive(Debug, Clone)]
struct Portal {
    registry: Registry,
    options: Arc<Options>,
    launches: launch::Launches,
}

impl FromRef<Portal> for Registry {
    fn from_ref(portal: &Portal) -> Self {
        portal.registry.clone()
    }
}

/// All that people open: `/viewer`, `/admin`, `/api/…` but `/api/admin`, `/status` and `/IHEInvokeImageDisplay`.
pub fn router(registry: Registry, options: Options) -> Router {
    let portal = Portal { registry, options: Arc::new(options), launches: launch::Launches::new() };
    let api = Router::new()
        .route("/api/session", get(session::session))
        .route("/api/studies/{study}", get(patients::patient_of_study))
        .route("/api/studies/{study}/warm", post(warm::warm))
        .route("/api/patients/{patient}", get(patients::patient))
        .route("/api/patients/{patient}/state", get(patients::state))
        .route("/api/reports/{report}", get(patients::report))
        .route("/api/reports/{report}/versions/{version}/documents/{document}", get(patients::report_document))
        .route("/api/launches/{launch}", get(launch::opened))
        .route("/IHEInvokeImageDisplay", get(launch::invoke))
        .route("/status", get(status::status))
        .layer(Extension(access::Face::Portal))
        .layer(map_response(no_store))
        .layer(from_fn(face::finish));
    Router::new()
        .route("/", get(files::home))
        .route("/viewer", get(files::index))
        .route("/viewer/", get(files::index))
        .route("/viewer/{*path}", get(files::file))
        .route("/admin", get(files::index))
        .route("/admin/", get(files::index))
        .route("/admin/{*path}", get(files::index))
        .merge(api)
        .with_state(portal)
}

/// Personal health information never stays on a shared station.
async fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
