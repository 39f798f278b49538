//! Who is calling, and what the service is.

use axum::Json;
use axum::extract::State;
use face::Caller;
use serde_json::{Value, json};

use crate::Portal;

/// `GET /api/session`.
pub(crate) async fn session(State(portal): State<Portal>, Caller(caller): Caller) -> Json<Value> {
    Json(json!({
        "user": caller.user(),
        "authority": caller.authority(),
        "mode": portal.registry.access().mode(),
        "language": if portal.options.language.is_empty() { "en" } else { &portal.options.language },
        "regions": portal.options.regions,
    }))
}
