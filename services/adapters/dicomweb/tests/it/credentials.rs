//! Who we say that we are, to servers that ask: passwords, tokens, and endpoints that give them.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use adapter_api::{ImagingSource, SourceError};
use adapter_dicomweb::DicomwebSource;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::origin::{Origin, ctx, defined, dicom_json, kind, uid};

/// A folder of secrets with one file, `secret`.
fn secrets(secret: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), secret).unwrap();
    folder
}

fn source(origin: &Origin, secrets: &Path, credentials: &Value) -> DicomwebSource {
    defined(&json!({ "url": origin.url, "credentials": credentials }), secrets, |_| {}).unwrap()
}

async fn asked(source: &DicomwebSource) -> Result<usize, SourceError> {
    source.search_series(&ctx(), &uid("1.2.3")).await.map(|series| series.len())
}

fn header(request: &Request, name: &str) -> String {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// An origin that answers whoever shows this.
async fn asking_for(expected: &'static str) -> Origin {
    Origin::start(move |request: Request| async move {
        if header(&request, "authorization") == expected {
            dicom_json("[]")
        } else {
            StatusCode::UNAUTHORIZED.into_response()
        }
    })
    .await
}

#[tokio::test]
async fn a_token_and_a_password_are_read_from_their_file_sent_and_never_printed() {
    let folder = secrets("secret-1\n");
    let bearer = json!({ "bearer": { "token": { "file": "secret" } } });
    let basic = json!({ "basic": { "user": "dics", "password": { "file": "secret" } } });
    for (expected, credentials) in [("Bearer secret-1", &bearer), ("Basic ZGljczpzZWNyZXQtMQ==", &basic)] {
        let origin = asking_for(expected).await;
        let source = source(&origin, folder.path(), credentials);
        assert_eq!(asked(&source).await.unwrap(), 0, "{credentials}");
        assert!(!format!("{source:?}").contains("secret-1"));
        let steps = source.verify(&ctx()).await;
        assert!(steps.iter().any(|step| step.step == "credentials" && step.ok), "{steps:?}");
        assert!(!format!("{steps:?}").contains("secret-1"));
    }
}

#[tokio::test]
async fn a_token_that_was_renewed_in_its_file_is_used_as_soon_as_the_old_one_is_refused() {
    let folder = secrets("old");
    let origin = asking_for("Bearer new").await;
    let source = source(&origin, folder.path(), &json!({ "bearer": { "token": { "file": "secret" } } }));
    let error = asked(&source).await.unwrap_err();
    assert!(kind(&error).0 == "refused" && kind(&error).1.contains("401"), "{error}");
    assert_eq!(origin.requests().len(), 1, "what was refused is not sent twice");
    std::fs::write(folder.path().join("secret"), "new").unwrap();
    assert!(asked(&source).await.is_ok());
}

#[tokio::test]
async fn wrong_credentials_and_missing_rights_are_told_apart_in_words() {
    let folder = secrets("wrong");
    let credentials = json!({ "basic": { "user": "dics", "password": { "file": "secret" } } });
    for (status, words) in [(401, "the credentials are wrong (401)"), (403, "we may not search there (403)")] {
        let origin = Origin::start(move |_| async move { StatusCode::from_u16(status).unwrap() }).await;
        let source = source(&origin, folder.path(), &credentials);
        let last = source.verify(&ctx()).await.pop().unwrap();
        assert!(last.step == "search" && !last.ok && last.text.contains(words), "{last:?}");
        assert_eq!(kind(&asked(&source).await.unwrap_err()).0, "refused");
    }
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_named_and_nothing_is_asked_without_it() {
    let folder = secrets("x");
    let origin = asking_for("").await;
    for (place, words) in [
        (json!({ "file": "absent" }), "the secret absent can't be read"),
        (json!({ "file": "/etc/hostname" }), "/etc/hostname is not below"),
        (json!({ "env": "PATH" }), "begin with DICS_SECRET_"),
        (json!({ "env": "DICS_SECRET_NOT_SET" }), "DICS_SECRET_NOT_SET is not set"),
    ] {
        let source = source(&origin, folder.path(), &json!({ "bearer": { "token": place } }));
        let error = asked(&source).await.unwrap_err();
        assert!(kind(&error).0 == "refused" && kind(&error).1.contains(words), "{error}");
        let last = source.verify(&ctx()).await.pop().unwrap();
        assert!(last.step == "credentials" && !last.ok && last.text.contains(words), "{last:?}");
    }
    assert!(origin.requests().is_empty());
}

#[tokio::test]
async fn credentials_do_not_leave_this_machine_without_tls() {
    let folder = secrets("x");
    let bearer = json!({ "bearer": { "token": { "file": "secret" } } });
    let section = json!({ "url": "http://pacs.example/dicom-web", "credentials": bearer });
    let error = defined(&section, folder.path(), |_| {}).unwrap_err();
    assert!(error.to_string().contains("https only"), "{error}");
    let client = |url: &str| json!({ "tokenUrl": url, "clientId": "dics", "clientSecret": { "file": "secret" } });
    let by_token =
        json!({ "url": "https://pacs.example/", "credentials": { "clientCredentials": client("http://id.example/") } });
    assert!(defined(&by_token, folder.path(), |_| {}).unwrap_err().to_string().contains("https only"));
}

/// A token endpoint and an origin in one: tokens are `t1`, `t2`, …, and the last one is accepted.
struct Issuer {
    origin: Origin,
    given: Arc<AtomicUsize>,
    /// What the endpoint was asked.
    forms: Arc<Mutex<Vec<String>>>,
}

async fn issuer(life: u64) -> Issuer {
    let (given, forms) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (tokens, seen) = (Arc::clone(&given), Arc::clone(&forms));
    let origin = Origin::start(move |request: Request| {
        let (tokens, seen) = (Arc::clone(&tokens), Arc::clone(&seen));
        async move {
            let shown = header(&request, "authorization");
            if request.uri().path() != "/dicom-web/token" {
                let last = format!("Bearer t{}", tokens.load(Ordering::SeqCst));
                return if shown == last { dicom_json("[]") } else { StatusCode::UNAUTHORIZED.into_response() };
            }
            let body = axum::body::to_bytes(request.into_body(), 10_000).await.unwrap();
            seen.lock().unwrap().push(format!("{shown} {}", String::from_utf8_lossy(&body)));
            let token = format!("t{}", tokens.fetch_add(1, Ordering::SeqCst) + 1);
            let granted = json!({ "access_token": token, "token_type": "bearer", "expires_in": life });
            ([("content-type", "application/json")], granted.to_string()).into_response()
        }
    })
    .await;
    Issuer { origin, given, forms }
}

fn client_credentials(origin: &Origin) -> Value {
    json!({ "clientCredentials": {
        "tokenUrl": format!("{}/token", origin.url), "clientId": "dics:1", "clientSecret": { "file": "secret" }, "scope": "a b"
    } })
}

#[tokio::test]
async fn one_token_serves_all_requests_until_it_is_due_for_renewal() {
    let folder = secrets("s&1");
    let issuer = issuer(3600).await;
    let source = source(&issuer.origin, folder.path(), &client_credentials(&issuer.origin));
    let all = futures::future::join_all((0..8).map(|_| asked(&source))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(issuer.given.load(Ordering::SeqCst), 1, "those who wait share it");
    // RFC 6749 §2.3.1: `dics%3A1:s%261`.
    let form = "Basic ZGljcyUzQTE6cyUyNjE= grant_type=client_credentials&scope=a+b";
    assert_eq!(*issuer.forms.lock().unwrap(), [form]);

    // It is withdrawn before its end: the next one is asked for at once.
    issuer.given.fetch_add(1, Ordering::SeqCst);
    assert!(asked(&source).await.is_ok());
    assert_eq!(issuer.given.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_token_without_a_life_is_used_once() {
    let folder = secrets("s");
    let issuer = issuer(0).await;
    let source = source(&issuer.origin, folder.path(), &client_credentials(&issuer.origin));
    for _ in 0..3 {
        assert!(asked(&source).await.is_ok());
    }
    assert_eq!(issuer.given.load(Ordering::SeqCst), 3);
}

/// What a token endpoint answers, and how that is told.
type Told = (fn() -> Response, &'static str, &'static str);

#[tokio::test]
async fn what_a_token_endpoint_says_is_told_apart_and_not_repeated() {
    let folder = secrets("s");
    let table: [Told; 5] = [
        (
            || (StatusCode::BAD_REQUEST, r#"{"error":"invalid_client"}"#).into_response(),
            "refused",
            "status 400 Bad Request, invalid_client",
        ),
        (|| (StatusCode::UNAUTHORIZED, r#"{"error":"secret-2"}"#).into_response(), "refused", "check clientId"),
        (|| StatusCode::SERVICE_UNAVAILABLE.into_response(), "unavailable", "the token endpoint: status 503"),
        (|| "<html>secret-2".into_response(), "malformed", "gives no token"),
        (|| r#"{"access_token":"secret-2","token_type":"mac"}"#.into_response(), "malformed", "not a bearer token"),
    ];
    for (answer, expected, words) in table {
        let origin = Origin::start(move |_| async move { answer() }).await;
        let source = source(&origin, folder.path(), &client_credentials(&origin));
        let (found, said) = kind(&asked(&source).await.unwrap_err());
        assert!(found == expected && said.contains(words) && !said.contains("secret-2"), "{found}: {said}");
        assert!(origin.requests().iter().all(|path| path.ends_with("/token")), "nothing is asked without a token");
    }
}
