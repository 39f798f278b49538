//! URI Service, PS3.18 chapter 9.

use crate::app::TestApp;
use crate::objects::{STUDY, frames, image, report};

fn query(object: &crate::objects::Object, rest: &str) -> String {
    format!(
        "?requestType=WADO&studyUID={}&seriesUID={}&objectUID={}{rest}",
        object.study, object.series, object.instance
    )
}

#[tokio::test]
async fn an_object_or_a_picture_is_named_by_parameters() {
    let app = TestApp::holding(&[image(1), frames(3), report()]).await;
    let object = app.get(&query(&image(1), "&contentType=application%2Fdicom")).await.expect(200);
    assert!(object.body[..] == image(1).to_bytes()[..] && object.header("content-type") == "application/dicom");
    let picture = app.get(&query(&image(1), "")).await.expect(200);
    assert_eq!(picture.header("content-type"), "image/jpeg");
    let png =
        query(&frames(3), "&contentType=image/png&frameNumber=2&windowCenter=100&windowWidth=50&rows=16&columns=16");
    let png = app.get(&png).await.expect(200);
    assert!(png.body.starts_with(b"\x89PNG"));
    let html = app.get(&query(&report(), "&contentType=text/html")).await.expect(200);
    assert!(html.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = TestApp::holding(&[image(1)]).await;
    for (query, status) in [
        ("?requestType=OTHER".to_owned(), 400),
        ("?requestType=WADO&studyUID=1.2".to_owned(), 400),
        (format!("?requestType=WADO&studyUID={STUDY}&seriesUID=x&objectUID=1.2"), 400),
        (query(&image(1), "&anonymize=yes"), 400),
        (query(&image(1), "&windowCenter=1"), 400),
        (query(&image(1), "&frameNumber=0"), 400),
        (query(&image(1), "&frameNumber=2"), 404),
        (query(&image(1), "&contentType=text/css"), 406),
        (query(&image(1), "&region=0,0,2,1"), 400),
        (query(&image(1), "&region=0,0,0.5,0.5"), 200),
        (query(&image(1), "&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.4.80"), 406),
    ] {
        app.get(&query).await.expect(status);
    }
}
