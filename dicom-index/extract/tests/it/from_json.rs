//! What other services answer.

use index_extract::json::{instance_from_json, series_record, study_record};
use index_model::{FrameIndex, IssuedId, Phi};
use serde_json::{Map, Value, json};

use crate::build::{EXPLICIT_LE, Form, part10};
use crate::{defaults, metadata, read};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[test]
fn a_search_answer_becomes_a_study() {
    let answer = object(json!({
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080020": {"vr": "DA", "Value": ["20240229"]},
        "00080030": {"vr": "TM", "Value": ["0930"]},
        "00080050": {"vr": "SH", "Value": ["A-1"]},
        "00080061": {"vr": "CS", "Value": ["CT", "SR"]},
        "00080090": {"vr": "PN"},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Essai^Ren\u{e9}", "Ideographic": "\u{5c71}"}]},
        "00100020": {"vr": "LO", "Value": ["MRN-1"]},
        "00100021": {"vr": "LO", "Value": []},
        "0020000D": {"vr": "UI", "Value": ["1.2.3.4"]},
        "00201206": {"vr": "IS", "Value": ["2"]},
        "00201208": {"vr": "IS", "Value": [40]}
    }));
    let study = study_record(&answer, &defaults()).unwrap();
    assert_eq!(study.study_time.as_deref(), Some("093000"));
    assert_eq!(study.patient.patient_id, Some(IssuedId { issuer: "NEODIN".into(), value: Phi::new("MRN-1".into()) }));
    assert_eq!(study.patient.patient_name.ideographic, "\u{5c71}");
    assert_eq!(study.modalities_in_study, ["CT", "SR"]);
    assert_eq!(study.number_of_study_related_series, Some(2));
    assert_eq!(study.number_of_study_related_instances, Some(40));
    assert!(study.referring_physician_name.is_empty());
}

#[test]
fn an_answer_without_its_uid_is_a_finding() {
    assert_eq!(study_record(&Map::new(), &defaults()).unwrap_err().attribute, "StudyInstanceUID");
    assert_eq!(series_record(&Map::new()).unwrap_err().attribute, "SeriesInstanceUID");
    assert_eq!(instance_from_json(&Map::new(), &defaults()).unwrap_err().attribute, "StudyInstanceUID");
    let strange = object(json!({"0020000D": {"vr": "UI", "Value": [{"a": [1]}]}, "0020000E": 7}));
    assert!(study_record(&strange, &defaults()).is_err() && series_record(&strange).is_err());
}

#[test]
fn an_object_and_its_metadata_make_the_same_records() {
    let extracted = read(&part10(EXPLICIT_LE, &Form::Explicit.image(2))).unwrap();
    let header = object(metadata(&extracted));
    assert_eq!(study_record(&header, &defaults()).unwrap(), extracted.study);
    assert_eq!(series_record(&header).unwrap(), extracted.series);
    let entry = instance_from_json(&header, &defaults()).unwrap();
    assert_eq!(entry.instance, extracted.entry.instance);
    assert_eq!(entry.frames, FrameIndex::None);
    assert_eq!(serde_json::from_str::<Value>(entry.metadata.get()).unwrap(), metadata(&extracted));
}

#[test]
fn bulk_values_of_foreign_metadata_are_retrieved_from_us() {
    let mut header = object(metadata(&read(&part10(EXPLICIT_LE, &Form::Explicit.image(2))).unwrap()));
    header.insert("00020010".into(), json!({"vr": "UI", "Value": ["1.2"]}));
    header.insert("00080000".into(), json!({"vr": "UL", "Value": [1]}));
    header.insert("00080005".into(), json!({"vr": "CS", "Value": ["ISO_IR 100"]}));
    header.insert("00280030".into(), json!({"vr": "DS", "Value": []}));
    header.insert("7FE00010".into(), json!({"vr": "OW", "BulkDataURI": "http://10.0.0.1/secret"}));
    header.insert("54000100".into(), json!({"vr": "SQ", "Value": [{"54001010": {"vr": "OW", "BulkDataURI": "../x"}}]}));
    let entry = instance_from_json(&header, &defaults()).unwrap();
    let value: Value = serde_json::from_str(entry.metadata.get()).unwrap();
    let base = "/dicom-web/studies/1.2.3.4/series/1.2.3.4.1/instances/1.2.3.4.5/bulkdata";
    assert_eq!(value["7FE00010"]["BulkDataURI"], format!("{base}/7FE00010"));
    assert_eq!(value["54000100"]["Value"][0]["54001010"]["BulkDataURI"], format!("{base}/54000100/1/54001010"));
    assert_eq!(value["00080005"]["Value"], json!(["ISO_IR 192"]));
    assert_eq!(value["00280030"], json!({"vr": "DS"}));
    assert!(value.get("00020010").is_none() && value.get("00080000").is_none());
}
