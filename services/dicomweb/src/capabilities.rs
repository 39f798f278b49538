//! Retrieve Capabilities, PS3.18 §8.9 and Annex H: what is here, as WADL and as JSON, from one table.

mod resources;
mod wadl;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use face::Problem;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::json;

use crate::Face;
use crate::accept::{Accept, Offer};
use crate::request::{Base, Parameters};
use resources::{RESOURCES, Resource, Transaction};

/// The form of Annex H first: it is the default.
const OFFERS: [Offer; 4] = [
    Offer::single("application/vnd.sun.wadl+xml"),
    Offer::single("application/json"),
    Offer::single("application/xml"),
    Offer::single("text/xml"),
];

/// The parameters that a route takes, in their groups; `None` where they are matching keys, which the search itself knows, and where
/// the table has no such transaction.
pub(crate) fn parameters(route: &str, method: &Method) -> Option<&'static [&'static [&'static str]]> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let transaction = transactions(route)?.iter().find(|transaction| transaction.method == method)?;
    (transaction.section != resources::SEARCH).then_some(transaction.parameters)
}

/// What can be done at a route.
fn transactions(route: &str) -> Option<&'static [Transaction]> {
    // Bulk values have an address of earlier days, and frames below them take what they take.
    let path = route.trim_matches('/').replace("{*value}", "{value}").replace("/bulk/", "/bulkdata/");
    RESOURCES.iter().find(|(known, _)| *known == path).map(|(_, transactions)| *transactions)
}

/// The route of a request below the service's root.
pub(crate) fn route<'a>(extensions: &'a Extensions, face: &Face) -> &'a str {
    below(extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default(), face)
}

fn below<'a>(route: &'a str, face: &Face) -> &'a str {
    route.strip_prefix(face.options.base_path.trim_end_matches('/')).unwrap_or(route)
}

/// `OPTIONS` on the service's root.
pub(crate) async fn describe(base: Base, parameters: Parameters, headers: HeaderMap) -> Result<Response, Problem> {
    let form = Accept::of_request(&headers, &parameters)?.best(&OFFERS).ok_or_else(|| {
        Problem::not_acceptable("capabilities are described as application/vnd.sun.wadl+xml or application/json")
    })?;
    let text = if form == OFFERS[1] { in_json(&base.0) } else { wadl::document(&base.0) };
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.payload));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET,HEAD,OPTIONS"));
    Ok(response)
}

/// `OPTIONS` on any other resource is told its methods (RFC 9110 §9.3.7), and who asks for a method that it lacks too. `OPTIONS` is a method of
/// every resource, and `HEAD` of what has GET (RFC 9110 §10.2.1).
pub(crate) async fn methods(face: &Face, request: Request, next: Next) -> Response {
    let asked = request.method() == Method::OPTIONS;
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let transactions = path.and_then(|path| transactions(below(path.as_str(), face))).unwrap_or_default();
    let named = transactions
        .iter()
        .map(|transaction| if transaction.method == "GET" { "GET,HEAD" } else { transaction.method });
    let allowed = named.chain(["OPTIONS"]).collect::<Vec<_>>().join(",");
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    if asked {
        *response.status_mut() = StatusCode::NO_CONTENT;
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    response
}

/// What no route takes.
pub(crate) async fn nothing() -> Problem {
    Problem::not_found("there is no such resource")
}

fn in_json(base: &str) -> String {
    let transaction = |path: &str, transaction: &Transaction| {
        json!({
            "path": path,
            "method": transaction.method,
            "name": transaction.name,
            "section": transaction.section,
            "parameters": transaction.parameters.iter().flat_map(|some| some.iter()).collect::<Vec<_>>(),
            "requests": transaction.takes,
            "responses": transaction.gives,
        })
    };
    let of = |resource: &'static Resource| resource.1.iter().map(move |one| transaction(resource.0, one));
    let resources: Vec<_> = RESOURCES.iter().flat_map(of).collect();
    let about = json!({
        "service": "DI Common Service, DICOMweb Studies service and URI service (PS3.18)",
        "base": base,
        "resources": resources,
    });
    about.to_string()
}
