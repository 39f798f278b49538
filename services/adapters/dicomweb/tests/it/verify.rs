use adapter_api::ImagingSource;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::origin::{Origin, ctx, dicom_json, source};

/// The steps in one line each.
async fn steps(url: &str) -> Vec<String> {
    let line =
        |step: adapter_api::TestStep| format!("{} {}: {}", if step.ok { "+" } else { "-" }, step.step, step.text);
    source(url, |_| {}).verify(&ctx()).await.into_iter().map(line).collect()
}

async fn last_of(answer: fn() -> Response) -> String {
    let origin = Origin::start(move |_| async move { answer() }).await;
    steps(&origin.url).await.pop().unwrap()
}

#[tokio::test]
async fn a_server_that_is_right_passes_every_step() {
    let origin = Origin::start(|_| async { dicom_json(r#"[{"0020000D":{"vr":"UI","Value":["1.2.3"]}}]"#) }).await;
    let steps = steps(&origin.url).await;
    assert_eq!(steps.len(), 5);
    assert!(steps.iter().all(|step| step.starts_with('+')), "{steps:?}");
    assert_eq!(steps[4], "+ content: DICOM JSON with 1 study");
    assert_eq!(origin.requests(), ["/dicom-web/studies?limit=1"]);
}

#[tokio::test]
async fn a_web_page_is_called_one_with_the_remedy() {
    let said = last_of(|| ([("content-type", "text/html")], "<html>Orthanc Explorer</html>").into_response()).await;
    assert!(
        said.starts_with("- content: the answer is a web page") && said.ends_with("for example https://host/dicom-web"),
        "{said}"
    );
}

#[tokio::test]
async fn each_refusal_has_its_remedy() {
    assert!(last_of(|| StatusCode::UNAUTHORIZED.into_response()).await.contains("none are given (401)"));
    assert!(last_of(|| StatusCode::FORBIDDEN.into_response()).await.contains("ask for the right to query"));
    assert!(last_of(|| StatusCode::NOT_FOUND.into_response()).await.contains("must be the DICOMweb root"));
    assert!(last_of(|| StatusCode::BAD_REQUEST.into_response()).await.contains("must be the DICOMweb root"));
    assert!(last_of(|| StatusCode::BAD_GATEWAY.into_response()).await.contains("see its own log"));
    assert!(
        last_of(|| StatusCode::NO_CONTENT.into_response())
            .await
            .starts_with("+ search: the server answers a search, and holds no")
    );
    assert!(last_of(|| dicom_json("[{")).await.starts_with("- content: the answer can't be read"));
}

#[tokio::test]
async fn a_closed_port_and_a_name_without_address_are_told_apart() {
    let closed = steps("http://127.0.0.1:9/dicom-web").await;
    assert!(closed[1].starts_with("- connect: port 9 is closed"), "{closed:?}");
    let unknown = steps("http://pacs.invalid/dicom-web").await;
    assert!(unknown[0].starts_with("- resolve: the name pacs.invalid has no address"), "{unknown:?}");
}

#[tokio::test]
async fn a_port_without_tls_is_said_so() {
    let origin = Origin::start(|_| async { dicom_json("[]") }).await;
    let said = steps(&origin.url.replace("http:", "https:")).await.pop().unwrap();
    assert!(said.starts_with("- "), "{said}");
}
