//! A configuration of five lines is a whole service.

use std::process::Command;

use fixtures::{ProvinceOptions, Scale, StudyPlan, Syntax, instance_bytes, plan};

use crate::processes::free_port;
use crate::service::Service;

#[test]
fn what_is_stored_comes_back_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let mut service = Service::start(data.path());
    let province = plan(&ProvinceOptions { seed: 7, scale: Scale::Small });
    // Implicit VR is not used on the web (PS3.18 §8.7.3): what is stored so comes back rewritten.
    let as_it_is = |study: &&StudyPlan| study.series[0].syntax == Syntax::ExplicitLittle;
    let study = province.studies.iter().find(as_it_is).unwrap();
    let object = instance_bytes(study, &study.series[0], 0);
    let stored = service.client.stow(std::slice::from_ref(&object));
    assert_eq!(stored.status, 200, "{}", stored.text());
    service.kill();
    let service = Service::start(data.path());
    let rows = service.client.get("/dicom-web/studies").json();
    let uid = rows[0]["0020000D"]["Value"][0].as_str().unwrap();
    let parts = service
        .client
        .get_as(
            &format!("/dicom-web/studies/{uid}"),
            "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
        )
        .parts();
    assert!(parts == [object], "the object did not come back as it was stored");
}

fn fails_with(environment: &[(&str, String)], words: &str) {
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dics"));
    command.arg("serve").env("DICS__DATA_DIR", data.path()).envs(environment.iter().map(|(key, value)| (key, value)));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.trim().lines().count() == 1 && said.contains(words), "{said}");
}

#[test]
fn an_occupied_port_is_told_in_one_line_with_the_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    fails_with(&[("DICS__ACCESS__MODE", "development".into()), ("DICS__HTTP__LISTEN", listen)], "DICS__HTTP__LISTEN");
}

#[test]
fn development_mode_serves_this_machine_alone() {
    let listen = format!("0.0.0.0:{}", free_port());
    fails_with(&[("DICS__ACCESS__MODE", "development".into()), ("DICS__HTTP__LISTEN", listen)], "loopback");
}

#[test]
fn a_wrong_configuration_is_told_in_one_line() {
    fails_with(&[("DICS__ACCES__MODE", "development".into())], "acces");
    fails_with(&[], "access.mode");
    fails_with(&[("DICS_CONFIG", "/nowhere/dics.toml".into())], "/nowhere/dics.toml");
}
