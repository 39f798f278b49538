//! `dics repository add|test|list` does what the administrators' page does, while the service runs.

use std::path::Path;
use std::process::{Command, Output};

use fixtures::{ProvinceOptions, Region, Scale, plan, write};

use crate::service::Service;

fn dics(service: &Service, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dics"));
    command
        .args(arguments)
        .env("DICS__HTTP__LISTEN", service.client.address())
        .env("DICS__ACCESS__MODE", "development")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn definition(folder: &Path, to: &Path) -> String {
    let file = to.join("fifth.toml");
    let text = "code = \"fifth\"\nname = \"Fifth\"\nregion = \"TEST\"\nprotocol = \"archive\"\npatientIdIssuer = \"FIFTH\"\npollSeconds = 1\n";
    std::fs::write(&file, format!("{text}[archive]\nurl = \"{}\"\n", folder.display())).unwrap();
    file.display().to_string()
}

#[test]
fn a_repository_is_tested_registered_indexed_and_listed() {
    let (images, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let province = plan(&ProvinceOptions { seed: 9, scale: Scale::Small });
    write(&province, images.path(), &|_| {}).unwrap();
    let service = Service::start(data.path());
    let file = definition(&images.path().join(Region::GtaWest.slug()), data.path());

    let tested = dics(&service, &["repository", "test", &file]);
    assert!(tested.status.success() && said(&tested).contains("ok"), "{}", said(&tested));
    let added = dics(&service, &["repository", "add", &file]);
    assert!(added.status.success(), "{}", said(&added));
    let studies = province.studies_of(Region::GtaWest).count();
    service.wait_until_indexed("fifth", studies as u64);
    let listed = said(&dics(&service, &["repository", "list"]));
    assert!(listed.contains("fifth") && listed.contains(&format!("{studies} studies")), "{listed}");
    let rows = service.client.get("/dicom-web/studies").json();
    assert_eq!(rows.as_array().unwrap().len(), studies);

    let again = dics(&service, &["repository", "add", &file]);
    assert!(!again.status.success() && said(&again).contains("registered already"), "{}", said(&again));
    let missing = definition(&images.path().join("nowhere"), data.path());
    let wrong = dics(&service, &["repository", "test", &missing]);
    assert!(!wrong.status.success() && said(&wrong).contains("FAIL"), "{}", said(&wrong));
}
