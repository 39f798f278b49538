//! One object of every kind that the synthetic province has.

use std::collections::BTreeMap;

use fixtures::{ProvinceOptions, Scale, SeriesPlan, StudyPlan, Syntax, instance_bytes, plan};

use crate::app::{TestApp, related};

/// The first object of each modality in each transfer syntax.
fn kinds() -> Vec<(StudyPlan, SeriesPlan, Vec<u8>)> {
    let province = plan(&ProvinceOptions { seed: 7, scale: Scale::Small });
    let mut kinds = BTreeMap::new();
    for study in &province.studies {
        for series in &study.series {
            kinds.entry((series.modality, series.syntax.uid())).or_insert_with(|| (study.clone(), series.clone()));
        }
    }
    let with_bytes = |(study, series): (StudyPlan, SeriesPlan)| {
        let bytes = instance_bytes(&study, &series, 0);
        (study, series, bytes)
    };
    kinds.into_values().map(with_bytes).collect()
}

#[tokio::test]
async fn every_kind_of_object_is_stored_and_shown() {
    let app = TestApp::start().await;
    let kinds = kinds();
    assert!(kinds.len() >= 8, "{} kinds", kinds.len());
    for (study, series, bytes) in &kinds {
        let name = format!("{} in {}", series.modality, series.syntax.uid());
        let path = format!(
            "/studies/{}/series/{}/instances/{}",
            study.study_uid, series.series_uid, series.instances[0].sop_instance_uid
        );
        app.post("/studies", &related(std::slice::from_ref(bytes))).await.expect(200);
        let whole = app.get_as(&path, "application/dicom; transfer-syntax=*").await.expect(200);
        let (kept, end) = (series.syntax.uid() != "1.2.840.10008.1.2", &bytes[bytes.len() - 512..]);
        assert!(if kept { whole.body[..] == bytes[..] } else { whole.body.ends_with(end) }, "{name}: other bytes");
        let header = app.get(&format!("{path}/metadata")).await.expect(200).json();
        assert_eq!(header[0]["00080060"]["Value"][0], series.modality, "{name}");
        match series.modality {
            "SR" => drop(app.get_as(&format!("{path}/rendered"), "text/html").await.expect(200)),
            "DOC" => assert!(
                app.get_as(&format!("{path}/rendered"), "application/pdf").await.expect(200).body.starts_with(b"%PDF")
            ),
            "KO" => drop(app.get_as(&format!("{path}/rendered"), "text/html").await.expect(200)),
            _ if series.syntax == Syntax::JpegBaseline => {
                let frame = app.get_as(&format!("{path}/frames/1"), "image/jpeg").await.expect(200);
                assert!(frame.body.starts_with(&[0xff, 0xd8]), "{name}");
            }
            _ => drop(app.get_as(&format!("{path}/thumbnail"), "image/jpeg").await.expect(200)),
        }
    }
    let found = app.get("/studies?limit=1000").await.expect(200);
    let mut studies: Vec<_> = kinds.iter().map(|(study, ..)| study.study_uid.clone()).collect();
    studies.sort();
    studies.dedup();
    assert_eq!(found.json().as_array().unwrap().len(), studies.len());
}
