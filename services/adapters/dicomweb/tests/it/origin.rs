//! An origin server of one handler, and a source that asks it.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapter_api::SourceError;
use adapter_dicomweb::{DicomwebOptions, DicomwebSource, InvalidSource, Secrets};
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use index_model::{RepositoryDefinition, Uid};
use runtime::Ctx;
use serde_json::json;

/// A server and the requests that it has seen, as path and query.
pub(crate) struct Origin {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Origin {
    pub(crate) async fn start<F, Fut, R>(answer: F) -> Self
    where
        F: Fn(Request) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = R> + Send,
        R: IntoResponse,
    {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let handler = move |request: Request| {
            seen.lock().unwrap().push(request.uri().to_string());
            let answer = answer(request);
            async move { answer.await.into_response() }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/dicom-web", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await.unwrap() });
        Self { url, requests, task }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn source(&self) -> DicomwebSource {
        self.source_with(|_| {})
    }

    pub(crate) fn source_with(&self, change: impl FnOnce(&mut DicomwebOptions)) -> DicomwebSource {
        source(&self.url, change)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn source(url: &str, change: impl FnOnce(&mut DicomwebOptions)) -> DicomwebSource {
    defined(&json!({ "url": url }), std::env::temp_dir().as_path(), change).unwrap()
}

/// A source of this `dicomweb` section, with its secrets in a folder.
pub(crate) fn defined(
    section: &serde_json::Value,
    secrets: &Path,
    change: impl FnOnce(&mut DicomwebOptions),
) -> Result<DicomwebSource, InvalidSource> {
    let definition: RepositoryDefinition = serde_json::from_value(json!({
        "code": "north", "name": "North", "region": "North", "protocol": "dicomweb", "patientIdIssuer": "NORTH",
        "concurrency": 2, "dicomweb": section
    }))
    .unwrap();
    let mut options = DicomwebOptions::new(std::env::temp_dir(), Secrets::below(secrets));
    change(&mut options);
    DicomwebSource::new(&definition, options)
}

pub(crate) fn ctx() -> Ctx {
    Ctx::within(Duration::from_secs(20))
}

pub(crate) fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

/// An answer of DICOM JSON.
pub(crate) fn dicom_json(body: impl Into<String>) -> Response {
    ([("content-type", "application/dicom+json")], body.into()).into_response()
}

/// The value of a query parameter.
pub(crate) fn parameter(request: &Request, name: &str) -> Option<String> {
    let query = request.uri().query()?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// The kind of an error, and its rule or reason.
pub(crate) fn kind(error: &SourceError) -> (&'static str, String) {
    match error {
        SourceError::Unavailable { cause, .. } => ("unavailable", cause.to_string()),
        SourceError::Refused { reason, .. } => ("refused", reason.clone()),
        SourceError::Malformed { rule, .. } => ("malformed", rule.clone()),
        SourceError::Incomplete { rule, .. } => ("incomplete", rule.clone()),
        SourceError::NotFound { .. } => ("not found", String::new()),
        SourceError::Stopped(_) => ("stopped", String::new()),
    }
}
