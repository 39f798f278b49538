//! Key objects that say something of other objects: instances are rejected, and studies become known by their manifests.

use std::collections::BTreeSet;
use std::time::Duration;

use fixtures::{ProvinceOptions, Scale, StudyPlan, instance_bytes, plan};
use serde_json::{Value, json};

use crate::client::Answer;
use crate::processes::wait;
use crate::service::Service;

fn uid(value: &str) -> Value {
    json!({ "vr": "UI", "Value": [value] })
}

fn sequence(items: Vec<Value>) -> Value {
    json!({ "vr": "SQ", "Value": items })
}

/// A series and the SOPInstanceUIDs of it that a document refers to.
pub(crate) type Referenced<'a> = (&'a str, Vec<String>);

/// A key object selection with this document title.
pub(crate) fn document(number: u32, title: &str, study: &str, series: &[Referenced<'_>], place: &Value) -> Value {
    let class = "1.2.840.10008.5.1.4.1.1.2";
    let instance = |sop: &String| json!({ "00081150": uid(class), "00081155": uid(sop) });
    let evidence = series.iter().map(|(series, instances)| {
        let mut item =
            json!({ "0020000E": uid(series), "00081199": sequence(instances.iter().map(instance).collect()) });
        item.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        item
    });
    let content = series.iter().flat_map(|(_, instances)| instances.iter()).map(|sop| {
        json!({ "0040A010": { "vr": "CS", "Value": ["CONTAINS"] }, "0040A040": { "vr": "CS", "Value": ["IMAGE"] },
            "00081199": sequence(vec![instance(sop)]) })
    });
    let code = json!({ "00080100": { "vr": "SH", "Value": [title] }, "00080102": { "vr": "SH", "Value": ["DCM"] },
        "00080104": { "vr": "LO", "Value": ["Title"] } });
    json!({
        "00080016": uid("1.2.840.10008.5.1.4.1.1.88.59"), "00080018": uid(&format!("2.25.77{number}")),
        "00080060": { "vr": "CS", "Value": ["KO"] }, "0020000D": uid(study), "0020000E": uid("2.25.780"),
        "00020010": uid("1.2.840.10008.1.2.1"),
        "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "KEY^OBJECT" }] },
        "00100020": { "vr": "LO", "Value": ["K1"] }, "00080020": { "vr": "DA", "Value": ["20260101"] },
        "0040A040": { "vr": "CS", "Value": ["CONTAINER"] }, "0040A043": sequence(vec![code]),
        "0040A375": sequence(vec![json!({ "0020000D": uid(study), "00081115": sequence(evidence.collect()) })]),
        "0040A730": sequence(content.collect()),
    })
}

pub(crate) fn stow(service: &Service, document: &Value) -> Answer {
    let body = format!("--k\r\nContent-Type: application/dicom+json\r\n\r\n[{document}]\r\n--k--\r\n");
    let kind = "multipart/related; type=\"application/dicom+json\"; boundary=k";
    service.client.post("/dicom-web/studies", kind, body.into_bytes())
}

pub(crate) fn count(service: &Service, path: &str) -> usize {
    let answer = service.client.get(path);
    if answer.status == 204 { 0 } else { answer.json().as_array().unwrap().len() }
}

/// HTJ2K forms that are kept.
fn forms(data: &std::path::Path) -> usize {
    fn files(folder: std::path::PathBuf) -> usize {
        let below = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        below.map(|path| if path.is_dir() { files(path) } else { 1 }).sum()
    }
    files(data.join("objects/derived"))
}

#[test]
fn the_htj2k_form_of_an_image_goes_when_the_image_is_rejected() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start_with(data.path(), &[("DICS__DERIVATIVES__MINIMUM_PIXELS", "1")]);
    let province = plan(&ProvinceOptions { seed: 3, scale: Scale::Small });
    let (study, series, bytes, sops) = of_three(&province);
    assert_eq!(service.client.stow(&bytes[..2]).status, 200);
    let wait_for = |count: usize| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while forms(data.path()) != count && std::time::Instant::now() < until {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(forms(data.path()), count);
    };
    wait_for(2);
    let note = document(1, "113001", &study.study_uid, &[(series, sops[..1].to_vec())], &json!({}));
    assert_eq!(stow(&service, &note).status, 200);
    wait_for(1);
}

/// A study with a series of three images at the least, and those images.
pub(crate) fn of_three(province: &fixtures::Province) -> (&StudyPlan, &str, Vec<Vec<u8>>, Vec<String>) {
    let fits = |study: &&StudyPlan| study.series[0].instances.len() >= 3;
    let study = province.studies.iter().find(fits).unwrap();
    let series = &study.series[0];
    let bytes = (0..3).map(|number| instance_bytes(study, series, number)).collect();
    (
        study,
        &series.series_uid,
        bytes,
        series.instances.iter().take(3).map(|one| one.sop_instance_uid.clone()).collect(),
    )
}

#[test]
fn rejected_instances_leave_searches_metadata_and_retrieval_in_any_order() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let province = plan(&ProvinceOptions { seed: 3, scale: Scale::Small });
    let (study, series, bytes, sops) = of_three(&province);
    assert_eq!(service.client.stow(&bytes[..2]).status, 200);
    let of_study = format!("/dicom-web/studies/{}", study.study_uid);
    let of_series = format!("{of_study}/series/{series}");
    let instance = |sop: &str| format!("{of_series}/instances/{sop}");
    assert_eq!(count(&service, &format!("{of_series}/instances")), 2);
    for path in ["", "/frames/1", "/rendered", "/metadata"] {
        assert_eq!(service.client.get(&format!("{}{path}", instance(&sops[0]))).status, 200, "{path}");
    }
    let rejection =
        |number, sops: &[String]| document(number, "113001", &study.study_uid, &[(series, sops.to_vec())], &json!({}));
    // One that is here, and one that is still to come.
    let note = rejection(1, &[sops[0].clone(), sops[2].clone()]);
    assert_eq!(stow(&service, &note).status, 200);
    assert_eq!(stow(&service, &note).status, 200, "a repeat changes nothing");
    assert_eq!(service.client.stow(&bytes[2..]).status, 202, "kept, and given to nobody");
    assert_eq!(service.client.stow(&bytes[..1]).status, 202);
    assert_eq!(count(&service, &format!("{of_series}/instances")), 1);
    assert_eq!(count(&service, &format!("{of_series}/metadata")), 1);
    let found = service.client.get(&format!("/dicom-web/studies?StudyInstanceUID={}", study.study_uid)).json();
    assert_eq!(found[0]["00201208"]["Value"][0], 1, "NumberOfStudyRelatedInstances");
    assert_eq!(found[0]["00201206"]["Value"][0], 1, "the note is no series of the study");
    for sop in [&sops[0], &sops[2]] {
        for path in ["", "/frames/1", "/rendered", "/metadata", "/thumbnail"] {
            assert_eq!(service.client.get(&format!("{}{path}", instance(sop))).status, 404, "{path}");
        }
    }
    assert_eq!(count(&service, "/dicom-web/instances?SOPInstanceUID=2.25.771"), 0, "nor is it listed by itself");
    assert_eq!(service.client.get(&instance(&sops[1])).status, 200);
    assert_eq!(stow(&service, &rejection(2, &sops[1..2])).status, 200);
    assert_eq!(count(&service, &format!("/dicom-web/studies?StudyInstanceUID={}", study.study_uid)), 0);
    assert_eq!(service.client.get(&format!("{of_study}/metadata")).status, 404);
    let trail = std::fs::read_dir(data.path().join("audit")).unwrap().flatten();
    let lines: String = trail.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect();
    assert!(lines.matches("\"reject\"").count() >= 2, "each note has its line in the audit trail");
}

#[test]
fn a_rejection_note_takes_nothing_out_of_a_study_that_it_is_not_in() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let province = plan(&ProvinceOptions { seed: 3, scale: Scale::Small });
    let (study, series, objects, sops) = of_three(&province);
    assert_eq!(service.client.stow(&objects).status, 200);
    let of_study = format!("/dicom-web/studies/{}", study.study_uid);
    let mut note = document(1, "113037", &study.study_uid, &[(series, sops[..1].to_vec())], &json!({}));
    note["0020000D"] = uid("2.25.7790");
    let answer = stow(&service, &note);
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(count(&service, &format!("{of_study}/instances")), sops.len());
    // Beside what is of its own study, what is not is for another note.
    let mut note = document(2, "113037", &study.study_uid, &[(series, sops[..1].to_vec())], &json!({}));
    let other = json!({ "0020000D": uid("2.25.7791"), "00081115": note["0040A375"]["Value"][0]["00081115"] });
    note["0040A375"]["Value"].as_array_mut().unwrap().push(other);
    assert_eq!(stow(&service, &note).status, 200);
    assert_eq!(count(&service, &format!("{of_study}/instances")), sops.len() - 1);
}

#[test]
fn a_manifest_makes_a_study_known_where_it_is_or_as_not_available() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    service.register(&json!({
        "code": "north", "name": "North", "region": "North", "protocol": "push", "patientIdIssuer": "NORTH",
        "locationUid": "1.2.3.4.5", "push": { "callingAeTitles": ["NORTH"] },
    }));
    let at = |place: Value, study: &str, number| {
        let sops = vec![format!("{study}.1.1"), format!("{study}.1.2")];
        document(number, "113030", study, &[(&format!("{study}.1"), sops)], &place)
    };
    let known = at(json!({ "0040E011": uid("1.2.3.4.5") }), "1.2.826.1", 1);
    let unknown = at(json!({ "00081190": { "vr": "UR", "Value": ["http://169.254.169.254/latest"] } }), "1.2.826.2", 2);
    for manifest in [&known, &unknown, &unknown] {
        assert_eq!(stow(&service, manifest).status, 200);
    }
    let listed = |study: &str| {
        let found = service.client.get(&format!("/dicom-web/studies?StudyInstanceUID={study}")).json();
        assert_eq!(found[0]["00201208"]["Value"][0], 2, "NumberOfStudyRelatedInstances");
        assert_eq!(found[0]["00080061"]["Value"][0], "CT");
        found[0]["00080056"]["Value"][0].as_str().unwrap().to_owned()
    };
    assert_eq!((listed("1.2.826.1").as_str(), listed("1.2.826.2").as_str()), ("ONLINE", "UNAVAILABLE"));
    assert_eq!(service.client.get("/dicom-web/studies/1.2.826.2/metadata").status, 503, "nobody is asked for it");
    let empty = document(3, "113030", "1.2.826.3", &[], &json!({}));
    assert_eq!(stow(&service, &empty).status, 409, "a manifest of nothing is put aside");
}

#[test]
fn what_has_expired_is_deleted_after_its_grace_and_what_is_rejected_otherwise_is_kept() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start_with(data.path(), &[("DICS__STORAGE__EXPIRED_GRACE_HOURS", "0")]);
    let province = plan(&ProvinceOptions { seed: 3, scale: Scale::Small });
    let (study, series, bytes, sops) = of_three(&province);
    assert_eq!(service.client.stow(&bytes).status, 200);
    let files = || -> BTreeSet<std::path::PathBuf> {
        let folders = std::fs::read_dir(data.path().join("objects/instances")).unwrap();
        let inside = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
        inside.map(|file| file.unwrap().path()).collect()
    };
    let objects = files();
    assert_eq!(objects.len(), 3);
    let note = |number: u32, title: &str, sop: &String| {
        document(number, title, &study.study_uid, &[(series, vec![sop.clone()])], &json!({}))
    };
    for ((number, title), sop) in [(1, "113001"), (2, "113037"), (3, "113039")].into_iter().zip(&sops) {
        assert_eq!(stow(&service, &note(number, title, sop)).status, 200);
    }
    let left = || objects.iter().filter(|file| file.exists()).count();
    wait(Duration::from_secs(20), "the expired instance to be deleted", || left() < 3);
    let kept = files();
    // What comes again is deleted again, and what was rejected for another reason is kept all the while.
    assert_eq!(service.client.stow(&bytes[2..]).status, 202);
    wait(Duration::from_secs(20), "it to be deleted again", || files() == kept);
    assert_eq!(left(), 2);
    let trail = std::fs::read_dir(data.path().join("audit")).unwrap().flatten();
    let lines: String = trail.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect();
    assert!(lines.contains("\"delete\"") && lines.matches("\"reject\"").count() >= 3, "the trail is kept");
}
