//! Key objects that say something of other objects: kept, and no instances of a study (PS3.18 Annex I).

use adapter_api::{Inbox, Sender};
use index_model::{RepositoryCode, Uid};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, first};
use crate::objects::{STUDY, image};

pub(crate) const REJECTED_FOR_QUALITY: &str = "113001";
const MANIFEST: &str = "113030";
const NOTE: &str = "1.2.826.0.1.3680043.10.1.700";

/// A key object selection with this document title, of one image.
pub(crate) fn document(title: &str, sop: &str) -> Value {
    let uid = |value: &str| json!({ "vr": "UI", "Value": [value] });
    let text = |vr: &str, value: &str| json!({ "vr": vr, "Value": [value] });
    let items = |items: Vec<Value>| json!({ "vr": "SQ", "Value": items });
    let instance = || json!({ "00081150": uid("1.2.840.10008.5.1.4.1.1.2"), "00081155": uid(sop) });
    let code = json!({ "00080100": text("SH", title), "00080102": text("SH", "DCM"), "00080104": text("LO", "Title") });
    let series = json!({ "0020000E": uid(image(1).series), "00081199": items(vec![instance()]) });
    json!({
        "00080016": uid("1.2.840.10008.5.1.4.1.1.88.59"), "00080018": uid(NOTE), "00080060": text("CS", "KO"),
        "0020000D": uid(STUDY), "0020000E": uid("1.2.826.0.1.3680043.10.1.70"), "00100020": text("LO", "P-100"),
        "0040A040": text("CS", "CONTAINER"), "0040A043": items(vec![code]),
        "0040A375": items(vec![json!({ "0020000D": uid(STUDY), "00081115": items(vec![series]) })]),
    })
}

pub(crate) async fn store(app: &TestApp, document: &Value, accept: &str) -> Answer {
    let body = format!("--tests\r\nContent-Type: application/dicom+json\r\n\r\n[{document}]\r\n--tests--\r\n");
    let kind = "multipart/related; type=\"application/dicom+json\"; boundary=tests";
    let request = http::Request::post("/dicom-web/studies").header("content-type", kind).header("accept", accept);
    app.send(request.body(axum::body::Body::from(body)).unwrap()).await.expect(200)
}

#[tokio::test]
async fn what_can_not_be_retrieved_is_told_without_an_address() {
    for title in [REJECTED_FOR_QUALITY, MANIFEST] {
        let app = TestApp::start().await;
        // The second time it is a repeat.
        for _ in 0..2 {
            let answer = store(&app, &document(title, "1.2.3.4"), "application/dicom+json").await;
            let told = answer.json();
            let empty = json!({ "vr": "UR" });
            assert_eq!(told["00081190"], empty, "{title}: RetrieveURL is of type 2");
            let kept = &told["00081199"]["Value"][0];
            assert_eq!((first(kept, "00081155"), &kept["00081190"]), (NOTE.to_owned(), &empty), "{title}");
            assert_eq!((answer.header("location"), answer.header("content-location")), ("", ""), "{title}");
        }
        let xml = store(&app, &document(title, "1.2.3.4"), "application/dicom+xml").await;
        let xml = String::from_utf8(xml.body.to_vec()).unwrap();
        assert!(xml.contains(NOTE) && xml.matches("keyword=\"RetrieveURL\"").count() == 2, "{xml}");
        assert!(!xml.contains("http://di.test"), "{xml}");
    }
}

#[tokio::test]
async fn what_was_rejected_before_it_came_is_kept_without_an_address_and_not_committed_to() {
    let app = TestApp::start().await;
    store(&app, &document(REJECTED_FOR_QUALITY, &image(1).instance), "*/*").await;
    // Not all is as its sender expects (table 10.5.3-1): kept, so that nobody sends it again, and told that nobody is shown it.
    let answer = app.store(&[image(1), image(2)]).await.expect(202);
    let told = answer.json();
    let warning = |at: usize| first(&told["00081199"]["Value"][at], "00081196");
    assert_eq!((warning(0), warning(1)), (0xB770.to_string(), String::new()));
    assert!(told.get("00081198").is_none(), "nothing failed");
    let study = format!("http://di.test/dicom-web/studies/{STUDY}");
    assert_eq!(first(&told, "00081190"), study, "what else came is there");
    let url = |at: usize| first(&told["00081199"]["Value"][at], "00081190");
    assert_eq!((url(0), url(1)), (String::new(), format!("http://di.test/dicom-web{}", image(2).path())));
    assert_eq!(answer.header("location"), url(1));
    app.get(&image(1).path()).await.expect(404);
    app.get(&image(2).path()).await.expect(200);
    let uid = |text: &str| Uid::parse(text).unwrap();
    let asked = [uid(NOTE), uid(&image(1).instance), uid(&image(2).instance)];
    let sender = Sender::Repository(RepositoryCode::parse("local").unwrap());
    let held = app.registry.commit_to(&sender, &asked).await.unwrap();
    assert_eq!(held.values().map(Uid::as_str).collect::<Vec<_>>(), ["1.2.840.10008.5.1.4.1.1.2"], "its SOP class");
    assert_eq!(
        held.into_keys().collect::<Vec<_>>(),
        [uid(&image(2).instance)],
        "commitment is to what can be retrieved"
    );
}
