//! A repository is taken out of the index.

use index_model::ReportStatus;
use index_store::{Store, StoreError};

use crate::build::{NOW, all, code, definition, found, instance, jane, patient, series, study, two, uid};
use crate::reports::report;

async fn what_only_a_retired_repository_had_goes_and_what_another_has_stays(store: Store) {
    let (north, south) = two(&store).await;
    let (own, shared) = (study("1.1", jane(), "20260101"), study("1.2", jane(), "20260102"));
    let held = |repository, study, series, sop, bytes| instance(repository, study, series, sop, bytes);
    let batch = [
        held(&north, &own, "1.1.1", "9.1", "a1"),
        held(&north, &shared, "1.2.1", "9.2", "a2"),
        held(&north, &shared, "1.2.2", "9.3", "a3"),
        // The same bytes, pushed by another: they were kept once.
        held(&south, &shared, "1.2.1", "9.2", "a2"),
        held(&south, &shared, "1.2.1", "9.4", "a4"),
    ];
    store.index_instances(&batch, NOW).await.unwrap();
    store.store_report(&north, &report("M1", jane(), ReportStatus::Final, 10), b"MSH", NOW).await.unwrap();
    assert!(store.take_copies_out(&north, NOW).await.unwrap().studies == 0, "it is registered");

    store.retire_repository(&north, NOW).await.unwrap();
    assert_eq!(store.repositories().await.unwrap().len(), 1);
    assert_eq!(store.retired_repositories().await.unwrap().len(), 1);
    let out = store.take_copies_out(&north, NOW).await.unwrap();
    assert_eq!(out.studies, 2);
    let mut objects = out.objects;
    objects.sort();
    assert_eq!(objects, ["objects/a1/neodin", "objects/a3/neodin"], "what both had is kept");
    assert_eq!(store.take_copies_out(&north, NOW).await.unwrap().studies, 0);
    assert!(store.retired_repositories().await.unwrap().is_empty());

    assert_eq!(found(&store, "PatientID=A1").await, "2");
    let row = store.studies_by_uid(&uid("1.2"), &all()).await.unwrap().remove(0);
    assert_eq!((&row.repositories, row.number_of_series, row.number_of_instances), (&vec![south.clone()], 1, 2));
    let rows = store.series_of_study(row.study_key).await.unwrap();
    assert_eq!((rows.len(), rows[0].held), (1, 2));
    let copies = store.copies_of_series(rows[0].series_key).await.unwrap();
    assert_eq!((&copies[0].repository, copies[0].held), (&south, 2));
    let pending = store.pending_entries(rows[0].series_key).await.unwrap();
    assert!(pending.iter().all(|entry| entry.repository == south));
    let counts = store.repositories().await.unwrap()[0].counts;
    assert_eq!((counts.studies, counts.series, counts.instances), (1, 1, 2));
    let reports = store.reports_of_person(row.person_key).await.unwrap();
    assert_eq!(reports.len(), 1, "reports of the retired repository stay in the record");
}

async fn studies_that_were_in_conflict_are_so_no_more(store: Store) {
    let (north, south) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), ""), &[series("1.1.1", "CT", 1)], NOW).await.unwrap();
    let other = study("1.1", patient("swodin/B9", "ROE^RICHARD", "19500505"), "");
    store.index_study(&south, &other, &[series("1.1.2", "MR", 1)], NOW).await.unwrap();
    assert_eq!(store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().len(), 2);
    store.retire_repository(&south, NOW).await.unwrap();
    store.take_copies_out(&south, NOW).await.unwrap();
    let rows = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap();
    assert_eq!((rows.len(), rows[0].conflict, &rows[0].repositories[0]), (1, false, &north));
}

async fn a_code_that_was_taken_out_may_come_back_and_is_walked_from_the_newest(store: Store) {
    let (north, _) = two(&store).await;
    let mut sync = store.begin_sync(&north).await.unwrap().unwrap();
    sync.cursor = Some("place".into());
    assert!(store.save_sync(&north, &sync).await.unwrap());
    store.retire_repository(&north, NOW).await.unwrap();
    let again = store.retire_repository(&north, NOW).await.unwrap_err();
    assert!(matches!(again, StoreError::Unknown { .. }));
    assert!(store.insert_repository(&definition("neodin", "west"), NOW).await.unwrap());
    assert!(!store.insert_repository(&definition("neodin", "west"), NOW).await.unwrap());
    let rows = store.repositories().await.unwrap();
    let row = rows.iter().find(|row| row.definition.code == code("neodin")).unwrap();
    assert_eq!((row.definition.region.as_str(), &row.sync.cursor), ("west", &None));
}

pub(crate) mod contract {
    crate::contract!(
        what_only_a_retired_repository_had_goes_and_what_another_has_stays,
        studies_that_were_in_conflict_are_so_no_more,
        a_code_that_was_taken_out_may_come_back_and_is_walked_from_the_newest,
    );
}
