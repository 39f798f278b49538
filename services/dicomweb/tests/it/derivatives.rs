//! HTJ2K forms of large images, and beginnings of frames (RFC 9110 §14). Here an image of 32 pixels is large.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http::Method;
use transcode::ImageDescription;

use crate::app::{Answer, TestApp, codec_worker, related, transcoder};
use crate::objects::{Object, image};

const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";
const RPCL: &str = "1.2.840.10008.1.2.4.202";
const JPHC: &str = "image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202";

fn no_worker() -> bool {
    let absent = codec_worker().is_none();
    if absent {
        eprintln!("NOT TESTED: the codec worker is built with the tests of the workspace only");
    }
    absent
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Waits until so many forms are kept.
async fn forms(app: &TestApp, count: usize) -> Vec<PathBuf> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let found = files(&app.folder().join("objects/derived"));
        let whole = found.iter().filter(|path| path.extension().is_some_and(|end| end == "jhc")).count();
        if whole == count || Instant::now() > until {
            assert_eq!(whole, count, "forms are kept");
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn run(app: &TestApp, path: &str, range: &str, others: &[(&str, &str)]) -> Answer {
    let headers = [&[("accept", JPHC), ("range", range)], others].concat();
    app.ask(Method::GET, path, &headers).await
}

/// The image with its one frame in this transfer syntax.
async fn encoded(number: u32, syntax: &'static str) -> Object {
    let plain = image(number);
    let frame = transcoder().encode(&described(), plain.frames[0].clone().into(), syntax).await.unwrap();
    Object { syntax, frames: vec![frame.to_vec()], ..plain }
}

fn described() -> ImageDescription {
    let us = |value: u16| serde_json::json!({"vr": "US", "Value": [value]});
    let metadata = serde_json::json!({
        "00280002": us(1), "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": us(4), "00280011": us(8),
        "00280100": us(16), "00280101": us(16), "00280102": us(15), "00280103": us(0),
    });
    ImageDescription::from_json(metadata.as_object().unwrap(), "1.2.840.10008.1.2.1", 1).unwrap()
}

#[tokio::test]
async fn a_large_image_gets_a_form_behind_its_store_that_outlives_the_process_and_never_hides_the_original() {
    if no_worker() {
        return;
    }
    let app = TestApp::deriving(tempfile::tempdir().unwrap(), 32).await;
    app.store(&[image(1)]).await.expect(200);
    let kept = std::fs::read(&forms(&app, 1).await[0]).unwrap();
    let path = format!("{}/frames/1", image(1).path());
    let app = TestApp::deriving(app.stop().await, 32).await;
    let answer = app.get_as(&path, JPHC).await.expect(200);
    assert!(answer.body == kept, "what was kept is what is sent");
    let stored = app.get_as(&path, "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*").await;
    assert_eq!(stored.expect(200).parts()[0].body, image(1).frames[0]);
    let whole = app.get_as(&image(1).path(), "application/dicom; transfer-syntax=*").await.expect(200);
    assert!(whole.body == image(1).to_bytes());
    // Whoever deletes the folder loses nothing.
    std::fs::remove_dir_all(app.folder().join("objects/derived")).unwrap();
    let app = TestApp::deriving(app.stop().await, 32).await;
    assert!(app.get_as(&path, JPHC).await.expect(200).body == kept);
    forms(&app, 1).await;
}

#[tokio::test]
async fn small_images_get_no_form() {
    if no_worker() {
        return;
    }
    let app = TestApp::deriving(tempfile::tempdir().unwrap(), 33).await;
    app.store(&[image(1)]).await.expect(200);
    app.get_as(&format!("{}/frames/1", image(1).path()), JPHC).await.expect(200);
    app.registry.stop().await;
    assert!(files(&app.folder().join("objects/derived")).is_empty());
}

#[tokio::test]
async fn the_beginning_of_a_frame_is_answered_of_what_is_stored_derived_or_just_made() {
    if no_worker() {
        return;
    }
    let stored = encoded(2, RPCL).await;
    let app = TestApp::deriving(tempfile::tempdir().unwrap(), 32).await;
    app.store(&[image(1), stored.clone()]).await.expect(200);
    forms(&app, 1).await;
    let plain = TestApp::holding(&[image(1)]).await;
    for (app, object) in [(&app, &image(1)), (&app, &stored), (&plain, &image(1))] {
        let path = format!("{}/frames/1", object.path());
        // The first time it may have to be made; then it is there.
        for _ in 0..2 {
            let part = run(app, &path, "bytes=0-59", &[]).await.expect(206);
            let whole = app.get_as(&path, JPHC).await.expect(200);
            let length = whole.body.len();
            assert_eq!(part.body[..], whole.body[..60]);
            assert_eq!(part.header("content-range"), format!("bytes 0-59/{length}"));
            assert_eq!(part.header("content-length"), "60");
            assert_eq!((part.header("accept-ranges"), part.header("content-type")), ("bytes", JPHC));
            let tag = part.header("etag").to_owned();
            assert!(tag.starts_with('"') && tag == whole.header("etag"), "a strong tag, the same of part and whole");
            let rest = run(app, &path, "bytes=60-", &[("if-range", &tag)]).await.expect(206);
            assert!([&part.body[..], &rest.body[..]].concat() == whole.body, "the parts are the whole");
            let other = run(app, &path, "bytes=60-", &[("if-range", "\"other\"")]).await.expect(200);
            assert!(other.body == whole.body, "of another version, everything is sent");
            run(app, &path, "bytes=0-59", &[("if-none-match", &tag)]).await.expect(304);
            run(app, &path, "bytes=0-59", &[("if-match", "\"other\"")]).await.expect(412);
            let beyond = run(app, &path, &format!("bytes={length}-"), &[]).await.expect(416);
            assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
        }
    }
    run(&app, &format!("{}/frames/2", image(1).path()), "bytes=0-59", &[]).await.expect(404);
}

/// Pictures that are kept, once there are so many of them.
async fn pictures(app: &TestApp, count: usize) -> Vec<PathBuf> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let found = files(&app.folder().join("objects/rendered"));
        let whole: Vec<_> = found.into_iter().filter(|path| path.extension().is_some_and(|end| end == "png")).collect();
        if whole.len() == count || Instant::now() > until {
            assert_eq!(whole.len(), count, "pictures are kept");
            return whole;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_picture_of_a_large_image_is_rendered_once_and_one_through_a_chosen_window_is_not_kept() {
    let derivatives = registry::DerivativePolicy { minimum_pixels: 32, ..registry::DerivativePolicy::default() };
    // Nothing is kept in memory, so that object storage has to have it.
    let limits = registry::Limits { derivatives, rendered_cache_bytes: 0, ..registry::Limits::default() };
    let app = TestApp::start_within(dicomweb::Options::default(), std::sync::Arc::new(|_| Ok(None)), limits).await;
    app.store(&[image(1)]).await.expect(200);
    let path = format!("{}/rendered", image(1).path());
    let shown = app.get_as(&path, "image/png").await.expect(200).body;
    let kept = pictures(&app, 1).await.remove(0);
    assert!(std::fs::read(&kept).unwrap() == shown);
    let planted = vec![7; shown.len()];
    std::fs::write(&kept, &planted).unwrap();
    assert!(app.get_as(&path, "image/png").await.expect(200).body == planted, "it is not rendered again");
    let chosen = app.get_as(&format!("{path}?window=100,200,linear"), "image/png").await.expect(200);
    assert!(chosen.body != planted && chosen.body[..4] == shown[..4], "another window is another picture");
    assert_eq!(pictures(&app, 1).await, [kept], "and one that somebody chose is not kept");
}

#[tokio::test]
async fn a_page_of_another_origin_may_read_what_tells_a_part_from_the_whole() {
    let options =
        dicomweb::Options { cors_origins: vec!["https://viewer.test".into()], ..dicomweb::Options::default() };
    let app = TestApp::start_with(options).await;
    app.store(&[image(1)]).await.expect(200);
    let headers = [("accept", "application/octet-stream"), ("range", "bytes=0-7"), ("origin", "https://viewer.test")];
    let part = app.ask(Method::GET, &format!("{}/frames/1", image(1).path()), &headers).await.expect(206);
    assert_eq!(part.body[..], image(1).frames[0][..8]);
    for name in ["Content-Range", "ETag", "Accept-Ranges"] {
        assert!(part.header("access-control-expose-headers").contains(name), "{name}");
    }
}

#[tokio::test]
async fn pictures_are_decoded_from_the_form_and_from_the_original_when_the_form_is_damaged() {
    if no_worker() {
        return;
    }
    let stored = encoded(3, JPEG_2000).await;
    let plain = TestApp::holding(&[image(3)]).await;
    let (path, other) = (format!("{}/rendered", image(3).path()), format!("{}/thumbnail", image(3).path()));
    let [expected, small] = [&path, &other].map(|path| plain.get_as(path, "image/png"));
    let (expected, small) = (expected.await.expect(200).body, small.await.expect(200).body);
    let app = TestApp::deriving(tempfile::tempdir().unwrap(), 32).await;
    app.store(&[stored]).await.expect(200);
    let form = forms(&app, 1).await.remove(0);
    assert!(app.get_as(&path, "image/png").await.expect(200).body == expected);
    let whole = std::fs::read(&form).unwrap();
    let native = app.get_as(&format!("{}/frames/1", image(3).path()), "application/octet-stream").await.expect(200);
    assert!(native.body[..] == image(3).frames[0][..]);
    std::fs::write(&form, vec![0; whole.len()]).unwrap();
    assert!(app.get_as(&other, "image/png").await.expect(200).body == small, "the original is shown");
    assert!(!form.exists(), "what is damaged is removed");
}

/// The object with an Enhanced Palette Color Lookup Table Sequence (PS3.3 §C.7.6.23) of one item.
fn coloured(object: &Object) -> Vec<u8> {
    let bytes = object.to_bytes();
    let pixels = memchr::memmem::rfind(&bytes, &[0xe0, 0x7f, 0x10, 0]).unwrap();
    let path = [&[0x28, 0, 0x0e, 0x14, b'C', b'S', 8, 0][..], b"PRIMARY "].concat();
    let item = [&[0xfe, 0xff, 0, 0xe0, path.len() as u8, 0, 0, 0][..], &path].concat();
    let sequence = [&[0x28, 0, 0x0b, 0x14, b'S', b'Q', 0, 0, item.len() as u8, 0, 0, 0][..], &item].concat();
    [&bytes[..pixels], &sequence, &bytes[pixels..]].concat()
}

/// What can't be drawn is refused for what it is, not for a form beside it: that is good for whoever asks for frames.
#[tokio::test]
async fn an_enhanced_palette_is_refused_by_its_name_and_a_form_beside_the_image_stays() {
    if no_worker() {
        return;
    }
    let app = TestApp::deriving(tempfile::tempdir().unwrap(), 32).await;
    let stored = encoded(4, JPEG_2000).await;
    app.post("/studies", &related(&[coloured(&stored)])).await.expect(200);
    let form = forms(&app, 1).await.remove(0);
    for what in ["/rendered", "/frames/1/rendered", "/thumbnail"] {
        let refused = app.get_as(&format!("{}{what}", stored.path()), "image/png").await.expect(406);
        let said = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(said.contains("EnhancedPaletteColorLookupTableSequence"), "{what}: {said}");
    }
    assert!(form.exists(), "nothing is wrong with it");
    let frame = app.get_as(&format!("{}/frames/1", stored.path()), "application/octet-stream").await.expect(200);
    assert!(frame.body[..] == image(4).frames[0][..], "its samples are what they are");
}
