//! PS3.18 on the wire: the Studies service (search, retrieve, store) and the URI service.
//!
//! IHE actor: Imaging Document Responder (WIA, RAD-107 and RAD-129), and for RAD-55 Imaging Document Source. A handler extracts, asks
//! for leave, calls one use case of the registry and presents what it gave: no policy, no matching rule and no SQL is here.
//!
//! What a client may rely on beyond the text of the standard:
//!
//! - With `transfer-syntax=*` stored bytes go out as they are, except implicit VR and big endian, which the web does not use, and what is
//!   known to be shown wrong by browsers. Without it objects and frames go out in Explicit VR Little Endian, the default of §8.7.3.4;
//!   objects whose pixels are lossy, or can't be decoded, go out as they came.
//! - An answer that is not complete says so: `Warning: 299`, 206, or a body that is broken off; never a shorter list.
//! - URLs in answers lead to this service, never to a repository.
#![forbid(unsafe_code)]

mod accept;
mod bulkdata;
mod capabilities;
mod coding;
mod cors;
mod dictionary;
mod document;
mod frames;
mod json;
mod metadata;
mod multipart;
mod picture;
mod range;
mod rendered;
mod rendition;
mod request;
mod retrieve;
mod search;
mod store;
mod syntax;
mod thumbnail;
mod wado_uri;
mod warning;
mod xml;

use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum::{Extension, Router};
use registry::Registry;
use tower::ServiceBuilder;

/// How the service is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Path at which the router is mounted, such as `/dicom-web`; URLs in answers begin with it.
    pub base_path: String,
    /// Scheme and host of the outside, such as `https://di.example`, when a proxy hides them. Else the request's own host is used.
    pub public_origin: Option<String>,
    /// Origins whose pages may call, such as `https://viewer.example`.
    pub cors_origins: Vec<String>,
    /// Most instances, or parts of metadata and bulk data, that one store request may bring.
    pub store_instances: usize,
    /// Most bytes that one store request may bring.
    pub store_bytes: u64,
    /// Longest wait for the next 64 KiB of a store request.
    pub store_patience: Duration,
    /// Instances of one store request that are being stored at a time.
    pub store_at_once: usize,
    /// Rows of a search that names no limit.
    pub search_limit: NonZeroU32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base_path: "/dicom-web".into(),
            public_origin: None,
            cors_origins: Vec::new(),
            store_instances: 100_000,
            store_bytes: 64 << 30,
            store_patience: Duration::from_secs(60),
            store_at_once: 32,
            search_limit: NonZeroU32::new(1_000).unwrap_or(NonZeroU32::MIN),
        }
    }
}

/// What every handler has. It is cloned a dozen times for each request, for each layer between the listener and the handler.
#[derive(Debug, Clone)]
pub(crate) struct Face(Arc<Held>);

/// What a face holds.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) registry: Registry,
    pub(crate) options: Options,
    pub(crate) coded: metadata::Coded,
    pub(crate) instances: json::Kept,
}

impl Deref for Face {
    type Target = Held;

    fn deref(&self) -> &Held {
        &self.0
    }
}

impl FromRef<Face> for Registry {
    fn from_ref(face: &Face) -> Self {
        face.registry.clone()
    }
}

/// The service, to be merged into a server's router: everything below [`Options::base_path`], the path itself with and without a slash
/// at its end. The listener must give `ConnectInfo<SocketAddr>`.
pub fn service(registry: Registry, options: Options) -> Router {
    let path = options.base_path.trim_end_matches('/').to_owned();
    // What is nested is not asked for the path with a slash at its end.
    let slash = layered(Router::new().route(&format!("{path}/"), root()), registry.clone(), options.clone());
    slash.nest(&path, router(registry, options))
}

/// The service's routes without the path before them, to be nested at [`Options::base_path`].
pub fn router(registry: Registry, options: Options) -> Router {
    let routes = Router::new()
        .route("/", root())
        .route("/studies", get(search::studies).post(store::store))
        .route("/series", get(search::series))
        .route("/instances", get(search::instances))
        .nest("/studies/{study}", study())
        .nest("/studies/{study}/series/{series}", series())
        .nest("/studies/{study}/series/{series}/instances/{instance}", instance())
        .fallback(capabilities::nothing);
    layered(routes, registry, options)
}

fn layered(routes: Router<Face>, registry: Registry, options: Options) -> Router {
    let (coded, instances) = Default::default();
    let face = Face(Arc::new(Held { registry, options, coded, instances }));
    // All in one: what is layered by itself is copied with all that is below it at each layer, for each request.
    let layers =
        ServiceBuilder::new().layer(Extension(access::Face::Dicomweb)).layer(from_fn_with_state(face.clone(), around));
    routes.layer(layers).with_state(face)
}

/// What is done around every answer, in one layer: each by itself would have all below it boxed and copied for each request.
async fn around(State(face): State<Face>, request: Request, next: Next) -> Response {
    let face = &face;
    let of_methods = |request| capabilities::methods(face, request, next);
    let finished = |request| face::finished(request, of_methods);
    cors::apply(face, request, |request| range::freshness(request, finished)).await
}

fn root() -> MethodRouter<Face> {
    get(wado_uri::retrieve).options(capabilities::describe)
}

fn study() -> Router<Face> {
    Router::new()
        .route("/", get(retrieve::instances).post(store::store))
        .route("/series", get(search::series))
        .route("/instances", get(search::instances))
        .merge(shown())
}

fn series() -> Router<Face> {
    Router::new().route("/", get(retrieve::instances)).route("/instances", get(search::instances)).merge(shown())
}

fn instance() -> Router<Face> {
    Router::new()
        .route("/", get(retrieve::instances))
        .merge(shown())
        .route("/frames/{frames}", get(frames::frames))
        .route("/frames/{frames}/rendered", get(rendered::rendered))
        .route("/frames/{frames}/thumbnail", get(thumbnail::thumbnail))
        .route("/bulkdata/{*value}", get(bulkdata::value))
        .route("/bulk/{*value}", get(bulkdata::value))
}

/// What studies, series and instances have alike.
fn shown() -> Router<Face> {
    Router::new()
        .route("/metadata", get(metadata::metadata))
        .route("/bulkdata", get(bulkdata::all))
        .route("/pixeldata", get(bulkdata::pixel_data))
        .route("/rendered", get(rendered::rendered))
        .route("/thumbnail", get(thumbnail::thumbnail))
}
