//! What is refused, and how: PS3.18 §8.5.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Method, Request};

use crate::app::TestApp;
use crate::objects::{SERIES, STUDY, image, pdf, report};

/// Every resource, by a path that names something stored.
fn resources() -> Vec<(Method, String)> {
    let instance = image(1).path();
    let below = |path: &str| format!("{instance}{path}");
    let mut paths = vec!["/studies".to_owned(), "/series".to_owned(), "/instances".to_owned()];
    for level in [format!("/studies/{STUDY}"), format!("/studies/{STUDY}/series/{SERIES}"), instance.clone()] {
        let ends = ["", "/metadata", "/rendered", "/thumbnail", "/bulkdata", "/pixeldata"];
        paths.extend(ends.map(|end| format!("{level}{end}")));
    }
    paths.extend([format!("/studies/{STUDY}/series"), format!("/studies/{STUDY}/instances")]);
    paths.extend(
        ["/frames/1", "/frames/1/rendered", "/frames/1/thumbnail", "/bulkdata/7FE00010", "/bulkdata/7FE00010/frames/1"]
            .map(below),
    );
    paths.push(format!("?requestType=WADO&studyUID={STUDY}&seriesUID={SERIES}&objectUID={}", image(1).instance));
    let mut all: Vec<_> = paths.into_iter().map(|path| (Method::GET, path)).collect();
    all.extend([(Method::POST, "/studies".to_owned()), (Method::POST, format!("/studies/{STUDY}"))]);
    all
}

#[tokio::test]
async fn nobody_who_is_not_signed_on_gets_anything() {
    let app = TestApp::holding(&[image(1)]).await;
    let outside: SocketAddr = "192.0.2.7:4000".parse().unwrap();
    for (method, path) in resources() {
        let mut request =
            Request::builder().method(&method).uri(format!("/dicom-web{path}")).body(Body::empty()).unwrap();
        request
            .headers_mut()
            .insert("content-type", "multipart/related; type=\"application/dicom\"; boundary=tests".parse().unwrap());
        request.extensions_mut().insert(ConnectInfo(outside));
        let answer = app.send(request).await;
        assert_eq!(answer.status, 401, "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

/// A parameter that is passed over gives another answer than the one that was asked for.
#[tokio::test]
async fn a_parameter_that_a_resource_does_not_know_is_400_and_named() {
    let app = TestApp::holding(&[image(1)]).await;
    for (method, path) in resources().into_iter().filter(|(method, _)| method == Method::GET) {
        let with = |parameter: &str| format!("{path}{}{parameter}", if path.contains('?') { '&' } else { '?' });
        for known in ["accept=*/*", "charset=utf-8"] {
            app.get(&with(known)).await.expect(200);
        }
        for (wrong, name) in [("windw=40,400", "windw"), ("StudyID=%zz", "StudyID"), ("StudyDate=%E2%82", "StudyDate")]
        {
            let problem = app.get(&with(wrong)).await.expect(400);
            assert_eq!(problem.json()["parameter"], name, "{method} {path}");
        }
    }
    app.get(&format!("{}/rendered?quality=50&viewport=64,64", image(1).path())).await.expect(200);
    app.get(&format!("{}?quality=50", image(1).path())).await.expect(400);
}

#[tokio::test]
async fn what_is_not_there_is_404_at_every_level() {
    let app = TestApp::holding(&[image(1), report()]).await;
    let elsewhere = |path: String| path.replace(STUDY, "1.2.3.4");
    for (_, path) in
        resources().into_iter().filter(|(method, path)| method == Method::GET && path.contains("/studies/"))
    {
        let answer = app.get(&elsewhere(path.clone())).await;
        let search = path.ends_with("/series") || path.ends_with("/instances");
        assert_eq!(answer.status, if search { 204 } else { 404 }, "{path}");
    }
    app.get(&format!("/studies/{STUDY}/series/1.2.3/metadata")).await.expect(404);
    app.get(&format!("/studies/{STUDY}/series/{SERIES}/instances/1.2.3")).await.expect(404);
    app.get("/nowhere").await.expect(404);
    let answer = app.get(&format!("/studies/{STUDY}/series/{SERIES}/nothing")).await.expect(404);
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn what_is_not_a_uid_or_not_a_parameter_is_400_and_named() {
    let app = TestApp::holding(&[image(1)]).await;
    for path in [
        "/studies/..%2Fetc",
        "/studies/abc/metadata",
        "/studies/1.2/series/x",
        "/studies/1.2/series/1.3/instances/1..4/frames/1",
    ] {
        app.get(path).await.expect(400);
    }
    for (query, parameter) in [
        ("PatientNam=x", "PatientNam"),
        ("StudyDate=2024-13-01", "StudyDate"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
    ] {
        let answer = app.get(&format!("/studies?{query}")).await.expect(400);
        let problem = answer.json();
        assert_eq!(problem["parameter"], parameter);
        assert!(problem["requestId"].as_str().is_some_and(|id| !id.is_empty()));
    }
}

#[tokio::test]
async fn a_problem_carries_the_request_id_and_no_value() {
    let app = TestApp::start().await;
    let answer = app.ask(Method::GET, "/studies?StudyDate=Sentinel", &[("x-request-id", "r-17")]).await.expect(400);
    assert_eq!(answer.json()["requestId"], "r-17");
    assert!(!String::from_utf8(answer.body.to_vec()).unwrap().contains("Sentinel"));
    assert_eq!(answer.header("cache-control"), "private, no-cache");
}

#[tokio::test]
async fn what_no_representation_fits_is_406() {
    let app = TestApp::holding(&[image(1), pdf()]).await;
    for (path, accept) in [
        ("/studies".to_owned(), "text/css"),
        (format!("/studies/{STUDY}/metadata"), "image/png"),
        (image(1).path(), "text/html"),
        (format!("{}/frames/1", image(1).path()), "text/html"),
        (format!("{}/rendered", image(1).path()), "text/html"),
        (format!("{}/bulkdata/7FE00010", image(1).path()), "text/html"),
        (format!("{}/rendered", pdf().path()), "image/png"),
    ] {
        let answer = app.get_as(&path, accept).await.expect(406);
        assert!(answer.json()["detail"].as_str().is_some_and(|words| words.len() > 20), "{path} says what there is");
    }
}

#[tokio::test]
async fn a_method_that_a_resource_lacks_is_405_and_a_body_that_is_not_taken_is_415() {
    let app = TestApp::start().await;
    let answer = app.ask(Method::DELETE, "/studies/1.2.3", &[]).await.expect(405);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    app.ask(Method::POST, "/studies", &[("content-type", "application/json")]).await.expect(415);
    app.ask(Method::POST, "/studies", &[]).await.expect(415);
    let text = "multipart/related; type=\"text/plain\"; boundary=b";
    app.ask(Method::POST, "/studies", &[("content-type", text)]).await.expect(415);
    app.ask(Method::POST, "/studies", &[("content-type", "multipart/related; type=\"application/dicom\"")])
        .await
        .expect(400);
}

#[tokio::test]
async fn capabilities_are_told_with_and_without_a_slash() {
    let app = TestApp::start().await;
    for path in ["", "/"] {
        let json = app.ask(Method::OPTIONS, path, &[("accept", "application/json")]).await.expect(200);
        assert!(json.json()["resources"].as_array().is_some_and(|resources| resources.len() > 20));
        let wadl = app.ask(Method::OPTIONS, path, &[]).await.expect(200);
        assert_eq!(wadl.header("content-type"), "application/vnd.sun.wadl+xml");
        let text = String::from_utf8(wadl.body.to_vec()).unwrap();
        assert!(text.contains("<resources base=\"http://di.test/dicom-web/\">"));
        app.ask(Method::OPTIONS, path, &[("accept", "image/png")]).await.expect(406);
    }
}

/// Every transaction that the capabilities name is there, takes its parameters, and gives the first of its media types.
#[tokio::test]
async fn what_capabilities_name_is_there() {
    let app = TestApp::holding(&[image(1)]).await;
    let told = app.ask(Method::OPTIONS, "", &[("accept", "application/json")]).await.expect(200).json();
    for one in told["resources"].as_array().unwrap() {
        let named = [
            ("study", STUDY),
            ("series", SERIES),
            ("instance", &image(1).instance),
            ("frames", "1"),
            ("value", "7FE00010"),
        ];
        let path = named.iter().fold(one["path"].as_str().unwrap().to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value)
        });
        let (path, name) = (format!("/{path}"), one["name"].as_str().unwrap());
        if one["method"] == "POST" {
            app.ask(Method::POST, &path, &[]).await.expect(415);
            continue;
        }
        let query = if path == "/" {
            format!("?requestType=WADO&studyUID={STUDY}&seriesUID={SERIES}&objectUID={}", image(1).instance)
        } else {
            String::new()
        };
        let wanted = one["responses"][0].as_str().unwrap();
        let answer = app.get_as(&format!("{}{query}", path.trim_end_matches('/')), wanted).await.expect(200);
        let essence = wanted.split(';').next().unwrap();
        assert!(answer.header("content-type").starts_with(essence), "{name}");
    }
}

/// Each resource of the table, with the methods that the table has for it; a method that it lacks is refused with the same list.
#[tokio::test]
async fn options_names_the_methods_of_any_resource() {
    let app = TestApp::holding(&[image(1)]).await;
    let mut methods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let told = app.ask(Method::OPTIONS, "", &[("accept", "application/json")]).await.expect(200).json();
    for one in told["resources"].as_array().unwrap() {
        let path = one["path"].as_str().unwrap().replace("{frames}", "1").replace("{value}", "7FE00010");
        let path = ["{study}", "{series}", "{instance}"].iter().fold(path, |path, name| path.replace(name, "1.2.3"));
        let of = methods.entry(path).or_default();
        of.insert(one["method"].as_str().unwrap().to_owned());
        of.extend(["HEAD".to_owned(), "OPTIONS".to_owned()]);
    }
    assert!(methods.len() > 20);
    for (path, expected) in methods {
        let allowed = |answer: &crate::app::Answer| -> BTreeSet<String> {
            answer.header("allow").split(',').map(|method| method.trim().to_owned()).collect()
        };
        let path = format!("/{path}");
        let path = path.trim_end_matches('/');
        let status = if path.is_empty() { 200 } else { 204 };
        let options = app.ask(Method::OPTIONS, path, &[]).await.expect(status);
        assert_eq!(allowed(&options), expected, "OPTIONS {path}");
        let refused = app.ask(Method::DELETE, path, &[]).await.expect(405);
        assert_eq!(allowed(&refused), expected, "DELETE {path}");
    }
}

#[tokio::test]
async fn a_page_of_a_listed_origin_may_call_and_no_other() {
    let options = dicomweb::Options { cors_origins: vec!["https://viewer.example".into()], ..Default::default() };
    let app = TestApp::start_with(options).await;
    let preflight = [("origin", "https://viewer.example"), ("access-control-request-method", "GET")];
    let answer = app.ask(Method::OPTIONS, "/studies", &preflight).await.expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), "https://viewer.example");
    assert!(answer.header("access-control-allow-headers").contains("Authorization"));
    let answer = app.ask(Method::GET, "/studies", &preflight[..1]).await.expect(204);
    assert!(answer.header("access-control-expose-headers").contains("Warning"));
    let other = app.ask(Method::GET, "/studies", &[("origin", "https://evil.example")]).await.expect(204);
    assert_eq!(other.header("access-control-allow-origin"), "");
}

/// The media type that is told is meant: nothing is taken for a page because of what is in it.
#[tokio::test]
async fn no_answer_is_another_type_than_it_says() {
    let app = TestApp::holding(&[image(1)]).await;
    let instance = image(1).path();
    for (path, status) in [
        ("/studies".to_owned(), 200),
        (format!("{instance}/metadata"), 200),
        (instance.clone(), 200),
        (format!("{instance}/pixeldata"), 200),
        (format!("{instance}/rendered"), 200),
        (format!("{instance}/frames/1"), 200),
        ("/studies?PatientNam=x".to_owned(), 400),
        ("/studies/1.2.3/metadata".to_owned(), 404),
    ] {
        let answer = app.get(&path).await.expect(status);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    let xml = app.get_as("/studies", "multipart/related; type=\"application/dicom+xml\"").await.expect(200);
    assert_eq!(xml.header("x-content-type-options"), "nosniff");
}
