//! The rows of a large series are kept as they were written, and taken again for no other answer than that one.

use std::time::Duration;

use access::{Action, Subject};
use adapter_api::{Inbox, Object, PatientAnswer, Sender, StoreAnswer};
use bytes::Bytes;
use index_model::{IssuedId, PatientChange, PatientEvent, PatientRecord, PersonName, Phi, RepositoryCode};

use crate::app::{TestApp, first};
use crate::key_objects::{REJECTED_FOR_QUALITY, document, store};
use crate::objects::{SERIES, STUDY, image};

/// Instances of the series: enough to be kept.
const COUNT: u32 = 20;

fn path() -> String {
    format!("/studies/{STUDY}/series/{SERIES}/instances")
}

/// The same with the attributes of study and series.
fn with_study() -> String {
    format!("/instances?SeriesInstanceUID={SERIES}")
}

async fn holding() -> TestApp {
    let images: Vec<_> = (1..=COUNT).map(image).collect();
    let app = TestApp::holding(&images).await;
    for path in [path(), with_study()] {
        let written = app.get(&path).await.expect(200);
        let kept = app.get(&path).await.expect(200);
        assert_eq!(written.column("00080018").len(), COUNT as usize);
        assert!(written.body == kept.body && written.headers == kept.headers, "{path}");
    }
    app
}

fn local() -> RepositoryCode {
    RepositoryCode::parse("local").unwrap()
}

fn issued(id: &str) -> Option<IssuedId> {
    Some(IssuedId { issuer: "LOCAL".into(), value: Phi::new(id.to_owned()) })
}

async fn told(app: &TestApp, control_id: &str, change: PatientChange, id: &str, name: &str, other: Option<IssuedId>) {
    let event = PatientEvent {
        message_control_id: control_id.into(),
        message_sha256: control_id.into(),
        change,
        patient: PatientRecord {
            patient_id: issued(id),
            patient_name: PersonName { alphabetic: name.into(), ..PersonName::default() },
            ..PatientRecord::default()
        },
        other,
        visit: None,
        recorded_ms: Some(1_800_000_000_000),
    };
    assert_eq!(app.registry.accept_patient(&local(), event, b"MSH").await, PatientAnswer::Accepted);
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain for {what}");
}

#[tokio::test]
async fn what_is_asked_differently_is_answered_differently() {
    let app = holding().await;
    let elsewhere = app.ask(http::Method::GET, &path(), &[("x-forwarded-host", "di.example")]).await.expect(200);
    let url = format!("http://di.example/dicom-web{}", image(1).path());
    assert_eq!(first(&elsewhere.json()[0], "00081190"), url);
    let more = app.get(&format!("{}?includefield=00280101", path())).await.expect(200).json();
    assert_eq!(first(&more[0], "00280101"), "16");
    let page = app.get(&format!("{}?offset=2&limit=17", path())).await.expect(200);
    assert_eq!(page.column("00200013"), (3..20).map(|number| number.to_string()).collect::<Vec<_>>());
    let page = app.get(&format!("{}?offset=1&limit=17", path())).await.expect(200);
    assert_eq!(page.column("00200013"), (2..19).map(|number| number.to_string()).collect::<Vec<_>>());
    let parts = app.get_as(&path(), "multipart/related; type=\"application/dicom+json\"").await.expect(200).parts();
    assert_eq!(parts.len(), COUNT as usize);
}

#[tokio::test]
async fn a_new_instance_and_a_rejected_one_are_told_at_once() {
    let app = holding().await;
    app.store(&[image(COUNT + 1)]).await.expect(200);
    assert_eq!(app.get(&path()).await.expect(200).column("00080018").len(), COUNT as usize + 1);
    store(&app, &document(REJECTED_FOR_QUALITY, &image(3).instance), "*/*").await;
    let left = app.get(&path()).await.expect(200).column("00080018");
    assert!(left.len() == COUNT as usize && !left.contains(&image(3).instance), "{left:?}");
}

#[tokio::test]
async fn demographics_that_are_told_later_and_a_merge_are_shown_at_once() {
    let app = holding().await;
    told(&app, "1", PatientChange::Update, "P-100", "Gagnon^Zoé", None).await;
    let renamed = app.get(&with_study()).await.expect(200);
    assert_eq!(renamed.column("00100010"), vec!["Gagnon^Zoé"; COUNT as usize]);
    told(&app, "2", PatientChange::Merge, "P-200", "Gagnon^Zoé", issued("P-100")).await;
    let merged = app.get(&with_study()).await.expect(200);
    assert_eq!(merged.column("00100020"), vec!["P-200"; COUNT as usize]);
}

#[tokio::test]
async fn a_location_is_shown_while_it_is_one() {
    let app = holding().await;
    let caller = app.registry.access().caller([127, 0, 0, 1].into()).unwrap();
    let permit = app.registry.access().permit(&caller, Action::Administer, Subject::Registry).await.unwrap();
    let definition = serde_json::json!({ "code": "north", "name": "North", "region": "NORTH", "protocol": "dicomweb",
        "patientIdIssuer": "LOCAL", "pollSeconds": 86_400, "dicomweb": { "url": "http://north.invalid" } });
    app.registry.register(&permit, serde_json::from_value(definition).unwrap()).await.unwrap();
    let north = RepositoryCode::parse("north").unwrap();
    let again = Object::from(Bytes::from(image(1).to_bytes()));
    assert_eq!(Inbox::store(&app.registry, &Sender::Repository(north.clone()), again).await, StoreAnswer::Stored);
    let locations = async || app.get(&path()).await.json()[0]["00080054"]["Value"].clone();
    assert_eq!(locations().await, serde_json::json!(["local", "north"]));
    app.registry.remove(&permit, &north, "north").await.unwrap();
    until("the location to be gone", async || locations().await == serde_json::json!(["local"])).await;
}
