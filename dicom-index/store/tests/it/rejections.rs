//! Rejected instances leave their studies, whichever comes first: the note or what it rejects.

use index_model::{
    KeyObject, KeyObjectPurpose, ReferencedSeries, ReferencedStudy, RejectionReason, RepositoryCode, StudyRecord,
};
use index_store::{Contradiction, NewInstance, Outcome, ReportStored, Store};

use crate::build::{NOW, all, found, instance, jane, patient, series, study, two, uid};
use crate::reports::{object, report};

fn note(note_uid: &str, study_uid: &str, series_uid: &str, instances: &[&str]) -> KeyObject {
    let class = uid("1.2.840.10008.5.1.4.1.1.2");
    let series = ReferencedSeries {
        series_instance_uid: uid(series_uid),
        retrieve_ae_title: None,
        retrieve_location_uid: None,
        retrieve_url: None,
        instances: instances.iter().map(|one| (class.clone(), uid(one))).collect(),
    };
    KeyObject {
        sop_instance_uid: uid(note_uid),
        purpose: KeyObjectPurpose::Rejection(RejectionReason::PatientSafety),
        studies: vec![ReferencedStudy { study_instance_uid: uid(study_uid), series: vec![series] }],
    }
}

async fn reject(store: &Store, by: &RepositoryCode, note: &KeyObject) -> index_store::Rejected {
    store.reject(by, (note, &jane()), RejectionReason::PatientSafety, Some("notes/1"), NOW).await.unwrap()
}

/// IHE RAD IOCM: a note holds by identifiers; one of another patient than the study's has somebody look.
async fn a_note_of_another_patient_is_done_and_somebody_is_alerted(store: Store) {
    let (north, _) = two(&store).await;
    store.index_instances(&[of(&north, "9.1"), of(&north, "9.2")], NOW).await.unwrap();
    let of_jane = note("8.1", "1.1", "1.1.1", &["9.1"]);
    reject(&store, &north, &of_jane).await;
    assert!(store.patients_to_alert(10).await.unwrap().is_empty());
    let wrong = patient("neodin/A2", "ROE^RICHARD", "19500505");
    let of_another = note("8.2", "1.1", "1.1.1", &["9.2"]);
    let reason = RejectionReason::PatientSafety;
    let done = store.reject(&north, (&of_another, &wrong), reason, Some("notes/2"), NOW).await.unwrap();
    assert_eq!(done.series.len(), 1, "it is applied");
    assert_eq!(store.patients_to_alert(10).await.unwrap().len(), 1);
    // Nothing is left of the study, and somebody has to look all the same, until they say that it needs nothing more.
    assert_eq!(counts(&store).await, None);
    let listed = store.conflicts(10, false).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].what, Contradiction::PatientNumber(vec![uid("1.1")]));
    assert_eq!(listed[0].patients[0].1.patient_id.as_ref().unwrap().expose().as_str(), "A1");
    assert!(store.dismiss(&listed[0].key, "it was the right study", "somebody", NOW).await.unwrap());
    assert!(store.conflicts(10, false).await.unwrap().is_empty());
}

/// The same of a note that came before its study, whichever way the study comes, and whether or not anything is left of it.
async fn a_note_of_another_patient_that_came_first_alerts_when_its_study_comes(store: Store) {
    let (north, south) = two(&store).await;
    let wrong = patient("neodin/A2", "ROE^RICHARD", "19500505");
    let alerts = async || store.patients_to_alert(10).await.unwrap().len();
    for (at, arrives) in ["all", "some", "declared", "of a stranger", "declared, of a stranger"].into_iter().enumerate()
    {
        let [study_uid, series_uid] = [format!("1.3.{at}"), format!("1.3.{at}.1")];
        let sops = ["1", "2"].map(|sop| format!("1.3.{at}.1.{sop}"));
        let (by_stranger, declared) = (arrives.ends_with("stranger"), arrives.starts_with("declared"));
        let note = note(&format!("1.8.{at}"), &study_uid, &series_uid, &[&sops[0]]);
        let by = if by_stranger { &south } else { &north };
        let reason = RejectionReason::PatientSafety;
        store.reject(by, (&note, &wrong), reason, Some("notes/2"), NOW).await.unwrap();
        assert_eq!(alerts().await, 0, "{arrives}: whose it is, is not known yet");
        let record = study(&study_uid, jane(), "20260101");
        let held = |sop: &String| instance(&north, &record, &series_uid, sop, sop);
        if declared {
            store.index_study(&north, &record, &[series(&series_uid, "CT", 1)], NOW).await.unwrap();
        } else {
            let came = if arrives == "some" { vec![held(&sops[1])] } else { vec![held(&sops[0])] };
            store.index_instances(&came, NOW).await.unwrap();
        }
        assert_eq!(alerts().await, 1, "{arrives}");
        let (patient_key, _) = store.patients_to_alert(10).await.unwrap()[0];
        store.note_patient_alerted(patient_key, NOW).await.unwrap();
        store.index_instances(&[held(&sops[0])], NOW).await.unwrap();
        assert_eq!(alerts().await, 0, "{arrives}: once");
    }
    // Of the note's own patient there is nothing to look at.
    reject(&store, &north, &note("1.8.9", "1.4", "1.4.1", &["1.4.1.1"])).await;
    let own = study("1.4", jane(), "20260101");
    store.index_instances(&[instance(&north, &own, "1.4.1", "1.4.1.1", "x")], NOW).await.unwrap();
    assert_eq!(alerts().await, 0);
}

fn of(repository: &RepositoryCode, sop: &str) -> NewInstance {
    instance(repository, &jane_study(), "1.1.1", sop, &format!("bytes of {sop}"))
}

fn jane_study() -> StudyRecord {
    study("1.1", jane(), "20260101")
}

/// Instances of the study and of its series, and whether a search for either finds it.
async fn counts(store: &Store) -> Option<(u32, u32)> {
    let row = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().pop()?;
    let series = store.series_of_study(row.study_key).await.unwrap();
    let of_series = series.iter().map(|series| series.number_of_instances).sum();
    Some((row.number_of_instances, of_series))
}

async fn repository_counts(store: &Store) -> Vec<(u64, u64, u64)> {
    let rows = store.repositories().await.unwrap();
    rows.iter().map(|row| (row.counts.studies, row.counts.series, row.counts.instances)).collect()
}

async fn what_is_rejected_leaves_counts_and_searches(store: Store) {
    let (north, _) = two(&store).await;
    store.index_instances(&["1.9.1", "1.9.2", "1.9.3"].map(|sop| of(&north, sop)), NOW).await.unwrap();
    assert_eq!(counts(&store).await, Some((3, 3)));
    let rejected = reject(&store, &north, &note("1.8.1", "1.1", "1.1.1", &["1.9.2"])).await;
    assert_eq!(rejected.series.len(), 1);
    assert_eq!(counts(&store).await, Some((2, 2)));
    assert_eq!(repository_counts(&store).await[0], (1, 1, 2));
    assert!(store.rejected_of_series(rejected.series[0].1).await.unwrap().contains("1.9.2"));
    assert!(store.series_of_instance(&uid("1.9.2")).await.unwrap().is_empty());
    assert!(reject(&store, &north, &note("1.8.1", "1.1", "1.1.1", &["1.9.2"])).await.is_repeat);

    reject(&store, &north, &note("1.8.2", "1.1", "1.1.1", &["1.9.1", "1.9.2", "1.9.3"])).await;
    assert_eq!(counts(&store).await, None);
    assert_eq!(found(&store, "PatientName=DOE*").await, "");
    assert_eq!(repository_counts(&store).await[0], (0, 0, 0));
    let (all_studies, remaining) = (found(&store, "limit=10").await, store.changes_after(0, 100).await.unwrap());
    assert_eq!(all_studies, "");
    assert!(remaining.len() >= 3, "each step is in the change feed");
}

async fn what_comes_again_after_its_rejection_stays_away(store: Store) {
    let (north, south) = two(&store).await;
    store.index_instances(&[of(&north, "1.9.1"), of(&north, "1.9.2")], NOW).await.unwrap();
    reject(&store, &north, &note("1.8.1", "1.1", "1.1.1", &["1.9.2"])).await;
    let other = instance(&north, &jane_study(), "1.1.1", "1.9.2", "other bytes");
    let same = of(&north, "1.9.2");
    let of_south = of(&south, "1.9.2");
    let fresh = of(&south, "1.9.3");
    let indexed = store.index_instances(&[other, same, of_south, fresh], NOW).await.unwrap();
    let outcomes: Vec<_> = indexed.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Outcome::Rejected, Outcome::Rejected, Outcome::Rejected, Outcome::New]);
    assert_eq!(counts(&store).await, Some((2, 2)));
    // The other instances of the study are not of another one by the same UID.
    let elsewhere = instance(&north, &study("1.2", jane(), "20260101"), "1.2.1", "1.9.2", "bytes");
    assert_eq!(store.index_instances(&[elsewhere], NOW).await.unwrap()[0].outcome, Outcome::New);
}

async fn a_note_waits_for_its_instances(store: Store) {
    let (north, south) = two(&store).await;
    let rejected = reject(&store, &north, &note("1.8.1", "1.1", "1.1.1", &["1.9.1", "1.9.2"])).await;
    assert!(rejected.series.is_empty());
    // Who did not send the note is not bound by it before its sender turns out to have the study.
    assert_eq!(store.index_instances(&[of(&south, "1.9.2")], NOW).await.unwrap()[0].outcome, Outcome::New);
    assert_eq!(counts(&store).await, Some((1, 1)));
    let indexed = store.index_instances(&[of(&north, "1.9.1")], NOW).await.unwrap();
    assert_eq!((indexed[0].outcome, indexed[0].withdrawn.len()), (Outcome::Rejected, 1));
    assert_eq!(counts(&store).await, None, "nothing but what was rejected makes no study");
    assert!(store.series_of_instance(&uid("1.9.2")).await.unwrap().is_empty());
    assert_eq!(store.index_instances(&[of(&north, "1.9.3")], NOW).await.unwrap()[0].outcome, Outcome::New);
    assert_eq!(counts(&store).await, Some((1, 1)));
}

async fn a_note_of_a_stranger_to_the_study_changes_nothing(store: Store) {
    let (north, south) = two(&store).await;
    store.index_instances(&[of(&north, "1.9.1")], NOW).await.unwrap();
    assert!(reject(&store, &south, &note("1.8.1", "1.1", "1.1.1", &["1.9.1"])).await.series.is_empty());
    assert_eq!(counts(&store).await, Some((1, 1)));
    assert_eq!(store.index_instances(&[of(&north, "1.9.1")], NOW).await.unwrap()[0].outcome, Outcome::Repeat);
}

async fn what_a_repository_declares_is_less_what_was_rejected(store: Store) {
    let (north, _) = two(&store).await;
    let mut declared = jane_study();
    declared.number_of_study_related_instances = Some(10);
    let of_series = |first, second| [series("1.1.1", "CT", first), series("1.1.2", "CT", second)];
    store.index_study(&north, &declared, &of_series(7, 3), NOW).await.unwrap();
    reject(&store, &north, &note("1.8.1", "1.1", "1.1.1", &["1.9.1", "1.9.2"])).await;
    assert_eq!(counts(&store).await, Some((8, 8)));
    assert_eq!(repository_counts(&store).await[0], (1, 2, 8));
    // The repository still lists them; then it has taken its own note in.
    store.index_study(&north, &declared, &of_series(7, 3), NOW).await.unwrap();
    assert_eq!(counts(&store).await, Some((8, 8)));
    declared.number_of_study_related_instances = Some(8);
    store.index_study(&north, &declared, &of_series(5, 3), NOW).await.unwrap();
    assert_eq!(counts(&store).await, Some((8, 8)));
    // A whole series.
    reject(&store, &north, &note("1.8.2", "1.1", "1.1.2", &["1.9.3", "1.9.4", "1.9.5"])).await;
    assert_eq!(counts(&store).await, Some((5, 5)));
    store.index_study(&north, &declared, &of_series(5, 3), NOW).await.unwrap();
    let row = store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().remove(0);
    assert_eq!((row.number_of_series, row.number_of_instances), (1, 5));
    // And the rest: the study does not come back with the next listing.
    let rest: Vec<String> = (0..5).map(|n| format!("1.9.1{n}")).collect();
    reject(&store, &north, &note("1.8.3", "1.1", "1.1.1", &rest.iter().map(String::as_str).collect::<Vec<_>>())).await;
    assert_eq!(counts(&store).await, None);
    declared.number_of_study_related_instances = Some(10);
    store.index_study(&north, &declared, &of_series(7, 3), NOW).await.unwrap();
    assert_eq!(counts(&store).await, None);
}

async fn the_object_of_a_report_leaves_with_it_and_comes_back_with_what_its_repository_declares(store: Store) {
    use index_model::ReportStatus as S;
    let (north, _) = two(&store).await;
    store.index_study(&north, &jane_study(), &[series("1.1.1", "SR", 3)], NOW).await.unwrap();
    store.index_instances(&[of(&north, "1.9.1")], NOW).await.unwrap();
    let first = store.store_report(&north, &object("1.9.1", S::Final, 10, &[]), b"", NOW).await.unwrap();
    let ReportStored::Stored { report_key, .. } = first else { panic!("it was not stored") };
    assert!(store.withdrawal_due(report_key).await.unwrap().is_none(), "it is well");
    let message = |id: &str, status, at| report(id, jane(), status, at);
    store.store_report(&north, &message("M1", S::EnteredInError, 20), b"MSH", NOW).await.unwrap();
    assert!(store.withdrawal_due(report_key).await.unwrap().unwrap().hides);
    assert_eq!(store.reports_to_withdraw(0, 10).await.unwrap(), [report_key], "what was interrupted is found");
    assert_eq!(store.follow_withdrawal(report_key, NOW).await.unwrap().series.len(), 1);
    assert!(store.withdrawal_due(report_key).await.unwrap().is_none() && store.returning().await.unwrap().is_empty());
    assert_eq!(counts(&store).await, Some((2, 2)));
    let again = store.index_instances(&[of(&north, "1.9.1")], NOW).await.unwrap();
    assert_eq!(again[0].outcome, Outcome::Rejected);
    assert!(store.reports_to_withdraw(0, 10).await.unwrap().is_empty());

    store.store_report(&north, &message("M2", S::Corrected, 30), b"MSH", NOW).await.unwrap();
    assert!(!store.withdrawal_due(report_key).await.unwrap().unwrap().hides);
    store.follow_withdrawal(report_key, NOW).await.unwrap();
    assert_eq!(counts(&store).await, Some((3, 3)));
    let [(repository, kept)] = store.returning().await.unwrap().try_into().unwrap();
    assert_eq!(repository, north);
    assert_eq!(store.index_instances(&[of(&north, "1.9.1")], NOW).await.unwrap()[0].outcome, Outcome::New);
    assert!(store.note_returned(&kept).await.unwrap() && store.returning().await.unwrap().is_empty());
    assert_eq!((counts(&store).await, repository_counts(&store).await[0]), (Some((3, 3)), (1, 1, 3)));
}

/// A repository lists what was rejected until it takes the note in itself: while it says the same, nothing is asked for.
async fn what_was_told_beside_rejections_is_remembered_while_they_stand(store: Store) {
    let (north, south) = two(&store).await;
    let declared = |instances: u32| StudyRecord {
        number_of_study_related_series: Some(1),
        number_of_study_related_instances: Some(instances),
        ..jane_study()
    };
    let index = || {
        let (store, north, said) = (&store, &north, declared(3));
        async move { store.index_study(north, &said, &[series("1.1.1", "CT", 3)], NOW).await.unwrap() }
    };
    let as_now = |instances: u32| {
        let (store, north, said) = (&store, &north, declared(instances));
        async move { store.told_before(north, &said).await.unwrap().as_now }
    };
    index().await;
    reject(&store, &north, &note("1.8.1", "1.1", "1.1.1", &["1.9.1"])).await;
    index().await;
    assert_eq!(counts(&store).await, Some((2, 2)));
    assert!(as_now(3).await, "it says what it said");
    assert!(!as_now(4).await);
    assert!(!store.told_before(&south, &declared(3)).await.unwrap().as_now, "another repository's");
    let renamed = StudyRecord { patient: patient("neodin/A1", "SMITH^JANE", "19700101"), ..declared(3) };
    assert!(!store.told_before(&north, &renamed).await.unwrap().as_now);
    // Another note is another matter, until the study is declared beside it.
    reject(&store, &north, &note("1.8.2", "1.1", "1.1.1", &["1.9.2"])).await;
    assert!(!as_now(3).await);
    index().await;
    assert!(as_now(3).await);
    reject(&store, &north, &note("1.8.3", "1.1", "1.1.1", &["1.9.3"])).await;
    index().await;
    assert_eq!(counts(&store).await, None);
    assert!(as_now(3).await, "nothing is left, and nothing asked for");
    assert!(!as_now(4).await);
}

pub(crate) mod contract {
    crate::contract!(
        a_note_of_another_patient_is_done_and_somebody_is_alerted,
        a_note_of_another_patient_that_came_first_alerts_when_its_study_comes,
        the_object_of_a_report_leaves_with_it_and_comes_back_with_what_its_repository_declares,
        what_is_rejected_leaves_counts_and_searches,
        what_comes_again_after_its_rejection_stays_away,
        a_note_waits_for_its_instances,
        a_note_of_a_stranger_to_the_study_changes_nothing,
        what_a_repository_declares_is_less_what_was_rejected,
        what_was_told_beside_rejections_is_remembered_while_they_stand,
    );
}
