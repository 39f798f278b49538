//! How studies, series and instances become known.

use index_model::{Finding, PatientChange, StudyRecord};
use index_store::{ChangeKind, Outcome, Store, StoreError, SyncPhase, SyncState, Trouble};

use crate::build::{
    NOW, all, code, definition, found, instance, jane, patient, repository, series, study, tails, two, uid, with_number,
};
use crate::identity::event;

async fn a_repository_keeps_what_it_has_when_it_is_defined_again(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[series("1.1.1", "CT", 3)], NOW).await.unwrap();
    let mut sync = SyncState {
        epoch: store.begin_sync(&north).await.unwrap().unwrap().epoch,
        phase: SyncPhase::Following,
        cursor: Some("{}".into()),
        indexed: 1,
        expected: Some(2),
        synced_ms: Some(NOW),
        stretch: Some((NOW, 1)),
    };
    assert!(store.save_sync(&north, &sync).await.unwrap());
    store.set_paused(&north, true).await.unwrap();
    store.note_contact(&north, NOW, None, None).await.unwrap();
    store.note_contact(&north, NOW + 1, Some("no route"), Some(Trouble::Down)).await.unwrap();
    store.note_contact(&north, NOW + 2, Some("no route"), Some(Trouble::Down)).await.unwrap();
    store.put_repository(&definition("neodin", "far-north"), NOW).await.unwrap();

    let row = store.repositories().await.unwrap().remove(0);
    assert_eq!(row.definition.region, "far-north");
    assert!(row.paused);
    assert!(row.sync.epoch > sync.epoch, "who follows it by the old definition is told so");
    sync.epoch = row.sync.epoch;
    assert_eq!(row.sync, sync);
    assert_eq!((row.last_contact_ms, row.last_error), (Some(NOW), Some((NOW + 2, "no route".into()))));
    assert_eq!(row.trouble, Some((Trouble::Down, NOW + 1)));
    for (at_ms, error, trouble, expected) in [
        (3, Some("status 401"), Some(Trouble::Refused), Some((Trouble::Refused, NOW + 3))),
        (4, Some("status 401"), Some(Trouble::Refused), Some((Trouble::Refused, NOW + 3))),
        (5, Some("one study was passed over"), None, Some((Trouble::Refused, NOW + 3))),
        (6, Some("no route"), Some(Trouble::Down), Some((Trouble::Down, NOW + 6))),
        (7, None, None, None),
    ] {
        store.note_contact(&north, NOW + at_ms, error, trouble).await.unwrap();
        assert_eq!(store.repositories().await.unwrap()[0].trouble, expected, "{at_ms}");
    }
    assert_eq!((row.counts.studies, row.counts.series, row.counts.instances), (1, 1, 3));
}

async fn a_code_is_taken_once(store: Store) {
    repository(&store, "neodin", "north").await;
    assert!(!store.insert_repository(&definition("neodin", "south"), NOW).await.unwrap());
    let unknown = store.set_paused(&code("nobody"), true).await.unwrap_err();
    assert!(matches!(unknown, StoreError::Unknown { what: "repository" }));
    let unknown = store.index_study(&code("nobody"), &study("1.1", jane(), ""), &[], NOW).await.unwrap_err();
    assert!(matches!(unknown, StoreError::Unknown { what: "repository" }));
}

async fn a_declared_study_is_found_by_the_next_search(store: Store) {
    let (north, _) = two(&store).await;
    let said = [series("1.1.1", "CT", 3), series("1.1.2", "SR", 1)];
    let indexed = store.index_study(&north, &study("1.1", jane(), "20260101"), &said, NOW).await.unwrap();
    assert!(indexed.changed);

    let row = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().remove(0);
    assert_eq!(row.study_key, indexed.study_key);
    assert_eq!((row.number_of_series, row.number_of_instances), (2, 4));
    assert_eq!(row.modalities, ["CT", "SR"]);
    assert_eq!(row.repositories, [north]);
    assert_eq!(row.regions, ["north"]);
    assert!(!row.conflict);
    let rows = store.series_of_study(row.study_key).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.series_key).collect::<Vec<_>>(), indexed.series_keys);
    assert_eq!(rows[0].number_of_instances, 3);
    assert_eq!(store.series_by_uid(&uid("1.1"), &uid("1.1.2")).await.unwrap().len(), 1);
    assert_eq!(store.series_by_key(indexed.series_keys[1]).await.unwrap().unwrap().series, said[1]);
    assert!(store.series_by_key(999).await.unwrap().is_none());
    assert!(store.study_by_key(999).await.unwrap().is_none());
}

async fn the_same_declaration_again_changes_nothing(store: Store) {
    let (north, _) = two(&store).await;
    let (record, said) = (study("1.1", jane(), "20260101"), [series("1.1.1", "CT", 3)]);
    let first = store.index_study(&north, &record, &said, NOW).await.unwrap();
    let changes = store.changes_after(0, 10).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].kind, ChangeKind::StudyNew);

    let again = store.index_study(&north, &record, &said, NOW + 5).await.unwrap();
    assert_eq!((again.study_key, &again.series_keys, again.changed), (first.study_key, &first.series_keys, false));
    assert_eq!(store.changes_after(0, 10).await.unwrap(), changes);

    let more = store.index_study(&north, &record, &[series("1.1.1", "CT", 4)], NOW + 6).await.unwrap();
    assert!(more.changed);
    let after = store.changes_after(changes[0].seq, 10).await.unwrap();
    assert_eq!(after.iter().map(|change| change.kind).collect::<Vec<_>>(), [ChangeKind::StudyChanged]);
    let counts = store.repositories().await.unwrap()[0].counts;
    assert_eq!((counts.studies, counts.series, counts.instances), (1, 1, 4));
}

async fn two_repositories_copies_are_one_study_with_the_distinct_instances_of_both(store: Store) {
    let (north, south) = two(&store).await;
    let record = study("1.1", jane(), "20260101");
    let mut elsewhere = study("1.1", patient("swodin/B7", "Doe^Jane^A", "19700101"), "20260101");
    elsewhere.study_description = Some("Head".into());
    store.index_study(&north, &record, &[series("1.1.1", "CT", 3)], NOW).await.unwrap();
    store.index_study(&south, &elsewhere, &[series("1.1.1", "CT", 2)], NOW).await.unwrap();
    let rows = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].number_of_instances, 3);

    let north_has = ["1", "2", "3"].map(|n| instance(&north, &record, "1.1.1", &format!("9.{n}"), ""));
    let south_has = ["4", "5"].map(|n| instance(&south, &elsewhere, "1.1.1", &format!("9.{n}"), ""));
    store.index_instances(&north_has, NOW).await.unwrap();
    store.index_instances(&south_has, NOW).await.unwrap();

    let row = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().remove(0);
    assert_eq!((row.number_of_series, row.number_of_instances), (1, 5));
    assert_eq!(row.repositories, [north, south]);
    assert!(!row.conflict);
    assert_eq!(row.study.study_description.as_deref(), Some("Head"));
    assert_eq!(row.study.patient.patient_id, jane().patient_id);
    let counts: Vec<u64> = store.repositories().await.unwrap().iter().map(|row| row.counts.instances).collect();
    assert_eq!(counts, [3, 2]);
}

async fn copies_of_patients_who_disagree_stay_apart(store: Store) {
    let (north, south) = two(&store).await;
    let other = patient("swodin/B7", "ROE^RICHARD", "19500505");
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[series("1.1.1", "CT", 3)], NOW).await.unwrap();
    store.index_study(&south, &study("1.1", other, "20260101"), &[series("1.1.1", "CT", 2)], NOW).await.unwrap();

    let rows = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.conflict));
    assert_ne!(rows[0].person_key, rows[1].person_key);
    assert_eq!(rows.iter().map(|row| row.number_of_instances).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(store.series_by_uid(&uid("1.1"), &uid("1.1.1")).await.unwrap().len(), 2);
}

async fn a_corrected_patient_moves_the_copy_and_ends_the_conflict(store: Store) {
    let (north, south) = two(&store).await;
    let wrong = patient("swodin/B7", "ROE^RICHARD", "19500505");
    let right = patient("swodin/B8", "DOE^JANE", "19700101");
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[series("1.1.1", "CT", 3)], NOW).await.unwrap();
    let said = [series("1.1.1", "CT", 2), series("1.1.2", "SR", 1)];
    store.index_study(&south, &study("1.1", wrong, "20260101"), &said, NOW).await.unwrap();
    store.index_study(&south, &study("1.1", right, "20260101"), &said, NOW).await.unwrap();

    let rows = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].conflict);
    assert_eq!((rows[0].number_of_series, rows[0].number_of_instances), (2, 4));
    assert_eq!(found(&store, "PatientName=ROE*").await, "");
    store.index_study(&north, &study("1.2", jane(), "20260101"), &[], NOW).await.unwrap();
    store.index_study(&north, &study("1.3", jane(), "20260101"), &[], NOW).await.unwrap();
    assert_eq!(
        crate::build::search(&store, "limit=1", &all()).await.remaining,
        2,
        "the study that is gone is not counted"
    );
}

/// Polls repeat themselves: what is listed of two patients stays two studies, and a correction is none of that.
async fn a_repository_that_lists_a_study_of_two_patients_has_a_copy_of_each_until_it_lists_one(store: Store) {
    let (north, south) = two(&store).await;
    let of = |who: index_model::PatientRecord| study("1.1", who, "20260101");
    let richard = || patient("neodin/B7", "ROE^RICHARD", "19500505");
    let said = [series("1.1.1", "CT", 3)];
    let listed = |matches: Vec<StudyRecord>| {
        let (store, north, said) = (&store, &north, &said);
        async move { store.index_listed(north, &matches, said, NOW).await.unwrap() }
    };
    let whose = || async {
        let rows = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap();
        let mut names: Vec<_> = rows.iter().map(|row| row.study.patient.patient_name.alphabetic.clone()).collect();
        names.sort();
        assert!(rows.iter().all(|row| row.conflict == (rows.len() > 1)));
        names
    };
    assert!(!store.told_before(&north, &of(jane())).await.unwrap().of_others, "nothing is known of it");
    store.index_study(&north, &of(jane()), &said, NOW).await.unwrap();
    assert!(!store.told_before(&north, &of(jane())).await.unwrap().of_others);
    assert!(!store.told_before(&south, &of(richard())).await.unwrap().of_others, "another repository's");
    assert!(store.told_before(&north, &of(richard())).await.unwrap().of_others);
    listed(vec![of(jane()), of(richard())]).await;
    assert_eq!(whose().await, ["DOE^JANE", "ROE^RICHARD"]);
    assert_eq!(store.studies_to_alert(10).await.unwrap().len(), 2);
    let again = listed(vec![of(richard()), of(jane())]).await;
    assert!(again.iter().all(|indexed| !indexed.changed), "in whatever order it lists them");
    assert!(store.told_before(&north, &of(jane())).await.unwrap().of_others, "it is asked until it has one");
    // One of the two is put right: the other keeps hers.
    listed(vec![of(jane()), of(patient("neodin/C8", "POE^EDGAR", "19601010"))]).await;
    assert_eq!(whose().await, ["DOE^JANE", "POE^EDGAR"]);
    listed(vec![of(jane())]).await;
    assert_eq!(whose().await, ["DOE^JANE"]);
    assert_eq!(store.repositories().await.unwrap()[0].counts.studies, 1);
    // A correction alone moves the one copy there is.
    listed(vec![of(richard())]).await;
    assert_eq!(whose().await, ["ROE^RICHARD"]);
}

/// A repository that says the same again is not asked for the series again, though others renamed the patient or have more of the study.
async fn what_a_repository_said_of_a_study_is_remembered_beside_what_others_say(store: Store) {
    let (north, south) = two(&store).await;
    let listed = |instances: u32| StudyRecord {
        number_of_study_related_series: Some(1),
        number_of_study_related_instances: Some(instances),
        ..study("1.1", jane(), "20260101")
    };
    let is_as_now = |said: StudyRecord| {
        let (store, north) = (&store, &north);
        async move { store.told_before(north, &said).await.unwrap().as_now }
    };
    assert!(!is_as_now(listed(2)).await, "nothing is known of it");
    store.index_study(&north, &listed(2), &[series("1.1.1", "CT", 2)], NOW).await.unwrap();
    assert!(is_as_now(listed(2)).await);
    let renamed = event("E1", PatientChange::Update, patient("neodin/A1", "SMITH^JANE", "19700101"), "neodin/A1");
    store.tell_patient(&north, &renamed, b"MSH", NOW).await.unwrap();
    let more = [series("1.1.1", "CT", 2), series("1.1.2", "SR", 1)];
    store
        .index_study(&south, &study("1.1", patient("swodin/B7", "DOE^JANE", "19700101"), "20260101"), &more, NOW)
        .await
        .unwrap();
    let shown = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().remove(0);
    assert_eq!((shown.study.patient.patient_name.alphabetic.as_str(), shown.number_of_instances), ("SMITH^JANE", 3));
    assert!(is_as_now(listed(2)).await, "it says what it said");
    assert!(!is_as_now(listed(3)).await);
    assert!(!is_as_now(StudyRecord { patient: patient("neodin/A1", "SMITH^JANE", "19700101"), ..listed(2) }).await);
    assert!(
        !is_as_now(StudyRecord { number_of_study_related_series: None, ..listed(2) }).await,
        "it does not say how many"
    );
}

/// Objects say themselves whose they are, whatever the list says.
async fn a_copy_of_which_instances_are_known_stays_though_its_repository_lists_another(store: Store) {
    let north = repository(&store, "neodin", "north").await;
    let richard = study("1.1", patient("neodin/B7", "ROE^RICHARD", "19500505"), "20260101");
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[series("1.1.1", "CT", 1)], NOW).await.unwrap();
    store.index_instances(&[instance(&north, &richard, "1.1.1", "9.1", "aa")], NOW).await.unwrap();
    let listed = [study("1.1", jane(), "20260101")];
    store.index_listed(&north, &listed, &[series("1.1.1", "CT", 1)], NOW).await.unwrap();
    assert_eq!(store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().len(), 2);
}

async fn a_copy_that_turns_out_to_be_another_patients_leaves_the_study(store: Store) {
    let (north, south) = two(&store).await;
    let (record, said) = (study("1.1", jane(), "20260101"), [series("1.1.1", "CT", 2)]);
    store.index_study(&north, &record, &said, NOW).await.unwrap();
    let agreeing = study("1.1", patient("swodin/B7", "DOE^JANE", "19700101"), "20260101");
    store.index_study(&south, &agreeing, &said, NOW).await.unwrap();
    store.index_instances(&[instance(&south, &agreeing, "1.1.1", "9.1", "aa")], NOW).await.unwrap();
    let before = store.series_by_uid(&uid("1.1"), &uid("1.1.1")).await.unwrap().remove(0);
    assert_eq!((before.repositories.len(), before.held), (2, 1));

    let other = study("1.1", patient("swodin/B9", "ROE^RICHARD", "19500505"), "20260101");
    store.index_study(&south, &other, &said, NOW).await.unwrap();
    let rows = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.conflict));
    assert_eq!((&rows[0].repositories, &rows[1].repositories), (&vec![north], &vec![south]));
    let series_rows = store.series_by_uid(&uid("1.1"), &uid("1.1.1")).await.unwrap();
    assert_eq!(series_rows.iter().map(|row| row.held).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(store.pending_entries(series_rows[0].series_key).await.unwrap().len(), 0);
    assert_eq!(store.pending_entries(series_rows[1].series_key).await.unwrap().len(), 1);
}

async fn one_sender_with_two_patients_under_one_uid_makes_two_studies(store: Store) {
    let (north, _) = two(&store).await;
    let other = study("1.1", patient("neodin/A2", "ROE^RICHARD", "19500505"), "");
    let batch = [
        instance(&north, &study("1.1", jane(), ""), "1.1.1", "9.1", "aa"),
        instance(&north, &other, "1.1.1", "9.2", "bb"),
        instance(&north, &study("1.1", jane(), ""), "1.1.1", "9.3", "cc"),
    ];
    let out = store.index_instances(&batch, NOW).await.unwrap();
    assert_eq!(out[0].study_key, out[2].study_key);
    assert_ne!(out[0].study_key, out[1].study_key);
    assert!(store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().iter().all(|row| row.conflict));
    assert_eq!(
        [out[0].is_disputed, out[1].is_disputed, out[2].is_disputed],
        [false, true, false],
        "the first patient's came first"
    );
}

async fn an_object_that_puts_its_patient_right_is_not_told_that_the_study_is_disputed(store: Store) {
    let (north, south) = two(&store).await;
    let undated = study("1.1", patient("neodin/A2", "DOE^JANE", ""), "");
    let dated = study("1.1", patient("neodin/A2", "DOE^JANE", "19700101"), "");
    store.index_instances(&[instance(&north, &study("1.1", jane(), ""), "1.1.1", "9.1", "aa")], NOW).await.unwrap();
    let before = store.index_instances(&[instance(&south, &undated, "1.1.1", "9.2", "bb")], NOW).await.unwrap();
    let after = store.index_instances(&[instance(&south, &dated, "1.1.1", "9.3", "cc")], NOW).await.unwrap();
    assert_eq!((before[0].is_disputed, after[0].is_disputed), (true, false));
    assert_eq!(store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().len(), 1);
}

async fn one_sender_with_two_numbers_of_one_person_makes_one_study_found_by_both(store: Store) {
    let north = repository(&store, "neodin", "north").await;
    let of = |id: &str| study("1.1", with_number(patient(id, "DOE^JANE", "19700101"), "9876543217", "F"), "20260101");
    let (first, second) = (of("neodin/A1"), of("elsewhere/77"));
    store.index_instances(&[instance(&north, &first, "1.1.1", "9.1", "aa")], NOW).await.unwrap();
    let batch = [
        instance(&north, &second, "1.1.1", "9.2", "bb"),
        instance(&north, &second, "1.1.2", "9.3", "cc"),
        instance(&north, &first, "1.1.2", "9.4", "dd"),
    ];
    let out = store.index_instances(&batch, NOW).await.unwrap();
    assert!(out.iter().all(|one| one.outcome == Outcome::New));

    let rows = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].number_of_series, rows[0].number_of_instances, rows[0].conflict), (2, 4, false));
    assert_eq!(rows[0].repositories, [north]);
    for query in ["PatientID=A1", "PatientID=77", "PatientID=77&IssuerOfPatientID=elsewhere"] {
        assert_eq!(found(&store, query).await, "1", "{query}");
    }
    let counts = store.repositories().await.unwrap().remove(0).counts;
    assert_eq!((counts.studies, counts.series, counts.instances), (1, 2, 4));
}

async fn an_instance_is_new_repeated_in_conflict_or_upgraded(store: Store) {
    let (north, south) = two(&store).await;
    let record = study("1.1", jane(), "20260101");
    let one = |repository, sop, bytes| instance(repository, &record, "1.1.1", sop, bytes);
    let outcomes = |out: Vec<index_store::InstanceIndexed>| out.into_iter().map(|it| it.outcome).collect::<Vec<_>>();
    let batch = [one(&north, "9.1", "aa"), one(&north, "9.1", "aa"), one(&north, "9.2", "")];
    let first = store.index_instances(&batch, NOW).await.unwrap();
    let series_key = first[0].series_key;
    assert_eq!(outcomes(first), [Outcome::New, Outcome::Repeat, Outcome::New]);

    let repeat = store.index_instances(&[one(&south, "9.1", "aa")], NOW).await.unwrap().remove(0);
    assert_eq!(repeat.outcome, Outcome::Repeat);
    assert_eq!(repeat.superseded_object.as_deref(), Some("objects/aa/swodin"));
    let conflict = store.index_instances(&[one(&south, "9.1", "bb")], NOW).await.unwrap().remove(0);
    assert_eq!((conflict.outcome, conflict.superseded_object), (Outcome::Conflict, None));
    let again = store.index_instances(&[one(&south, "9.1", "bb")], NOW).await.unwrap();
    assert_eq!(outcomes(again), [Outcome::Conflict], "what is not shown is no less in conflict when it comes again");
    let header = store.index_instances(&[one(&south, "9.1", "")], NOW).await.unwrap();
    assert_eq!(outcomes(header), [Outcome::Repeat]);
    let upgraded = store.index_instances(&[one(&north, "9.2", "cc")], NOW).await.unwrap();
    assert_eq!(outcomes(upgraded), [Outcome::Upgraded]);

    let row = store.series_by_key(series_key).await.unwrap().unwrap();
    assert_eq!((row.number_of_instances, row.held), (2, 2));
    let pending = store.pending_entries(series_key).await.unwrap();
    let sops: Vec<&str> = pending.iter().map(|it| it.entry.instance.sop_instance_uid.as_str()).collect();
    assert_eq!(sops, ["9.1", "9.2", "9.2"], "the later entry of an instance replaces the earlier one");
    assert_eq!(store.series_of_instance(&uid("9.2")).await.unwrap(), [series_key]);
    assert_eq!(store.series_of_instance(&uid("9.7")).await.unwrap(), [0; 0]);
}

async fn what_is_held_counts_where_it_is_more_than_what_is_declared(store: Store) {
    let (north, south) = two(&store).await;
    let record = study("1.1", jane(), "20260101");
    store.index_study(&north, &record, &[series("1.1.1", "CT", 2)], NOW).await.unwrap();
    let batch: Vec<_> =
        (1..=3).map(|n| instance(&north, &record, "1.1.1", &format!("9.{n}"), &format!("a{n}"))).collect();
    let out = store.index_instances(&batch, NOW).await.unwrap();
    let row = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().remove(0);
    assert_eq!((row.number_of_series, row.number_of_instances), (1, 3));
    assert_eq!(store.repositories().await.unwrap()[0].counts.instances, 3);

    store.index_study(&south, &record, &[series("1.1.1", "CT", 9)], NOW).await.unwrap();
    let copies = store.copies_of_series(out[0].series_key).await.unwrap();
    let told: Vec<_> =
        copies.iter().map(|copy| (copy.repository.as_str(), copy.number_of_instances, copy.held)).collect();
    assert_eq!(told, [("neodin", Some(3), 3), ("swodin", Some(9), 0)]);
    let row = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().remove(0);
    assert_eq!(row.number_of_instances, 9);
}

async fn instances_of_many_studies_go_in_one_batch_and_keep_its_order(store: Store) {
    let (north, _) = two(&store).await;
    let batch: Vec<_> = (0..60)
        .map(|n| {
            let record = study(&format!("1.{}", n % 7), jane(), "20260101");
            instance(&north, &record, &format!("2.{}.{}", n % 7, n % 2), &format!("9.{n}"), &format!("a{n}"))
        })
        .collect();
    let out = store.index_instances(&batch, NOW).await.unwrap();
    assert_eq!(out.len(), 60);
    for (n, indexed) in out.iter().enumerate() {
        let row = store.series_by_key(indexed.series_key).await.unwrap().unwrap();
        assert_eq!(row.series.series_instance_uid.as_str(), format!("2.{}.{}", n % 7, n % 2));
        assert_eq!(row.study.study_key, indexed.study_key);
    }
    let rows = crate::build::search(&store, "", &all()).await.rows;
    assert_eq!(tails(&rows), "0 1 2 3 4 5 6");
    assert_eq!(rows.iter().map(|row| row.number_of_instances).sum::<u32>(), 60);
}

async fn many_writers_at_once_make_one_study(store: Store) {
    let (north, south) = two(&store).await;
    let tasks: Vec<_> = (0..12)
        .map(|n| {
            let (store, repository) = (store.clone(), if n % 2 == 0 { north.clone() } else { south.clone() });
            let record = study("1.1", jane(), "20260101");
            tokio::spawn(async move {
                store.index_study(&repository, &record, &[series("1.1.1", "CT", 3)], NOW).await.unwrap();
                let batch = [instance(&repository, &record, "1.1.1", &format!("9.{n}"), &format!("a{n}"))];
                store.index_instances(&batch, NOW).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rows = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].number_of_series, rows[0].number_of_instances), (1, 12));
    assert_eq!(rows[0].repositories.len(), 2);
    let seqs: Vec<i64> = store.changes_after(0, 100).await.unwrap().iter().map(|change| change.seq).collect();
    assert!(seqs.is_sorted());
    let counts: Vec<u64> = store.repositories().await.unwrap().iter().map(|row| row.counts.instances).collect();
    assert_eq!(counts, [6, 6]);
}

async fn what_was_kept_aside_is_listed_latest_first(store: Store) {
    let (north, _) = two(&store).await;
    let finding = Finding::quarantine("StudyInstanceUID", "is missing");
    let first = store.quarantine(&north, &finding, 10, None, NOW).await.unwrap();
    let second = store.quarantine(&north, &finding, 11, Some("aside/2"), NOW + 1).await.unwrap();
    let rows = store.quarantined(10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.quarantine_key).collect::<Vec<_>>(), [second, first]);
    assert_eq!((rows[0].object.as_deref(), rows[0].size_bytes), (Some("aside/2"), 11));
    assert_eq!(store.repositories().await.unwrap()[0].counts.quarantined, 2);
}

pub(crate) mod contract {
    crate::contract!(
        a_repository_keeps_what_it_has_when_it_is_defined_again,
        a_code_is_taken_once,
        a_declared_study_is_found_by_the_next_search,
        the_same_declaration_again_changes_nothing,
        two_repositories_copies_are_one_study_with_the_distinct_instances_of_both,
        copies_of_patients_who_disagree_stay_apart,
        a_corrected_patient_moves_the_copy_and_ends_the_conflict,
        an_object_that_puts_its_patient_right_is_not_told_that_the_study_is_disputed,
        a_repository_that_lists_a_study_of_two_patients_has_a_copy_of_each_until_it_lists_one,
        what_a_repository_said_of_a_study_is_remembered_beside_what_others_say,
        a_copy_of_which_instances_are_known_stays_though_its_repository_lists_another,
        a_copy_that_turns_out_to_be_another_patients_leaves_the_study,
        one_sender_with_two_patients_under_one_uid_makes_two_studies,
        one_sender_with_two_numbers_of_one_person_makes_one_study_found_by_both,
        an_instance_is_new_repeated_in_conflict_or_upgraded,
        what_is_held_counts_where_it_is_more_than_what_is_declared,
        instances_of_many_studies_go_in_one_batch_and_keep_its_order,
        many_writers_at_once_make_one_study,
        what_was_kept_aside_is_listed_latest_first,
    );
}
