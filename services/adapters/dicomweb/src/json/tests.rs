#![expect(clippy::unwrap_used, reason = "tests")]

use adapter_api::InstanceKey;
use index_model::{RepositoryDefinition, SeriesRecord, StudyRecord};
use proptest::prelude::*;
use serde_json::json;

use super::{Match, Object, objects};

fn definition() -> RepositoryDefinition {
    serde_json::from_value(json!({
        "code": "north", "name": "North", "region": "North", "protocol": "dicomweb", "patientIdIssuer": "NORTH",
        "accessionIssuer": "NORTH-ACC", "issuerAliases": ["1.2.9"], "dicomweb": { "url": "http://localhost" }
    }))
    .unwrap()
}

fn object(value: serde_json::Value) -> Object {
    value.as_object().unwrap().clone()
}

#[test]
fn a_study_is_read_in_full() {
    let study = StudyRecord::read(
        &object(json!({
            "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
            "00080020": {"vr": "DA", "Value": ["20240131"]},
            "00080030": {"vr": "TM", "Value": ["0830"]},
            "00080050": {"vr": "SH", "Value": ["A-1"]},
            "00080051": {"vr": "SQ", "Value": [{"00400031": {"vr": "UT", "Value": ["SITE1"]}}]},
            "00080061": {"vr": "CS", "Value": ["CT", "SR"]},
            "00080080": {"vr": "LO", "Value": ["Hôpital"]},
            "00080090": {"vr": "PN", "Value": [{"Alphabetic": "Doc^A"}]},
            "00080201": {"vr": "SH", "Value": ["-0500"]},
            "00081030": {"vr": "LO", "Value": ["CT HEAD"]},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Kim^Soo-jin", "Ideographic": "金^秀珍"}]},
            "00100020": {"vr": "LO", "Value": ["555"]},
            "00100030": {"vr": "DA", "Value": ["19700101"]},
            "00100040": {"vr": "CS", "Value": ["F"]},
            "00101002": {"vr": "SQ", "Value": [
                {"00100020": {"vr": "LO", "Value": ["9876543217"]}, "00100021": {"vr": "LO", "Value": ["2.16.840.1.113883.4.59"]}},
                {"00100020": {"vr": "LO", "Value": ["77"]}, "00100021": {"vr": "LO", "Value": ["OTHER"]}},
                {"00100020": {"vr": "LO", "Value": ["88"]}}
            ]},
            "00200010": {"vr": "SH", "Value": ["S1"]},
            "00201206": {"vr": "IS", "Value": [2]},
            "00201208": {"vr": "IS", "Value": ["40"]}
        })),
        &definition(),
    )
    .unwrap();
    assert_eq!(study.study_instance_uid.as_str(), "1.2.3");
    assert_eq!((study.study_date.as_deref(), study.study_time.as_deref()), (Some("20240131"), Some("083000")));
    let accession = study.accession_number.unwrap();
    assert_eq!((accession.issuer.as_str(), accession.value.expose().as_str()), ("SITE1", "A-1"));
    assert_eq!(study.modalities_in_study, ["CT", "SR"]);
    assert_eq!(study.institution_name.as_deref(), Some("Hôpital"));
    assert_eq!(study.patient.patient_name.to_dicom(), "Kim^Soo-jin=金^秀珍");
    assert_eq!(study.patient.patient_id.unwrap().issuer, "NORTH");
    assert_eq!(study.patient.health_number.unwrap().number.expose(), "9876543217");
    assert_eq!(study.patient.other_patient_ids.len(), 1, "an identifier without an issuer is not kept");
    assert_eq!((study.number_of_study_related_series, study.number_of_study_related_instances), (Some(2), Some(40)));
}

#[test]
fn values_that_are_wrong_are_absent() {
    let wrong = json!({
        "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
        "00080020": {"vr": "DA", "Value": ["20261331"]},
        "00080030": {"vr": "TM", "Value": ["2460"]},
        "00080050": {"vr": "SH", "Value": [null]},
        "00080061": {"vr": "CS", "Value": ["CT\\SR"]},
        "00100010": {"vr": "PN", "Value": ["Doe^Jane"]},
        "00100040": {"vr": "CS", "Value": ["X"]},
        "00201206": {"vr": "IS", "Value": [-4]},
        "00100020": "no attribute"
    });
    let study = StudyRecord::read(&object(wrong), &definition()).unwrap();
    assert_eq!((study.study_date, study.study_time, study.accession_number), (None, None, None));
    assert_eq!(study.modalities_in_study, ["CT", "SR"]);
    assert_eq!(study.patient.patient_name.alphabetic, "Doe^Jane");
    assert_eq!(
        (study.patient.patient_sex, study.patient.patient_id, study.number_of_study_related_series),
        (None, None, None)
    );
    assert!(
        StudyRecord::read(&object(json!({"0020000D": {"vr": "UI", "Value": ["../etc"]}})), &definition()).is_none()
    );
}

#[test]
fn the_sources_own_aliases_are_the_source() {
    let named = json!({
        "0020000D": {"Value": ["1.2"]},
        "00080050": {"Value": ["A-1"]}, "00080051": {"Value": [{"00400032": {"Value": ["1.2.9"]}}]},
        "00100020": {"Value": ["555"]}, "00100024": {"Value": [{"00400032": {"Value": ["1.2.9"]}}]}
    });
    let study = StudyRecord::read(&object(named), &definition()).unwrap();
    assert_eq!(study.patient.patient_id.unwrap().issuer, "NORTH");
    assert_eq!(study.accession_number.unwrap().issuer, "NORTH-ACC");
}

#[test]
fn series_and_instances_are_read() {
    let series = SeriesRecord::read(
        &object(json!({
            "0020000E": {"vr": "UI", "Value": ["1.2.4"]},
            "00080060": {"vr": "CS", "Value": ["MR"]},
            "00200011": {"vr": "IS", "Value": ["+7"]},
            "00400275": {"vr": "SQ", "Value": [{"00400009": {"vr": "SH", "Value": ["SPS"]}, "00401001": {"vr": "SH", "Value": ["RP"]}}, {"00401001": {"vr": "SH", "Value": ["RP2"]}}]},
            "00201209": {"vr": "IS", "Value": [12]}
        })),
        &definition(),
    )
    .unwrap();
    assert_eq!((series.series_number, series.number_of_series_related_instances), (Some(7), Some(12)));
    assert_eq!(
        (series.scheduled_procedure_step_id.as_deref(), series.requested_procedure_id.as_deref()),
        (Some("SPS"), Some("RP"))
    );
    let second = series.requests().pop().unwrap();
    assert_eq!((second.scheduled_procedure_step_id, second.requested_procedure_id.as_deref()), (None, Some("RP2")));
    let instance =
        object(json!({"00080018": {"vr": "UI", "Value": ["1.2.5"]}, "00200013": {"vr": "IS", "Value": [3]}}));
    let instance = InstanceKey::read(&instance, &definition()).unwrap();
    assert_eq!((instance.instance_number, instance.sop_class_uid), (Some(3), None));
}

#[test]
fn only_arrays_of_objects_are_answers() {
    assert_eq!(objects(b"").unwrap().len(), 0);
    assert_eq!(objects(b"[]").unwrap().len(), 0);
    assert_eq!(objects(b"{}").unwrap().len(), 1);
    for wrong in [b"[1]".as_slice(), b"\"x\"", b"[{}", b"\xff", b"nul"] {
        assert!(objects(wrong).is_err());
    }
    assert!(objects(&b"[".repeat(100_000)).is_err(), "depth is bounded");
    assert!(objects(&b",".repeat(9_000_000)).is_err(), "the number of values is bounded");
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(tag in "0020000D|00080020|00080030|00100010|00400275", value in r#"["\[\]{}:,0-9.a-zé]{0,30}"#) {
        let body = format!(r#"[{{"0020000D":{{"Value":["1.2"]}},"{tag}":{{"Value":{value}}}}}]"#);
        for object in objects(body.as_bytes()).unwrap_or_default() {
            let _ = StudyRecord::read(&object, &definition());
            let _ = SeriesRecord::read(&object, &definition());
        }
    }

    #[test]
    fn no_time_or_date_makes_it_panic(value in "[0-9:.é]{0,14}") {
        let study = object(json!({"0020000D": {"Value": ["1.2"]}, "00080020": {"Value": [value]}, "00080030": {"Value": [value]}}));
        let _ = StudyRecord::read(&study, &definition());
    }
}
