//! `dics demo`: a region is taken down by a switch, the service says so in words, and catches up when it is back.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use fixtures::{ProvinceOptions, Region, Scale, instance_bytes, plan};
use serde_json::Value;

use crate::client::Client;
use crate::processes::{Process, free_port, wait};

fn turn(to: &str, region: &str, data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dics"));
    command.args(["demo-region", to, region, "--data-dir"]).arg(data).output().unwrap()
}

fn state(client: &Client, code: &str) -> Value {
    let all = client.get("/api/admin/repositories").json();
    all.as_array().unwrap().iter().find(|row| row["code"] == code).unwrap().clone()
}

fn warned(client: &Client, code: &str) -> bool {
    let answer = client.get("/dicom-web/studies?limit=1");
    let mut lines = answer.headers.get_all("warning").iter().map(|line| line.to_str().unwrap().to_owned());
    lines.any(|line| line.starts_with("299 ") && line.contains(&format!("Repository {code} did not answer")))
}

/// Of a study that is here in part, that part is sent whole while the rest can't be had.
fn what_is_here_is_sent(client: &Client, down: &str) {
    let rows = client.get(&format!("/dicom-web/studies?RetrieveAETitle={down}&limit=500")).json();
    let shared = rows.as_array().unwrap().iter().find(|row| {
        let titles = row["00080054"]["Value"].as_array().unwrap();
        titles.contains(&"hdirs".into()) && titles.len() == 2
    });
    let shared = shared.expect("a study of two regions");
    let study = shared["0020000D"]["Value"][0].as_str().unwrap();
    let all = shared["00201208"]["Value"][0].as_u64().unwrap();
    for (resource, accept) in [
        ("", "multipart/related; type=\"application/dicom\"; transfer-syntax=*"),
        ("/pixeldata", "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*"),
        ("/rendered", "multipart/related; type=\"image/jpeg\""),
    ] {
        let answer = client.get_as(&format!("/dicom-web/studies/{study}{resource}"), accept);
        assert_eq!(answer.status, 206, "{resource}: {}", answer.text());
        let parts = answer.parts().len() as u64;
        assert!(0 < parts && parts < all, "{resource}: {parts} of {all}");
        assert!(answer.header("warning").contains(down), "{resource}: {}", answer.header("warning"));
    }
}

#[test]
fn a_region_of_the_demo_goes_down_is_named_and_catches_up_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (data, port) = (folder.path().join("demo"), free_port());
    let early = turn("down", "NEODIN", &data);
    assert!(!early.status.success() && String::from_utf8_lossy(&early.stderr).contains("no demo runs"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_dics"));
    command.args(["demo", "--small", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"]).arg(&data);
    let mut demo = Process::start(command.stdout(Stdio::null()).stderr(Stdio::null()), "cargo builds it");
    let client = Client::new(format!("http://127.0.0.1:{port}"));
    let codes = ["neodin", "swodin", "gtaw"];
    wait(Duration::from_secs(120), "the demo's regions to be indexed", || {
        assert!(!demo.has_ended());
        let is_ready = client.try_get("/readyz").is_some_and(|answer| answer.status == 200);
        let all = if is_ready { client.get("/api/admin/repositories").json() } else { Value::Null };
        let all = all.as_array().cloned().unwrap_or_default();
        codes.iter().all(|code| all.iter().any(|row| row["code"] == *code && row["state"] == "following"))
    });

    for (code, region) in codes.iter().zip(["NEODIN", "SWODIN", "gtaw"]) {
        let before = state(&client, code)["counts"]["studies"].as_u64().unwrap();
        let turned = turn("down", region, &data);
        assert!(turned.status.success(), "{}", String::from_utf8_lossy(&turned.stderr));
        wait(Duration::from_secs(30), "a warning that names the region's repository", || warned(&client, code));
        assert_eq!(state(&client, code)["state"], "unreachable");
        let others = codes.iter().filter(|other| *other != code);
        others.for_each(|other| assert!(!warned(&client, other), "{other} is well"));
        let row = client.get(&format!("/dicom-web/studies?RetrieveAETitle={code}&limit=1")).json();
        let uid = row[0]["0020000D"]["Value"][0].as_str().unwrap().to_owned();
        let key = client.get(&format!("/api/studies/{uid}")).json()["patientKey"].as_str().unwrap().to_owned();
        let record = client.get(&format!("/api/patients/{key}")).json();
        let missing = record["missing"].as_array().unwrap();
        assert!(missing.iter().any(|one| one["repository"] == *code && one["since"].is_string()), "{missing:?}");
        let told = client.get("/status").text();
        assert!(told.contains("images unreachable since"), "{told}");

        if *code == "gtaw" {
            what_is_here_is_sent(&client, code);
        }

        // Something new is made while nobody can see it.
        if *code == "neodin" {
            let mut other = plan(&ProvinceOptions { seed: 77, scale: Scale::Small });
            let study = other.studies.remove(0);
            let place = data.join("province-small").join(Region::Neodin.slug()).join("new.dcm");
            std::fs::write(place, instance_bytes(&study, &study.series[0], 0)).unwrap();
        }
        assert!(turn("up", region, &data).status.success());
        wait(Duration::from_secs(90), "the region to be back", || {
            !warned(&client, code) && state(&client, code)["state"] == "following"
        });
        if *code == "neodin" {
            wait(Duration::from_secs(30), "what was made meanwhile", || {
                state(&client, code)["counts"]["studies"].as_u64() == Some(before + 1)
            });
        }
    }
    let pushes = turn("down", "HDIRS", &data);
    assert!(!pushes.status.success() && String::from_utf8_lossy(&pushes.stderr).contains("is never asked"));
}
