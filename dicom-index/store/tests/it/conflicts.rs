//! What contradicts itself and somebody has to look at.

use std::sync::Arc;

use index_model::{IssuedId, PatientRecord, ReportStatus, StudyRecord};
use index_store::{Conflict, Contradiction, Doubt, Likeness, NewInstance, Outcome, Store};

use crate::build::{NOW, all, instance, issued, jane, patient, series, study, two, uid, with_number};
use crate::reports::{id_of, report};

fn kinds(conflicts: &[Conflict]) -> Vec<&'static str> {
    let kind = |conflict: &Conflict| match conflict.what {
        Contradiction::HealthNumber => "health number",
        Contradiction::Study(_) => "study",
        Contradiction::PatientNumber(_) => "patient number",
        Contradiction::Visit(_) => "visit",
        Contradiction::Instance(_) => "instance",
        Contradiction::Report { .. } => "report",
        Contradiction::Message { .. } => "message",
    };
    conflicts.iter().map(kind).collect()
}

async fn listed(store: &Store) -> Vec<Conflict> {
    store.conflicts(10, false).await.unwrap()
}

/// A file that was read where it lies: its hash is known, and its bytes stay there.
fn file(mut new: NewInstance) -> NewInstance {
    Arc::make_mut(&mut new.entry).object = None;
    new
}

async fn copies_of_one_instance_that_differ_are_listed_unless_they_are_found_to_be_the_same(store: Store) {
    let (north, south) = two(&store).await;
    let record = study("1.1", jane(), "20260101");
    let one = |repository, bytes: &str| instance(repository, &record, "1.1.1", "9.1", bytes);
    let first = store.index_instances(&[one(&north, "aa")], NOW).await.unwrap().remove(0);
    let other = store.index_instances(&[one(&south, "bb")], NOW + 1).await.unwrap().remove(0);
    assert_eq!((other.outcome, other.to_compare), (Outcome::Conflict, true));
    let queue = listed(&store).await;
    let [Conflict { what: Contradiction::Instance(differing), since_ms, .. }] = queue.as_slice() else {
        panic!("one conflict")
    };
    assert_eq!((differing.shown.as_ref(), &differing.beside), (Some(&north), &south));
    assert_eq!(
        (differing.is_compared, *since_ms),
        (false, Some(NOW + 1)),
        "until they are compared they count as different"
    );
    assert_eq!(store.differing_of_studies(&[first.study_key]).await.unwrap()[&first.study_key], 1);

    let note = |sha256: &'static str, likeness, lets_go| {
        let store = &store;
        async move { store.note_likeness(first.series_key, &uid("9.1"), sha256, likeness, lets_go).await.unwrap() }
    };
    note("bb", Likeness::Different, false).await;
    let again = store.index_instances(&[one(&south, "bb")], NOW).await.unwrap().remove(0);
    assert_eq!((again.outcome, again.to_compare), (Outcome::Conflict, false), "it was compared");
    note("bb", Likeness::Same, true).await;
    assert!(listed(&store).await.is_empty());
    assert!(store.differing_of_studies(&[first.study_key]).await.unwrap().is_empty());
    let again = store.index_instances(&[one(&south, "bb")], NOW).await.unwrap().remove(0);
    assert_eq!((again.outcome, again.superseded_object.as_deref()), (Outcome::Repeat, Some("objects/bb/swodin")));
    note("aa", Likeness::Different, true).await;
    assert_eq!(store.series_by_key(first.series_key).await.unwrap().unwrap().held, 1, "what is shown is left alone");
}

async fn two_files_of_one_identifier_are_no_repeat(store: Store) {
    let (north, south) = two(&store).await;
    let record = study("1.1", jane(), "20260101");
    let one = |repository, sop, bytes: &str| instance(repository, &record, "1.1.1", sop, bytes);
    let files = [one(&north, "9.1", "aa"), one(&north, "9.1", "aa"), one(&north, "9.1", "bb")].map(file);
    let out = store.index_instances(&files, NOW).await.unwrap();
    let outcomes: Vec<Outcome> = out.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Outcome::New, Outcome::Repeat, Outcome::Conflict]);
    assert_eq!(kinds(&listed(&store).await), ["instance"]);
    let row = store.series_by_key(out[0].series_key).await.unwrap().unwrap();
    assert_eq!((row.number_of_instances, row.held), (1, 0));
    // Its bytes come: they are known to be the other ones.
    let held = store.index_instances(&[one(&north, "9.1", "bb")], NOW).await.unwrap().remove(0);
    assert_eq!((held.outcome, held.superseded_object), (Outcome::Conflict, None));
    let held = store.index_instances(&[one(&north, "9.1", "aa")], NOW).await.unwrap().remove(0);
    assert_eq!(held.outcome, Outcome::Upgraded);
    assert_eq!(kinds(&listed(&store).await), ["instance"], "still the one");

    // What another repository had, and is not at hand, is not forgotten when other bytes are shown in its place.
    store.index_instances(&[file(one(&north, "9.2", "cc"))], NOW).await.unwrap();
    let other = store.index_instances(&[one(&south, "9.2", "dd")], NOW).await.unwrap().remove(0);
    assert_eq!(other.outcome, Outcome::Upgraded);
    assert_eq!(kinds(&listed(&store).await), ["instance"], "nothing is said of it until they are compared");
    let back = store.index_instances(&[one(&north, "9.2", "cc")], NOW).await.unwrap().remove(0);
    assert_eq!((back.outcome, back.to_compare), (Outcome::Conflict, true), "what is shown stays the one that is shown");
    let queue = listed(&store).await;
    assert!(
        matches!(&queue[0].what, Contradiction::Instance(one) if one.instances == 2),
        "one case for a series and a repository"
    );
}

/// Two repositories that have one instance under headers of their own: whichever is at hand is shown.
async fn the_same_under_another_header_takes_the_place_of_what_is_not_at_hand(store: Store) {
    let (north, south) = two(&store).await;
    let record = study("1.1", jane(), "20260101");
    let one = |repository, bytes: &str| instance(repository, &record, "1.1.1", "9.1", bytes);
    let first = store.index_instances(&[one(&north, "aa")], NOW).await.unwrap().remove(0);
    store.index_instances(&[one(&south, "bb")], NOW).await.unwrap();
    store.note_likeness(first.series_key, &uid("9.1"), "bb", Likeness::Same, true).await.unwrap();
    let outcome = |out: Vec<index_store::InstanceIndexed>| out[0].outcome;
    assert_eq!(outcome(store.index_instances(&[one(&south, "bb")], NOW).await.unwrap()), Outcome::Repeat);
    // What was read where it lies is not at hand; the other is, and is the same.
    store.index_instances(&[file(instance(&north, &record, "1.1.1", "9.2", "cc"))], NOW).await.unwrap();
    store.index_instances(&[file(instance(&south, &record, "1.1.1", "9.2", "dd"))], NOW).await.unwrap();
    store.note_likeness(first.series_key, &uid("9.2"), "dd", Likeness::Same, false).await.unwrap();
    for (repository, bytes, expected) in
        [(&south, "dd", Outcome::Upgraded), (&north, "cc", Outcome::Repeat), (&south, "dd", Outcome::Repeat)]
    {
        let out = store.index_instances(&[instance(repository, &record, "1.1.1", "9.2", bytes)], NOW).await.unwrap();
        assert_eq!(outcome(out), expected, "{bytes}");
    }
    assert!(listed(&store).await.is_empty());
    assert_eq!(store.series_by_key(first.series_key).await.unwrap().unwrap().held, 2);
}

async fn a_study_of_several_patients_is_alerted_once_and_first_in_the_list(store: Store) {
    let (north, south) = two(&store).await;
    let shared = |id: &str, name: &str, birth: &str| with_number(patient(id, name, birth), "9876543217", "F");
    store.index_study(&north, &study("1.5", shared("neodin/M1", "DOE^ANN", "19600101"), ""), &[], NOW).await.unwrap();
    store.index_study(&north, &study("1.6", shared("neodin/M2", "ROE^SUE", "19990101"), ""), &[], NOW).await.unwrap();
    let other = patient("swodin/B7", "ROE^RICHARD", "19500505");
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[series("1.1.1", "CT", 3)], NOW).await.unwrap();
    assert!(store.studies_to_alert(10).await.unwrap().is_empty());
    store.index_study(&south, &study("1.1", other, "20260101"), &[series("1.1.1", "CT", 2)], NOW).await.unwrap();
    let studies = store.studies_to_alert(10).await.unwrap();
    assert_eq!(studies.len(), 2, "each of them");
    for study_key in studies {
        store.note_alerted(study_key, NOW + 5).await.unwrap();
    }
    assert!(store.studies_to_alert(10).await.unwrap().is_empty());
    let queue = listed(&store).await;
    assert_eq!(kinds(&queue), ["study", "health number"]);
    assert_eq!((queue[0].patients.len(), queue[0].since_ms), (2, Some(NOW + 5)));
    // It ends, and begins again.
    let right = patient("swodin/B8", "DOE^JANE", "19700101");
    store.index_study(&south, &study("1.1", right, "20260101"), &[series("1.1.1", "CT", 2)], NOW).await.unwrap();
    assert_eq!(kinds(&listed(&store).await), ["health number"]);
    let wrong = patient("swodin/B7", "ROE^RICHARD", "19500505");
    store.index_study(&south, &study("1.1", wrong, "20260101"), &[series("1.1.1", "CT", 2)], NOW).await.unwrap();
    assert_eq!(store.studies_to_alert(10).await.unwrap().len(), 2, "another alert");
}

async fn what_is_dismissed_leaves_the_list_until_it_is_another_case(store: Store) {
    let (north, south) = two(&store).await;
    let declare = |repository, of: PatientRecord| {
        let (store, repository) = (store.clone(), repository);
        async move { store.index_study(repository, &study("1.1", of, "20260101"), &[], NOW).await.unwrap() }
    };
    declare(&north, jane()).await;
    declare(&south, patient("swodin/B7", "ROE^RICHARD", "19500505")).await;
    let key = listed(&store).await.remove(0).key;
    assert!(!store.dismiss("study-9.9", "nothing", "ann", NOW).await.unwrap());
    assert!(store.dismiss(&key, "both are phantoms", "ann", NOW).await.unwrap());
    assert!(listed(&store).await.is_empty());
    let dismissed = store.conflicts(10, true).await.unwrap();
    let why = dismissed[0].dismissal.as_ref().unwrap();
    assert_eq!((why.reason.as_str(), why.dismissed_by.as_str(), why.at_ms), ("both are phantoms", "ann", NOW));
    assert!(
        store.studies_by_uid(&uid("1.1"), &all()).await.unwrap().iter().all(|row| row.conflict),
        "it opens to nobody still"
    );
    assert!(store.take_dismissal_back(&key).await.unwrap());
    assert!(!store.take_dismissal_back(&key).await.unwrap());
    assert_eq!(kinds(&listed(&store).await), ["study"]);
    assert!(store.dismiss(&key, "both are phantoms", "ann", NOW).await.unwrap());
    let third = instance(&south, &study("1.1", patient("swodin/B9", "POE^PAT", "19330303"), ""), "1.1.7", "9.7", "cc");
    store.index_instances(&[third], NOW).await.unwrap();
    assert_eq!(kinds(&listed(&store).await), ["study"], "a third patient is another case");
    assert_eq!(listed(&store).await[0].patients.len(), 3);
}

fn numbered(uid: &str, of: PatientRecord, accession: IssuedId) -> StudyRecord {
    let mut study = study(uid, of, "20260101");
    study.accession_number = Some(accession);
    study
}

async fn doubt(store: &Store) -> Option<(Doubt, String)> {
    listed(store).await.into_iter().find_map(|conflict| match conflict.what {
        Contradiction::Report { doubt, studies, .. } => {
            Some((doubt, studies.iter().map(|uid| uid.as_str()).collect::<Vec<_>>().join(" ")))
        }
        _ => None,
    })
}

async fn a_report_that_names_what_is_another_patients_is_listed_until_its_own_comes(store: Store) {
    let (north, _) = two(&store).await;
    let other = patient("neodin/A2", "ROE^RICHARD", "19500505");
    store.index_study(&north, &numbered("1.1", other, issued("neodin", "A1001")), &[], NOW).await.unwrap();
    let id =
        id_of(&store.store_report(&north, &report("M1", jane(), ReportStatus::Final, 10), b"MSH", NOW).await.unwrap());
    assert!(store.report(&id).await.unwrap().unwrap().links.is_empty());
    assert_eq!(doubt(&store).await, Some((Doubt::OtherPatient, "1.1".into())));
    let queue = listed(&store).await;
    assert_eq!(queue[0].patients[0].1.patient_id, jane().patient_id.map(|id| id.value), "whose report it is");

    store.index_study(&north, &numbered("1.2", jane(), issued("neodin", "A1001")), &[], NOW).await.unwrap();
    assert_eq!(store.report(&id).await.unwrap().unwrap().links.len(), 1);
    assert_eq!(doubt(&store).await, Some((Doubt::SeveralPatients, "1.1 1.2".into())), "the number is not hers alone");
    assert!(store.dismiss(&format!("report-{id}"), "the number was given twice", "ann", NOW).await.unwrap());
    assert_eq!(doubt(&store).await, None);
}

async fn a_report_by_an_accession_number_of_another_facility_is_tied_to_nothing_and_listed(store: Store) {
    let (north, south) = two(&store).await;
    let message = || report("M1", jane(), ReportStatus::Final, 10);
    let id = id_of(&store.store_report(&north, &message(), b"MSH", NOW).await.unwrap());
    // Somebody else's of the same number elsewhere: facilities count for themselves.
    let other = patient("swodin/B7", "ROE^RICHARD", "19500505");
    store.index_study(&south, &numbered("1.1", other, issued("swodin", "A1001")), &[], NOW).await.unwrap();
    assert_eq!(doubt(&store).await, None);
    store.index_study(&south, &numbered("1.2", jane(), issued("swodin", "A1001")), &[], NOW).await.unwrap();
    assert!(store.report(&id).await.unwrap().unwrap().links.is_empty(), "not by a number of another issuer");
    assert_eq!(doubt(&store).await, Some((Doubt::OtherIssuer, "1.2".into())));
    store.rule_report(&id, &uid("1.2"), true, "ann", NOW).await.unwrap();
    assert_eq!(store.report(&id).await.unwrap().unwrap().links.len(), 1);
    assert_eq!(doubt(&store).await, None, "somebody has looked");
}

async fn the_card_of_a_stranger_under_a_number_links_that_number_to_nobody(store: Store) {
    let (north, south) = two(&store).await;
    let card = |patient: PatientRecord| with_number(patient, "9876543217", "M");
    let richard = card(patient("swodin/B7", "ROE^RICHARD", "19500505"));
    store.index_study(&south, &study("1.1", richard, "20260101"), &[], NOW).await.unwrap();
    store.index_study(&north, &study("1.2", jane(), "20260102"), &[], NOW).await.unwrap();
    // Richard's study under Jane's number, with his card.
    let mistaken = card(patient("neodin/A1", "ROE^RICHARD", "19500505"));
    store.index_study(&north, &study("1.3", mistaken, "20260103"), &[], NOW).await.unwrap();
    assert_eq!(kinds(&listed(&store).await), ["patient number"]);
    let person = |uid: &'static str| {
        let store = store.clone();
        async move { store.studies_by_uid(&crate::build::uid(uid), &all()).await.unwrap()[0].person_key }
    };
    assert_ne!(person("1.2").await, person("1.1").await, "Jane's images are not in Richard's record");
    assert_eq!(person("1.3").await, person("1.2").await, "what came under her number stays there");
}

async fn series_are_looked_through_for_reports_once_and_when_more_is_held(store: Store) {
    let (north, _) = two(&store).await;
    let record = study("1.1", jane(), "20260101");
    let one = |series_uid: &str, modality: &str, sop: &str| {
        let mut new = instance(&north, &record, series_uid, sop, sop);
        new.series = series(series_uid, modality, 0);
        new
    };
    let batch = [one("1.1.1", "CT", "9.1"), one("1.1.2", "SR", "9.2"), one("1.1.3", "DOC", "9.3")];
    let out = store.index_instances(&batch, NOW).await.unwrap();
    let keys = [out[1].series_key, out[2].series_key];
    assert!(store.series_to_seek(0, NOW - 1, 10).await.unwrap().is_empty(), "something may be on its way still");
    assert_eq!(store.series_to_seek(0, NOW, 10).await.unwrap(), keys.map(|key| (key, 1)), "pictures are no documents");
    assert_eq!(store.series_to_seek(keys[0], NOW, 10).await.unwrap(), [(keys[1], 1)]);
    for key in keys {
        store.note_sought(key, 1).await.unwrap();
    }
    assert!(store.series_to_seek(0, NOW, 10).await.unwrap().is_empty());
    store.index_instances(&[one("1.1.2", "SR", "9.4")], NOW).await.unwrap();
    assert_eq!(store.series_to_seek(0, NOW, 10).await.unwrap(), [(keys[0], 2)]);
    assert!(store.which_are_reports(&["9.2", "9.4"]).await.unwrap().is_empty());
}

async fn documents_that_were_brought_and_left_are_not_brought_again(store: Store) {
    let (north, _) = two(&store).await;
    let told = |n: u32| [series("1.1.1", "CT", 9), series("1.1.2", "SR", n), series("1.1.3", "DOC", 99)];
    store.index_study(&north, &study("1.1", jane(), "20260101"), &told(1), NOW).await.unwrap();
    let found = |before_ms| store.documents_to_bring(before_ms, 50, 10);
    let listed = found(NOW).await.unwrap();
    assert_eq!(listed.len(), 1, "pictures and long series are no reports");
    assert_eq!((listed[0].series_instance_uid.as_str(), listed[0].instances), ("1.1.2", 1));
    let key = listed[0].series_key;
    store.note_documents(key, 0, NOW).await.unwrap();
    assert!(found(NOW - 1).await.unwrap().is_empty(), "it did not come, and waits");
    assert_eq!(found(NOW).await.unwrap().len(), 1);
    store.note_documents(key, 1, NOW).await.unwrap();
    assert!(found(NOW).await.unwrap().is_empty(), "it was here, whether it is still or not");
    store.index_study(&north, &study("1.1", jane(), "20260101"), &told(2), NOW).await.unwrap();
    assert_eq!(found(NOW).await.unwrap()[0].instances, 2, "there is another one");
}

pub(crate) mod contract {
    crate::contract!(
        copies_of_one_instance_that_differ_are_listed_unless_they_are_found_to_be_the_same,
        two_files_of_one_identifier_are_no_repeat,
        the_same_under_another_header_takes_the_place_of_what_is_not_at_hand,
        a_study_of_several_patients_is_alerted_once_and_first_in_the_list,
        what_is_dismissed_leaves_the_list_until_it_is_another_case,
        a_report_that_names_what_is_another_patients_is_listed_until_its_own_comes,
        a_report_by_an_accession_number_of_another_facility_is_tied_to_nothing_and_listed,
        series_are_looked_through_for_reports_once_and_when_more_is_held,
        the_card_of_a_stranger_under_a_number_links_that_number_to_nobody,
        documents_that_were_brought_and_left_are_not_brought_again,
    );
}
