//! Metadata accompanied by bulk data: PS3.18 §10.5.1.4 and §10.5.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, first};

const STUDY: &str = "1.2.826.0.1.3680043.10.7";
const SERIES: &str = "1.2.826.0.1.3680043.10.7.1";
pub(crate) const JSON: &str = "multipart/related; type=\"application/dicom+json\"; boundary=tests";
const XML: &str = "multipart/related; type=\"application/dicom+xml\"; boundary=tests";

/// Metadata of an image of 2 by 2 pixels of 8 bits.
pub(crate) fn metadata(number: u32, pixels: Value) -> Value {
    let mut pixel_data = json!({ "vr": "OB" });
    pixel_data.as_object_mut().unwrap().append(&mut pixels.as_object().unwrap().clone());
    json!({
        "00080005": { "vr": "CS", "Value": ["ISO_IR 100"] },
        "00080016": { "vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.7"] },
        "00080018": { "vr": "UI", "Value": [format!("{SERIES}.{number}")] },
        "00080020": { "vr": "DA", "Value": ["20240229"] },
        "00080050": { "vr": "SH" },
        "00080060": { "vr": "CS", "Value": ["OT"] },
        "00090010": { "vr": "LO", "Value": ["ACME"] },
        "00091001": { "vr": "DS", "Value": [0.5, null, "1.25"] },
        "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "Tremblay^Zoé", "Ideographic": "山田^太郎" }] },
        "00100020": { "vr": "LO", "Value": ["P-100"] },
        "0020000D": { "vr": "UI", "Value": [STUDY] },
        "0020000E": { "vr": "UI", "Value": [SERIES] },
        "00200013": { "vr": "IS", "Value": [number] },
        "00209165": { "vr": "AT", "Value": ["00209056"] },
        "00280002": { "vr": "US", "Value": [1] },
        "00280004": { "vr": "CS", "Value": ["MONOCHROME2"] },
        "00280010": { "vr": "US", "Value": [2] },
        "00280011": { "vr": "US", "Value": [2] },
        "00280100": { "vr": "US", "Value": [8] },
        "00280101": { "vr": "US", "Value": [8] },
        "00280102": { "vr": "US", "Value": [7] },
        "00280103": { "vr": "US", "Value": [0] },
        "00400275": { "vr": "SQ", "Value": [{ "00400009": { "vr": "SH", "Value": ["S1"] } }] },
        "7FE00010": pixel_data,
    })
}

/// A body of parts, each with its headers.
pub(crate) fn body(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (headers, content) in parts {
        body.extend_from_slice(format!("--tests\r\n{headers}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--tests--\r\n");
    body
}

pub(crate) fn path(number: u32) -> String {
    format!("/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.{number}")
}

/// A part of bulk data.
pub(crate) fn at<'a>(headers: &'a str, content: &'a [u8]) -> (&'a str, &'a [u8]) {
    (headers, content)
}

pub(crate) async fn frame(app: &TestApp, number: u32, frame: u32, accept: &str) -> Answer {
    app.get_as(&format!("{}/frames/{frame}", path(number)), accept).await.expect(200)
}

#[tokio::test]
async fn metadata_and_pixels_become_instances() {
    let app = TestApp::start().await;
    let array = json!([
        metadata(1, json!({ "BulkDataURI": "pixels/1" })),
        metadata(2, json!({ "InlineBinary": STANDARD.encode([9, 8, 7, 6]) })),
    ]);
    let text = array.to_string();
    let body = body(&[
        at("Content-Type: application/dicom+json", text.as_bytes()),
        at("Content-Type: application/octet-stream\r\nContent-Location: pixels/1", &[1, 2, 3, 4]),
    ]);
    let told = app.post_as("/studies", JSON, &body).await.expect(200).json();
    assert_eq!(first(&told, "00081190"), format!("http://di.test/dicom-web/studies/{STUDY}"));
    assert_eq!(told["00081199"]["Value"].as_array().unwrap().len(), 2);
    assert_eq!(frame(&app, 1, 1, "application/octet-stream").await.body.as_ref(), [1, 2, 3, 4]);
    assert_eq!(frame(&app, 2, 1, "application/octet-stream").await.body.as_ref(), [9, 8, 7, 6]);
    let back = app.get(&format!("{}/metadata", path(1))).await.expect(200).json();
    let mut expected = metadata(1, json!({}));
    expected["00080005"]["Value"][0] = "ISO_IR 192".into();
    expected["00091001"]["Value"][2] = 1.25.into();
    for (tag, attribute) in expected.as_object().unwrap().iter().filter(|(tag, _)| *tag != "7FE00010") {
        assert_eq!(back[0][tag], *attribute, "{tag}");
    }
    app.post_as("/studies", JSON, &body).await.expect(200);
    assert_eq!(app.incoming(), 0);
}

#[tokio::test]
async fn native_models_become_instances_too() {
    let app = TestApp::start().await;
    let model = |number: u32| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><NativeDicomModel xml:space=\"preserve\">\
             <DicomAttribute tag=\"00080016\" vr=\"UI\"><Value number=\"1\">1.2.840.10008.5.1.4.1.1.7</Value></DicomAttribute>\
             <DicomAttribute tag=\"00080018\" vr=\"UI\"><Value number=\"1\">{SERIES}.{number}</Value></DicomAttribute>\
             <DicomAttribute tag=\"00100010\" vr=\"PN\"><PersonName number=\"1\"><Alphabetic><FamilyName>A&amp;B</FamilyName>\
             <GivenName>Zo&#233;</GivenName></Alphabetic></PersonName></DicomAttribute>\
             <DicomAttribute tag=\"0020000D\" vr=\"UI\"><Value number=\"1\">{STUDY}</Value></DicomAttribute>\
             <DicomAttribute tag=\"0020000E\" vr=\"UI\"><Value number=\"1\">{SERIES}</Value></DicomAttribute>\
             <DicomAttribute tag=\"00280002\" vr=\"US\"><Value number=\"1\">1</Value></DicomAttribute>\
             <DicomAttribute tag=\"00280010\" vr=\"US\"><Value number=\"1\">2</Value></DicomAttribute>\
             <DicomAttribute tag=\"00280011\" vr=\"US\"><Value number=\"1\">2</Value></DicomAttribute>\
             <DicomAttribute tag=\"00280100\" vr=\"US\"><Value number=\"1\">8</Value></DicomAttribute>\
             <DicomAttribute tag=\"00400275\" vr=\"SQ\"><Item number=\"1\"><DicomAttribute tag=\"00400009\" vr=\"SH\">\
             <Value number=\"2\">S2</Value></DicomAttribute></Item></DicomAttribute>\
             <DicomAttribute tag=\"7FE00010\" vr=\"OB\"><BulkData uri=\"http://di.test/dicom-web/studies/p{number}\"/></DicomAttribute>\
             </NativeDicomModel>"
        )
    };
    let (one, two) = (model(1), model(2));
    let body = body(&[
        at("Content-Type: application/dicom+xml", one.as_bytes()),
        at("Content-Type: application/dicom+xml", two.as_bytes()),
        at("Content-Type: application/octet-stream\r\nContent-Location: p1", &[1, 2, 3, 4]),
        at("Content-Type: application/octet-stream\r\nContent-Location: /dicom-web/studies/p2", &[5, 6, 7, 8]),
    ]);
    app.post_as(&format!("/studies/{STUDY}"), XML, &body).await.expect(200);
    assert_eq!(frame(&app, 2, 1, "application/octet-stream").await.body.as_ref(), [5, 6, 7, 8]);
    let back = app.get(&format!("{}/metadata", path(1))).await.expect(200).json();
    assert_eq!(first(&back[0], "00100010"), "A&B^Zoé");
    assert_eq!(back[0]["00400275"]["Value"][0]["00400009"]["Value"], json!([null, "S2"]));
}

/// A JPEG of one component, as far as its headers go.
fn jpeg(marker: u8) -> Vec<u8> {
    let frame = [0xFF, marker, 0, 11, 8, 0, 2, 0, 2, 1, 1, 0x11, 0];
    let scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0];
    [&[0xFF, 0xD8][..], &frame, &scan, &[0x12, 0x34], &[0xFF, 0xD9]].concat()
}

#[tokio::test]
async fn compressed_pixels_are_encapsulated_as_they_are() {
    let app = TestApp::start().await;
    let mut described = metadata(1, json!({ "BulkDataURI": "p" }));
    described["00280008"] = json!({ "vr": "IS", "Value": [2] });
    let text = json!([described]).to_string();
    let stated = "Content-Type: image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50\r\nContent-Location: p/frames/";
    let (one, two) = (format!("{stated}1"), format!("{stated}2"));
    let frames = [jpeg(0xC0), [jpeg(0xC0), vec![0]].concat()];
    let parts = body(&[
        at("Content-Type: application/dicom+json", text.as_bytes()),
        at(&one, &frames[0]),
        at(&two, &frames[1]),
    ]);
    app.post_as("/studies", JSON, &parts).await.expect(200);
    let accept = "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50";
    for (number, stored) in (1..).zip(&frames) {
        let got = frame(&app, 1, number, accept).await.body;
        assert_eq!(got[..stored.len()], stored[..]);
    }
    // The Image Pixel module may be left out, and the stream says what it is.
    let mut bare = metadata(2, json!({ "BulkDataURI": "p" }));
    bare.as_object_mut().unwrap().retain(|tag, _| !tag.starts_with("0028"));
    let text = json!([bare]).to_string();
    let parts = body(&[
        at("Content-Type: application/dicom+json", text.as_bytes()),
        at("Content-Type: image/jpeg\r\nContent-Location: p", &frames[0]),
    ]);
    app.post_as("/studies", JSON, &parts).await.expect(200);
    let back = app.get(&format!("{}/metadata", path(2))).await.expect(200).json();
    assert_eq!(first(&back[0], "00083002"), "1.2.840.10008.1.2.4.50");
    assert_eq!((first(&back[0], "00280010"), first(&back[0], "00280004")), ("2".into(), "MONOCHROME2".into()));
    let lossy = ["00282110", "00282112", "00282114"].map(|tag| first(&back[0], tag));
    assert_eq!(lossy, ["01", "0.14", "ISO_10918_1"].map(str::to_owned));
}

/// An object without Rows could never be shown, and nothing in this stream says how many there are.
#[tokio::test]
async fn a_video_that_nothing_describes_is_refused() {
    let app = TestApp::start().await;
    let mut bare = metadata(1, json!({ "BulkDataURI": "p" }));
    bare.as_object_mut().unwrap().retain(|tag, _| !tag.starts_with("0028"));
    let text = json!([bare]).to_string();
    let parts = body(&[
        at("Content-Type: application/dicom+json", text.as_bytes()),
        at("Content-Type: video/mp4\r\nContent-Location: p", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"),
    ]);
    let told = app.post_as("/studies", JSON, &parts).await.expect(409).json();
    let comment = first(&told["00081198"]["Value"][0], "00000902");
    assert_eq!(comment, "Rows: is missing, and its compressed stream does not say it");
}

#[tokio::test]
async fn a_document_of_odd_length_comes_back_without_the_byte_that_pads_it() {
    let app = TestApp::start().await;
    let mut document = metadata(1, json!({ "BulkDataURI": "p" }));
    document["00080016"] = json!({ "vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.104.1"] });
    document["00420011"] = json!({ "vr": "OB", "BulkDataURI": "d" });
    document["00420012"] = json!({ "vr": "LO", "Value": ["application/pdf"] });
    document.as_object_mut().unwrap().retain(|tag, _| !tag.starts_with("0028") && tag != "7FE00010");
    let text = json!([document]).to_string();
    let pdf = b"%PDF-1.4\n%%EOF\n";
    let pdf = &pdf[..pdf.len() - 1 + pdf.len() % 2];
    assert_eq!(pdf.len() % 2, 1);
    let parts = body(&[
        at("Content-Type: application/dicom+json", text.as_bytes()),
        at("Content-Type: application/pdf\r\nContent-Location: d", pdf),
    ]);
    app.post_as("/studies", JSON, &parts).await.expect(200);
    let back = app.get_as(&format!("{}/rendered", path(1)), "application/pdf").await.expect(200);
    assert_eq!(back.body[..], pdf[..]);
}

/// What could never be shown, or is called what it is not, is not acknowledged.
#[tokio::test]
async fn pixels_that_contradict_what_is_said_of_them_are_refused() {
    let app = TestApp::start().await;
    let text = json!([metadata(1, json!({ "BulkDataURI": "p" }))]).to_string();
    let lossless = "Content-Type: image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.70\r\nContent-Location: p";
    let mut higher = jpeg(0xC0);
    higher[8] = 9;
    for (headers, content, reason, comment) in [
        ("Content-Location: p", vec![1, 2, 3], 0xC000, "PixelData: is shorter than Rows, Columns and the rest say"),
        (lossless, jpeg(0xC0), 0xC122, "PixelData: is a stream of another process than its transfer-syn…"),
        (
            "Content-Type: image/jpeg\r\nContent-Location: p",
            higher,
            0xC000,
            "Rows: is not what the compressed stream says",
        ),
        (
            "Content-Type: image/dicom-rle\r\nContent-Location: p",
            Vec::new(),
            0xC122,
            "PixelData: is no RLE stream (PS3.5 annex G)",
        ),
    ] {
        let parts = body(&[at("Content-Type: application/dicom+json", text.as_bytes()), at(headers, &content)]);
        let told = app.post_as("/studies", JSON, &parts).await.expect(409).json();
        let failed = &told["00081198"]["Value"][0];
        assert_eq!((first(failed, "00081197"), first(failed, "00000902")), (reason.to_string(), comment.to_owned()));
    }
}

#[tokio::test]
async fn each_instance_fails_alone_and_by_its_name() {
    let app = TestApp::start().await;
    let mut wrong = metadata(2, json!({ "BulkDataURI": "p" }));
    wrong["00280010"]["Value"][0] = 70_000.into();
    let array = json!([
        metadata(1, json!({ "BulkDataURI": "p" })),
        wrong,
        metadata(3, json!({ "BulkDataURI": "nowhere" })),
        metadata(4, json!({ "BulkDataURI": "progressive" })),
        { "00080018": { "vr": "UI", "Value": ["1.2.3"] } },
    ]);
    let text = array.to_string();
    let parts = body(&[
        at("Content-Type: application/dicom+json", text.as_bytes()),
        at("Content-Location: p", &[1, 2, 3, 4]),
        at("Content-Type: image/jpeg\r\nContent-Location: progressive", &jpeg(0xC2)),
    ]);
    let told = app.post_as("/studies", JSON, &parts).await.expect(202).json();
    assert_eq!(told["00081199"]["Value"].as_array().unwrap().len(), 1);
    let failed: Vec<_> = told["00081198"]["Value"].as_array().unwrap().iter().collect();
    let reasons: Vec<_> = failed.iter().map(|one| first(one, "00081197")).collect();
    assert_eq!(reasons, [0xC000, 0xC000, 0xC122].map(|reason: u16| reason.to_string()));
    assert_eq!(first(failed[0], "00081155"), format!("{SERIES}.2"));
    assert_eq!(first(failed[0], "00000902"), "Rows: is out of range");
    assert!(first(failed[1], "00000902").starts_with("PixelData: has a BulkDataURI"));
    let other = &told["0008119A"]["Value"][0];
    assert_eq!(first(other, "00081197"), 0xC000.to_string());
    assert!(other.get("00081155").is_none(), "an instance without a SOP class is no reference");
    app.post_as("/studies/1.2.3", JSON, &parts).await.expect(409);
    assert_eq!(app.incoming(), 0);
}

#[tokio::test]
async fn metadata_may_come_alone() {
    let app = TestApp::start().await;
    let text = json!([metadata(1, json!({ "InlineBinary": "AQIDBA==" }))]).to_string();
    app.post_as("/studies", "application/dicom+json", text.as_bytes()).await.expect(200);
    assert_eq!(frame(&app, 1, 1, "application/octet-stream").await.body.as_ref(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn what_are_no_metadata_is_a_bad_request() {
    let app = TestApp::start().await;
    for (headers, content) in [
        ("Content-Type: application/dicom+json", "{"),
        ("Content-Type: application/dicom+json", "[]"),
        ("Content-Type: application/dicom+json", "7"),
        ("Content-Type: text/plain", "[]"),
    ] {
        app.post_as("/studies", JSON, &body(&[at(headers, content.as_bytes())])).await.expect(400);
    }
    let bomb = format!("[{}1{}]", "[".repeat(50_000), "]".repeat(50_000));
    app.post_as("/studies", JSON, &body(&[at("Content-Type: application/dicom+json", bomb.as_bytes())]))
        .await
        .expect(409);
    let mut deep = String::from("{}");
    for _ in 0..60 {
        deep = format!("{{\"0040A730\":{{\"vr\":\"SQ\",\"Value\":[{deep}]}}}}");
    }
    app.post_as("/studies", "application/dicom+json", deep.as_bytes()).await.expect(409);
    let entities = "<!DOCTYPE a [<!ENTITY b \"c\">]><NativeDicomModel>&b;</NativeDicomModel>";
    let answer = app.post_as("/studies", "application/dicom+xml", entities.as_bytes()).await.expect(409);
    assert_eq!(first(&answer.json()["0008119A"]["Value"][0], "00081197"), 0xC000.to_string());
}
