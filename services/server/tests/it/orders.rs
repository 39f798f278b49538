//! A report that shares no number with its study finds it through the order; and an operator has the last word.

use fixtures::{ProvinceOptions, Scale, instance_bytes, plan};
use serde_json::Value;

use crate::identity::{JANE, message, record, start, tell};

#[test]
fn an_order_ties_a_report_to_a_study_and_an_operator_parts_them() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let province = plan(&ProvinceOptions { seed: 3, scale: Scale::Small });
    let study = &province.studies[0];
    assert_eq!(service.client.stow(&[instance_bytes(study, &study.series[0], 0)]).status, 200);
    let obr = |accession: &str| format!("OBR|1|P1||CT^CT HEAD||||||||||||||{accession}|||||||F");
    let report = message("ORU^R01^ORU_R01", "R1", &[JANE, &obr(""), "OBX|1|TX|R||Words.||||||F"]);
    assert_eq!(tell(&service, &[report]).0, 1);
    let linked = || record(&service, "100")["reports"][0].clone();
    assert_eq!(linked()["evidence"], "none");

    // The order is Jane's; the study, which it names, is not.
    let order = |control_id: &str, code: &str, uid: &str| {
        message("ORM^O01^ORM_O01", control_id, &[JANE, &format!("ORC|{code}|P1"), &obr("A1"), &format!("ZDS|{uid}")])
    };
    let unnumbered = message("ORM^O01^ORM_O01", "O9", &[JANE, "ORC|NW"]);
    let told = [order("O1", "NW", &study.study_uid), order("O1", "NW", &study.study_uid), unnumbered];
    assert_eq!(tell(&service, &told), (2, vec![2]));
    assert_eq!(linked()["studyInstanceUids"], Value::Array(Vec::new()), "never across patients");

    let key = linked()["reportKey"].as_str().unwrap().to_owned();
    let ruling = |uid: &str| format!("/api/admin/reports/{key}/studies/{uid}");
    assert_eq!(service.client.put(&ruling(&study.study_uid)).status, 409);
    assert_eq!(service.client.put(&ruling("1.2.3")).status, 404);
    assert_eq!(service.client.put(&ruling("nonsense")).status, 400);
    assert_eq!(service.client.delete(&ruling(&study.study_uid)).status, 204);
    let trail = std::fs::read_dir(data.path().join("audit")).unwrap().flatten();
    let lines: String = trail.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect();
    assert!(lines.contains("\"administer\"") && lines.contains(&key), "each ruling has its line in the audit trail");
}
