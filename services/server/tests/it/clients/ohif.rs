//! OHIF, as it is published, in Chromium, from another origin than the service.

use std::path::Path;
use std::process::Command;

use dicom_dictionary_std::tags;
use fixtures::{ProvinceOptions, Scale, instance_bytes, plan};
use serde_json::{Value, json};

use super::{root, run, test_data};
use crate::processes::free_port;
use crate::service::Service;

/// What a study is called in the test, the file that it is made of, and a word of it where it is a report.
const FILES: [(&str, &str, Option<&str>); 5] = [
    ("CT", "CT_small.dcm", None),
    ("MR", "MR_small.dcm", None),
    ("US", "examples_rgb_color.dcm", None),
    ("US cine", "examples_ybr_color.dcm", None),
    ("SR", "reportsi.dcm", Some("Recording Observer's Name")),
];

/// Stores a file, and says what OHIF should make of it.
fn store(service: &Service, file: &Path, name: &str, word: Option<&str>) -> Value {
    let stored = service.client.stow(&[std::fs::read(file).unwrap()]);
    assert_eq!(stored.status, 200, "{name}: {}", stored.text());
    let object = dicom_object::open_file(file).unwrap();
    let text = |tag| object.element(tag).unwrap().to_str().unwrap().trim_end_matches(['\0', ' ']).to_owned();
    let mut study = json!({
        "name": name, "study": text(tags::STUDY_INSTANCE_UID), "patient": text(tags::PATIENT_NAME), "text": word,
    });
    if ["CT", "MR"].contains(&name) {
        let number = |tag, default: f64| object.element(tag).map_or(default, |value| value.to_float64().unwrap());
        let (slope, intercept) = (number(tags::RESCALE_SLOPE, 1.0), number(tags::RESCALE_INTERCEPT, 0.0));
        let pixels = object.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap();
        let values =
            pixels.chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) * slope + intercept);
        let (lowest, highest) =
            values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        study["range"] = json!([lowest, highest]);
    }
    study
}

/// A radiograph of the synthetic province: the sets have none with pixels.
fn store_radiograph(service: &Service) -> Value {
    let province = plan(&ProvinceOptions { seed: 7, scale: Scale::Small });
    let is_radiograph = |modality: &str| ["CR", "DX"].contains(&modality);
    let study = province.studies.iter().find(|study| is_radiograph(study.series[0].modality)).unwrap();
    let series = &study.series[0];
    let objects: Vec<_> = (0..series.instances.len()).map(|number| instance_bytes(study, series, number)).collect();
    assert_eq!(service.client.stow(&objects).status, 200);
    let rows = service.client.get(&format!("/dicom-web/studies?StudyInstanceUID={}", study.study_uid)).json();
    json!({ "name": "CR", "study": study.study_uid, "patient": rows[0]["00100010"]["Value"][0]["Alphabetic"] })
}

#[test]
fn a_published_viewer_shows_studies_from_another_origin() {
    let data = tempfile::tempdir().unwrap();
    let port = free_port().to_string();
    let origins = format!("[\"http://127.0.0.1:{port}\"]");
    let service = Service::start_with(data.path(), &[("DICS__HTTP__CORS_ORIGINS", &origins)]);
    let sets = test_data(&["pydicom-3.0.2", "ohif-3.13.2"]);
    let files = sets.join("pydicom-3.0.2/pydicom/data/test_files");
    let mut studies: Vec<_> =
        FILES.iter().map(|(name, file, word)| store(&service, &files.join(file), name, *word)).collect();
    studies.push(store_radiograph(&service));
    let mut command = Command::new("node");
    command
        .current_dir(root().join("viewer-web")) // whose packages the script uses: `make viewer` installs them
        .args(["--test", "--test-timeout=440000", "test/ohif/ohif.test.mjs"])
        .env("DICOMWEB", format!("http://{}/dicom-web", service.client.address()))
        .env("OHIF", sets.join("ohif-3.13.2/package/dist"))
        .env("OHIF_PORT", port)
        .env("STUDIES", Value::from(studies).to_string())
        .env("SHOTS_DIR", root().join("target/shots"));
    let said = run(&mut command);
    said.lines().filter(|line| line.contains("peer:") || line.contains("shades")).for_each(|line| println!("{line}"));
}
