//! One StudyInstanceUID under two patients: a generator's fault, or a wrong merge.

use crate::app::{TestApp, first, related};
use crate::objects::{Object, SERIES, STUDY, image};

fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
    bytes[at..at + old.len()].copy_from_slice(new);
}

#[tokio::test]
async fn a_study_identifier_of_two_patients_is_found_twice_and_opens_neither_by_guess() {
    let app = TestApp::holding(&[image(1)]).await;
    let (series, instance) = ("1.2.826.0.1.3680043.10.1.7", "1.2.826.0.1.3680043.10.1.7.1".to_owned());
    let mut other = Object { series, instance, patient: "Roe^Richard", ..image(2) }.to_bytes();
    replace(&mut other, b"P-100", b"Q-200");
    replace(&mut other, b"19700101", b"19500505");
    let told = app.post("/studies", &related(&[other])).await.expect(202).json();
    let stored = &told["00081199"]["Value"][0];
    assert_eq!((first(stored, "00081196"), first(stored, "00081190")), (0xB771.to_string(), String::new()));
    let found = app.get("/studies").await.expect(200);
    assert_eq!(found.column("0020000D"), [STUDY, STUDY], "they are never united");
    let mut patients = found.column("00100020");
    patients.sort();
    assert_eq!(patients, ["P-100", "Q-200"]);
    let found = found.json();
    assert!(found[0]["00081190"].is_null() && found[1]["00081190"].is_null(), "what opens nothing has no address");
    for path in [
        format!("/studies/{STUDY}/series"),
        format!("/studies/{STUDY}/instances"),
        format!("/studies/{STUDY}/series/{SERIES}/instances"),
        format!("/series?StudyInstanceUID={STUDY}&includefield=PatientName"),
        format!("/studies/{STUDY}"),
        format!("/studies/{STUDY}/metadata"),
        format!("/studies/{STUDY}/rendered"),
        format!("/studies/{STUDY}/series/{SERIES}"),
        format!("/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.1/frames/1"),
    ] {
        let answer = app.get(&path).await.expect(409);
        let said = String::from_utf8_lossy(&answer.body);
        assert!(!["Roe", "Tremblay", "P-100", "Q-200"].iter().any(|word| said.contains(word)), "{path} names nobody");
    }
}

/// What a reader was shown a moment ago is not shown on when a study of another patient came under its identifier.
#[tokio::test]
async fn a_study_that_becomes_another_patients_too_is_opened_by_nobody_from_that_moment() {
    let app = TestApp::holding(&[image(1)]).await;
    let paths = [format!("/studies/{STUDY}/metadata"), format!("/studies/{STUDY}/series/{SERIES}/rendered")];
    for path in &paths {
        app.get(path).await.expect(200);
    }
    let (series, instance) = ("1.2.826.0.1.3680043.10.1.7", "1.2.826.0.1.3680043.10.1.7.1".to_owned());
    let other = Object { series, instance, patient: "Roe^Richard", ..image(2) };
    let mut bytes = other.to_bytes();
    replace(&mut bytes, b"P-100", b"Q-200");
    replace(&mut bytes, b"19700101", b"19800202");
    app.post("/studies", &related(&[bytes])).await.expect(202);
    for path in paths.into_iter().chain([format!("{}/metadata", other.path())]) {
        app.get(&path).await.expect(409);
    }
}

#[tokio::test]
async fn twins_under_one_study_identifier_are_never_united_though_their_birth_date_is_one() {
    let app = TestApp::holding(&[image(1)]).await;
    let (series, instance) = ("1.2.826.0.1.3680043.10.1.7", "1.2.826.0.1.3680043.10.1.7.1".to_owned());
    let mut other = Object { series, instance, patient: "Roe^Richard", ..image(2) }.to_bytes();
    replace(&mut other, b"P-100", b"Q-200");
    app.post("/studies", &related(&[other])).await.expect(202);
    for (patient, name) in [("P-100", "Tremblay"), ("Q-200", "Roe")] {
        for level in ["studies", "series", "instances"] {
            let found =
                app.get(&format!("/{level}?PatientID={patient}&includefield=PatientName")).await.expect(200).json();
            let rows = found.as_array().unwrap();
            assert_eq!(rows.len(), 1, "{level} of {patient}");
            assert!(rows[0]["00100010"]["Value"][0]["Alphabetic"].as_str().unwrap().starts_with(name));
        }
    }
    app.get(&format!("/studies/{STUDY}/metadata")).await.expect(409);
}
