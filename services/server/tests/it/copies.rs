//! One examination under two identifiers.

use std::path::Path;
use std::time::Duration;

use fixtures::{ProvinceOptions, Scale, StudyPlan, instance_bytes, plan};
use serde_json::{Value, json};

use crate::contradictions::record_of;
use crate::operations::definition;
use crate::processes::wait;
use crate::service::Service;

/// Writes the first image of a study; a sample near its end is another when it is to be another image.
fn write(folder: &Path, study: &StudyPlan, is_another: bool) {
    let mut bytes = instance_bytes(study, &study.series[0], 0);
    if is_another {
        let near_end = bytes.len() - 20;
        bytes[near_end] ^= 1;
    }
    std::fs::write(folder.join(format!("{}.dcm", study.study_uid)), bytes).unwrap();
}

/// The same under identifiers of another site, which keeps images in a syntax of its own.
fn imported(origin: &StudyPlan, as_study: &str, syntax: fixtures::Syntax) -> StudyPlan {
    let mut study = origin.clone();
    study.study_uid = as_study.to_owned();
    study.series[0].series_uid = format!("{as_study}.1");
    study.series[0].instances[0].sop_instance_uid = format!("{as_study}.1.1");
    study.series[0].syntax = syntax;
    study
}

#[test]
fn an_exam_that_shows_the_same_pixels_under_other_identifiers_is_told_to_be_a_copy_for_certain() {
    let [data, north, south] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let mut province = plan(&ProvinceOptions { seed: 5, scale: Scale::Small });
    let is_plain =
        |study: &StudyPlan| study.series[0].syntax == fixtures::Syntax::ExplicitLittle && !study.date.is_empty();
    let at = province.studies.iter().position(is_plain).unwrap();
    let origin = province.studies.swap_remove(at);
    write(north.path(), &origin, false);
    write(south.path(), &imported(&origin, "2.25.7001", fixtures::Syntax::Rle), false);
    write(south.path(), &imported(&origin, "2.25.7002", fixtures::Syntax::ExplicitLittle), true);
    let service = Service::start(data.path());
    for (code, folder, studies) in [("north", &north, 1), ("south", &south, 2)] {
        let mut defined = definition(code, "archive", json!({ "url": folder.path() }), 1);
        defined["patientIdIssuer"] = json!("TEST");
        service.register(&defined);
        service.wait_until_indexed(code, studies);
    }
    let copy_of = |study: &str| -> Value {
        let record = record_of(&service, &origin.study_uid);
        let studies = record["studies"].as_array().unwrap();
        assert_eq!(studies.len(), 3, "nothing is united or hidden by it");
        studies.iter().find(|one| one["studyInstanceUid"] == study).unwrap()["copyOf"].clone()
    };
    let of_origin = |is_certain: bool| json!({ "studyInstanceUid": origin.study_uid, "certain": is_certain });
    wait(Duration::from_secs(60), "the pixels to be compared", || copy_of("2.25.7001") == of_origin(true));
    let log = || std::fs::read_to_string(data.path().join("log")).unwrap();
    wait(Duration::from_secs(60), "both to be compared", || log().matches("alike were compared").count() >= 2);
    assert_eq!(copy_of("2.25.7002"), of_origin(false), "of one moment, and another image");
    assert_eq!(copy_of(&origin.study_uid), json!(null));
}
