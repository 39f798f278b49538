//! Retrieve Rendered and Retrieve Thumbnail, PS3.18 §10.4.1.1.3 and §10.4.1.1.4.

use crate::app::{Answer, TestApp};
use crate::objects::{PDF, SERIES, STUDY, frames, image, pdf, report};

/// Width and height of a PNG image.
fn png_size(answer: &Answer) -> (u32, u32) {
    assert_eq!(answer.header("content-type"), "image/png");
    assert!(answer.body.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(answer.body[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[tokio::test]
async fn an_image_is_rendered_in_the_form_and_size_that_is_wanted() {
    let app = TestApp::holding(&[image(1)]).await;
    let path = format!("{}/rendered", image(1).path());
    let jpeg = app.get_as(&path, "image/jpeg").await.expect(200);
    assert!(jpeg.header("content-type") == "image/jpeg" && jpeg.body.starts_with(&[0xff, 0xd8, 0xff]));
    assert!(app.get(&path).await.expect(200).body == jpeg.body, "JPEG is the default");
    assert_eq!(png_size(&app.get_as(&path, "image/png").await.expect(200)), (8, 4));
    assert_eq!(png_size(&app.get_as(&format!("{path}?viewport=16%2C16"), "image/png").await.expect(200)), (16, 8));
    let window = format!("{path}?window=40,400,linear&quality=50&annotation=patient&iccprofile=no");
    app.get_as(&window, "image/png").await.expect(200);
    for level in [format!("/studies/{STUDY}"), format!("/studies/{STUDY}/series/{SERIES}")] {
        app.get_as(&format!("{level}/rendered"), "image/jpeg").await.expect(200);
    }
}

#[tokio::test]
async fn frames_are_rendered_one_by_one() {
    let app = TestApp::holding(&[frames(3)]).await;
    let one = app.get_as(&format!("{}/frames/2/rendered", frames(3).path()), "image/png").await.expect(200);
    assert_eq!(png_size(&one), (8, 4));
    let several = app.get_as(&format!("{}/frames/1,3/rendered", frames(3).path()), "image/png").await.expect(200);
    assert_eq!(several.parts().iter().filter(|part| part.content_type == "image/png").count(), 2);
    app.get(&format!("{}/frames/4/rendered", frames(3).path())).await.expect(404);
}

#[tokio::test]
async fn thumbnails_are_small_at_every_level() {
    let app = TestApp::holding(&[frames(3)]).await;
    let instance = frames(3).path();
    for path in [
        format!("/studies/{STUDY}"),
        format!("/studies/{STUDY}/series/{SERIES}"),
        instance.clone(),
        format!("{instance}/frames/2"),
    ] {
        let thumbnail = app.get_as(&format!("{path}/thumbnail?viewport=128%2C128"), "image/png").await.expect(200);
        assert_eq!(png_size(&thumbnail), (128, 64), "{path}");
    }
}

#[tokio::test]
async fn documents_and_reports_read_as_what_they_are() {
    let app = TestApp::holding(&[pdf(), report()]).await;
    let document = app.get_as(&format!("{}/rendered", pdf().path()), "application/pdf").await.expect(200);
    assert_eq!((document.header("content-type"), &document.body[..]), ("application/pdf", PDF));
    app.get_as(&format!("{}/rendered", pdf().path()), "image/jpeg").await.expect(406);
    let page = app.get_as(&format!("{}/rendered", report().path()), "text/html").await.expect(200);
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(page.contains("<h1>Chest report</h1>") && page.contains("Clear lungs &lt;b&gt;"), "{page}");
    let text = app.get_as(&format!("{}/rendered", report().path()), "text/plain").await.expect(200);
    assert!(String::from_utf8(text.body.to_vec()).unwrap().contains("Finding: Clear lungs <b>"));
    app.get(&format!("{}/thumbnail", report().path())).await.expect(406);
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let app = TestApp::holding(&[image(1)]).await;
    for (query, parameter) in [
        ("viewport=1", "viewport"),
        ("window=40,400", "window"),
        ("quality=0", "quality"),
        ("iccprofile=x", "iccprofile"),
    ] {
        let answer = app.get(&format!("{}/rendered?{query}", image(1).path())).await.expect(400);
        assert_eq!(answer.json()["parameter"], parameter);
    }
    app.get_as(&format!("{}/rendered", image(1).path()), "image/webp").await.expect(406);
}
