//! Failures on the wire: status codes of PS3.18 §8.5, bodies of RFC 9457 with the request's id and never patient data.

use std::borrow::Cow;
use std::sync::Arc;

use access::Refused;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use registry::RegistryError;

/// A caller is told to come back after so many seconds when a repository does not answer.
const REPOSITORY_RETRY_SECONDS: u32 = 30;

/// Why a request was not answered. The texts are for the caller: they name parameters, attributes and rules, never values.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    parameter: Option<String>,
    retry_after_seconds: Option<u32>,
    takes_codings: Option<&'static str>,
    fault: Option<Arc<RegistryError>>,
}

impl Problem {
    /// A status with words.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let (retry_after_seconds, takes_codings) = (None, None);
        Self { status, detail: detail.into(), parameter: None, retry_after_seconds, takes_codings, fault: None }
    }

    /// 400, naming the parameter.
    pub fn parameter(name: &str, rule: impl Into<Cow<'static, str>>) -> Self {
        // A name that is no attribute at all may be anything: short, and printable.
        let name = name.chars().take(64).filter(|c| !c.is_control()).collect();
        Self { parameter: Some(name), ..Self::new(StatusCode::BAD_REQUEST, rule) }
    }

    /// 404.
    pub fn not_found(detail: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 406, saying what there is.
    pub fn not_acceptable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, detail)
    }

    /// 415 of a body's coding, with the codings that are taken (RFC 9110 §15.5.16).
    pub fn content_coding(taken: &'static str, detail: &'static str) -> Self {
        Self { takes_codings: Some(taken), ..Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail) }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn body(&self, request_id: &str) -> Vec<u8> {
        let mut body = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "requestId": request_id,
        });
        if let Some(parameter) = &self.parameter {
            body["parameter"] = parameter.as_str().into();
        }
        body.to_string().into_bytes()
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        use StatusCode as S;
        let (status, retry_after_seconds) = match &error {
            RegistryError::NotFound | RegistryError::Refused(Refused::NotPermitted) => {
                return Self::not_found("not found");
            }
            RegistryError::Parameter { name, rule } => return Self::parameter(name, rule.clone()),
            RegistryError::Refused(Refused::NotSignedOn) => (S::UNAUTHORIZED, None),
            RegistryError::Refused(Refused::NoAudit(_)) => (S::SERVICE_UNAVAILABLE, Some(REPOSITORY_RETRY_SECONDS)),
            RegistryError::Ambiguous { .. } => (S::CONFLICT, None),
            RegistryError::Gone { .. } => (S::GONE, None),
            RegistryError::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, Some(REPOSITORY_RETRY_SECONDS)),
            RegistryError::Incomplete { .. } => (S::BAD_GATEWAY, None),
            RegistryError::NotAcceptable { .. } => (S::NOT_ACCEPTABLE, None),
            RegistryError::TooBroad { .. } => (S::PAYLOAD_TOO_LARGE, None),
            RegistryError::Overloaded => (S::SERVICE_UNAVAILABLE, Some(1)),
            RegistryError::NoRoom(_) => (S::INSUFFICIENT_STORAGE, Some(REPOSITORY_RETRY_SECONDS)),
            RegistryError::NoDatabase(_) => (S::SERVICE_UNAVAILABLE, Some(REPOSITORY_RETRY_SECONDS)),
            RegistryError::Internal(_) => (S::INTERNAL_SERVER_ERROR, None),
        };
        let detail = match status {
            S::INTERNAL_SERVER_ERROR => "the service failed; the request id finds the reason in its log".into(),
            _ => error.to_string(),
        };
        Self { retry_after_seconds, fault: Some(Arc::new(error)), ..Self::new(status, detail) }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        RegistryError::Refused(refused).into()
    }
}

/// The body is written by [`finish`], which knows the request's id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if let Some(taken) = self.takes_codings {
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static(taken));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of a problem, and logs a failure of ours once.
pub async fn finish(request: Request, next: Next) -> Response {
    finished(request, |request| next.run(request)).await
}

/// The same around whatever answers, for a face that does more in the same layer.
pub async fn finished<F: Future<Output = Response>>(request: Request, answer: impl FnOnce(Request) -> F) -> Response {
    let request_id = request.headers().get("x-request-id").cloned();
    let mut response = answer(request).await;
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        // What the router itself refuses.
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this resource has no such method")
        }
        None => return response,
    };
    let request_id = plain_id(request_id.as_ref());
    if let (true, Some(fault)) = (problem.status.is_server_error(), &problem.fault) {
        log(&request_id, fault);
    }
    *response.body_mut() = problem.body(&request_id).into();
    let headers = response.headers_mut();
    headers.remove(http::header::CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn log(request_id: &str, fault: &RegistryError) {
    let cause = runtime::telemetry::causes(fault);
    match fault {
        RegistryError::Internal(_) => tracing::error!(request_id, error = %fault, cause, "a request failed"),
        _ => tracing::warn!(request_id, error = %fault, cause, "a request was not answered"),
    }
}

/// The id that the server gave the request, or a fresh one.
fn plain_id(given: Option<&HeaderValue>) -> String {
    let given = given.and_then(|value| value.to_str().ok());
    let plain =
        given.filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    plain.map_or_else(|| uuid::Uuid::new_v4().simple().to_string(), str::to_owned)
}
