//! A sender that nobody here wrote: the Python library hl7 makes messages, encodes them and reads their acknowledgements.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::identity::{record, start};
use crate::processes::fetch;

#[test]
fn the_hl7_library_of_python_sends_reports_and_a_merge_and_is_acknowledged() {
    fetch("fetch.py", &["hl7-0.4.5"]);
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("python3")
        .arg(here.join("tests/hl7_sender.py"))
        .arg(service.mllp_port.to_string())
        .env("PYTHONPATH", here.join("../../target/test-data/hl7-0.4.5"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["report"], json!(["AA", "L1"]));
    assert_eq!(told["repeated"], json!(["AA", "L1"]), "an exact repeat changes nothing");
    assert_eq!(told["reused"], json!(["AE", "L1"]), "the control id was used for another message");
    assert_eq!(told["latin"], json!(["AA", "L2"]));
    assert_eq!(told["stranger"][0], "AR", "nobody registered this facility");
    assert_eq!(told["merge"], json!(["AA", "L4"]));
    assert_eq!(told["connection"], 20, "messages on one connection, one after the other");

    let record = record(&service, "100");
    let reports = record["reports"].as_array().unwrap();
    assert_eq!(reports.len(), 22, "two, of which one came over by the merge, and twenty");
    let words: Vec<String> = reports
        .iter()
        .map(|report| service.client.get(&format!("/api/reports/{}", report["reportKey"].as_str().unwrap())).json())
        .map(|report| report["versions"][0]["text"].as_str().unwrap().to_owned())
        .collect();
    for expected in ["Foie normal & rate < 12 cm.", "Œdème: présent ^ suivi | rappel", "Élargissement du ventricule"]
    {
        assert_eq!(words.iter().filter(|text| text.contains(expected)).count(), 1, "{expected}");
    }
    println!("peer: hl7 0.4.5 (Python) sent {} messages", 6 + 20);
}
