//! The web listener: every face on one port, with what all of them share.

mod answering;
mod host;
mod listener;
mod measured;
mod target;
mod traffic;
mod unread;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use registry::Registry;
use tokio_util::task::TaskTracker;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::Predicate;

use host::Hosts;
pub(crate) use listener::Listener;
pub(crate) use measured::sum_up;

use crate::config::Config;

/// All faces and the operators' endpoints.
pub(crate) fn router(config: &Config, registry: Registry) -> Router {
    let dicomweb = dicomweb::Options {
        base_path: "/dicom-web".into(),
        public_origin: config.http.public_origin.clone(),
        cors_origins: config.http.cors_origins.clone(),
        store_instances: config.dicomweb.store_instances,
        store_bytes: config.dicomweb.store_bytes,
        store_patience: Duration::from_secs(config.dicomweb.store_patience_seconds),
        search_limit: config.dicomweb.search_limit,
        ..dicomweb::Options::default()
    };
    let regions = config.regions.iter();
    let portal = portal::Options {
        language: config.language.clone(),
        regions: regions
            .map(|region| portal::Region { code: region.code.clone(), name: region.name.clone() })
            .collect(),
        frame_ancestors: config.http.frame_ancestors.clone(),
    };
    let handle = measured::prometheus();
    let operators = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .with_state(registry.clone())
        .route("/metrics", get(move || async move { handle.render() }));
    Router::new()
        .merge(dicomweb::service(registry.clone(), dicomweb))
        .merge(portal::router(registry.clone(), portal))
        .merge(admin::router(registry))
        .merge(operators)
        .layer(
            // All in one: what is layered by itself is copied with all that is below it at each layer, for each request.
            ServiceBuilder::new()
                .layer(CatchPanicLayer::custom(|_| {
                    let body = Json(serde_json::json!({ "status": 500, "title": "Internal Server Error" }));
                    (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
                }))
                .layer(from_fn_with_state(Arc::new(Around::of(config)), Around::answer))
                .layer(CompressionLayer::new().compress_when(Text)),
        )
}

async fn ready(State(registry): State<Registry>) -> Response {
    if registry.is_ready().await {
        "ready".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the registry's database does not answer").into_response()
    }
}

/// Only text is compressed here: images are compressed already, and stored metadata is sent as it is stored.
#[derive(Debug, Clone, Copy)]
struct Text;

impl Predicate for Text {
    fn should_compress<B: axum::body::HttpBody>(&self, response: &axum::http::Response<B>) -> bool {
        let kind = response
            .headers()
            .get(axum::http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let text =
            ["application/json", "application/dicom+json", "application/problem+json", "application/xml", "text/"];
        text.iter().any(|one| kind.starts_with(one))
            && response.body().size_hint().exact().is_none_or(|bytes| bytes > 512)
    }
}

/// What is done around every answer, in one layer: each by itself would have all below it boxed and copied for each request.
struct Around {
    hosts: Hosts,
    readers: TaskTracker,
}

impl Around {
    fn of(config: &Config) -> Self {
        Self { hosts: Hosts::of(config), readers: TaskTracker::new() }
    }

    async fn answer(State(around): State<Arc<Self>>, request: Request, next: Next) -> Response {
        let read_beside =
            |request| unread::read_beside(&around.readers, request, |request| admitted(&around.hosts, request, next));
        record(request, read_beside).await
    }
}

/// An answer in no coding that the caller takes is refused without what it would have held (RFC 9110 §15.5.7).
fn without_body(response: Response) -> Response {
    // The faces' own refusals say so; any other was a whole answer before it was compressed.
    let own = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    if response.status() != StatusCode::NOT_ACCEPTABLE || own {
        return response;
    }
    refused(StatusCode::NOT_ACCEPTABLE, "this is answered in no coding that Accept-Encoding takes")
}

/// A problem document (RFC 9457) of what no face has seen.
fn refused(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body =
        serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    (status, [(CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

/// What is answered before any face sees it.
async fn admitted(hosts: &Hosts, request: Request, next: Next) -> Response {
    let answer = hosts
        .refused(&request)
        .or_else(|| target::too_long(&request))
        .or_else(|| coding_refused(&request))
        .or_else(|| target::of_everything(&request))
        .or_else(|| page_refused(&request));
    match answer {
        Some(answer) => answer,
        None => without_body(next.run(request).await),
    }
}

/// What changes something by our own API comes from our own pages or from no page at all: another site that is open in the same browser would
/// act with the rights of whoever reads it (Fetch Metadata; RFC 6454).
fn page_refused(request: &Request) -> Option<Response> {
    let is_api = request.uri().path().starts_with("/api/");
    let is_refused = is_api && !request.method().is_safe() && is_of_another_site(request);
    is_refused.then(|| refused(StatusCode::FORBIDDEN, "this is asked for by a page of another site"))
}

fn is_of_another_site(request: &Request) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = header("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = header("origin") else { return false };
    let host = request.uri().authority().map(Authority::as_str).or_else(|| header("host"));
    origin.split_once("://").map(|(_, named)| named) != host
}

/// A body that is coded otherwise than in chunks is not understood (RFC 9112 §6.1), and would be taken for what it is not.
fn coding_refused(request: &Request) -> Option<Response> {
    let codings =
        request.headers().get_all(TRANSFER_ENCODING).iter().flat_map(|value| value.as_bytes().split(|b| *b == b','));
    let mut named = codings.map(<[u8]>::trim_ascii).filter(|coding| !coding.is_empty());
    let is_refused = named.any(|coding| !coding.eq_ignore_ascii_case(b"chunked"));
    is_refused.then(|| refused(StatusCode::NOT_IMPLEMENTED, "Transfer-Encoding: no coding but chunked is understood"))
}

/// Names a request as no other in any log: a random number for this process, and how many came before. Random numbers for each would cost a call
/// of the system's, and nothing rests on their being hard to guess.
fn request_id() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| uuid::Uuid::new_v4().as_u64_pair().0);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{:016x}{:016x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Names the request, counts and times it by its route, and logs the route, never the URI, whose query may hold a name.
async fn record<F: Future<Output = Response>>(mut request: Request, answer: impl FnOnce(Request) -> F) -> Response {
    const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
    let id = request_id();
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(REQUEST_ID, value);
    }
    let route =
        request.extensions().get::<MatchedPath>().map_or("unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();
    let local =
        request.extensions().get::<ConnectInfo<SocketAddr>>().is_some_and(|ConnectInfo(from)| from.ip().is_loopback());
    let began = Instant::now();
    let mut response = answer(request).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    metrics::histogram!("dics_http_seconds", "route" => route.clone(), "method" => method.to_string(), "status" => status.to_string())
        .record(took.as_secs_f64());
    tracing::debug!(method = %method, route, status, duration_ms = took.as_millis() as u64, request.id = id, local, "answered");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
