//! The synthetic province through the simulated archive: every character set, identifier and transfer syntax that it has.

use std::collections::BTreeMap;

use adapter_api::{ImagingSource, Part, StudyFilter};
use adapter_dimse::{DimseOptions, DimseSource};
use fixtures::simulators::dimse::DimseArchive;
use fixtures::{ProvinceOptions, Scale, StudyPlan, instance_bytes, plan};
use futures::TryStreamExt;
use index_model::{RetrieveBy, StudyRecord};

use crate::archive::{data_sets, series, studies};
use crate::corpus::{ae, ctx, definition};

/// Writes the first object of every series; some objects are in two regions, and one is enough here.
fn write(folder: &std::path::Path, studies: &[&StudyPlan]) -> BTreeMap<(String, String), Vec<u8>> {
    let mut files = BTreeMap::new();
    for study in studies {
        for series in &study.series {
            let bytes = instance_bytes(study, series, 0);
            let file = folder.join(format!("{}.dcm", series.instances[0].sop_instance_uid));
            std::fs::write(file, &bytes).unwrap();
            files.insert((study.study_uid.clone(), series.series_uid.clone()), bytes);
        }
    }
    files
}

fn check(record: &StudyRecord, plan: &StudyPlan) {
    let name = &record.patient.patient_name;
    let planned = &plan.patient.name;
    assert!(
        (&name.alphabetic, &name.ideographic, &name.phonetic)
            == (&planned.alphabetic, &planned.ideographic, &planned.phonetic)
    );
    let id = record.patient.patient_id.as_ref().unwrap();
    assert!(id.value.expose() == plan.patient_id() && id.issuer == plan.region.code());
    let accession = record.accession_number.as_ref().unwrap();
    // Some machines do not say who issued it; then the repository's definition does.
    let issuers = [plan.accession_issuer, "WEST"];
    assert!(*accession.value.expose() == plan.accession && issuers.contains(&accession.issuer.as_str()));
    assert_eq!(record.study_date.as_deref().unwrap_or_default(), plan.date);
    assert_eq!(record.study_description.as_deref().unwrap_or_default(), plan.description);
    assert_eq!(record.patient.health_number.is_some(), plan.patient.health_card.is_some());
}

#[tokio::test]
async fn studies_are_read_as_they_were_planned_and_objects_as_they_were_drawn() {
    let province = plan(&ProvinceOptions { seed: 42, scale: Scale::Small });
    let mut planned: BTreeMap<&str, &StudyPlan> = BTreeMap::new();
    for study in &province.studies {
        planned.entry(&study.study_uid).or_insert(study);
    }
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), &planned.values().copied().collect::<Vec<_>>());
    let listen = "127.0.0.1:0".parse().unwrap();
    let archive = DimseArchive::start(listen, ae("PACS"), folder.path().to_owned(), [].into()).await.unwrap();
    let definition = definition(archive.addr.port(), RetrieveBy::Get);
    let source = DimseSource::new(definition, ae("DICS"), DimseOptions::default()).unwrap();

    let found = studies(&source, &StudyFilter::default()).await;
    assert_eq!(found.len(), planned.len());
    for record in &found {
        check(record, planned[record.study_instance_uid.as_str()]);
    }
    for ((study, series_uid), file) in &files {
        let parts: Vec<Part> = source.retrieve(&ctx(), &series(study, series_uid)).try_collect().await.unwrap();
        let [Part::Object { object, .. }] = &parts[..] else { panic!("{parts:?}") };
        assert!(data_sets([&object[..]]) == data_sets([&file[..]]));
    }
    archive.stop().await;
}
