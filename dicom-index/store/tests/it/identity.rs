//! What a patient administration system tells, and what follows it.

use index_model::{Demographic, PatientChange as Change, PatientEvent, PatientRecord, ReportStatus, RepositoryCode};
use index_query::{Level, parse};
use index_store::{PatientTold, Store};

use crate::build::{NOW, all, found, issued, jane, patient, series, study, tails, two, uid, with_number};
use crate::reports::{id_of, report};

const NUMBER: &str = "9876543217";

pub(crate) fn event(control_id: &str, change: Change, patient: PatientRecord, other: &str) -> PatientEvent {
    PatientEvent {
        message_control_id: control_id.into(),
        message_sha256: format!("sha of {control_id}"),
        change,
        patient,
        other: other.split_once('/').map(|(issuer, id)| issued(issuer, id)),
        visit: None,
        recorded_ms: Some(NOW),
    }
}

async fn tell(store: &Store, repository: &RepositoryCode, event: &PatientEvent) -> PatientTold {
    store.tell_patient(repository, event, b"MSH", NOW).await.unwrap()
}

/// The studies of the person who has this number, the person's public id and how many reports they have.
async fn chart(store: &Store, id: &str) -> (String, String, usize) {
    let (issuer, id) = id.split_once('/').unwrap();
    let person = store.persons_by_patient_id(Some(issuer), id).await.unwrap().remove(0);
    let studies = store.studies_of_person(person.person_key, &all()).await.unwrap();
    let reports = store.reports_of_person(person.person_key).await.unwrap().len();
    (tails(&studies), person.public_id, reports)
}

fn ann() -> PatientRecord {
    patient("neodin/A2", "DOE-SMITH^ANN", "19710202")
}

async fn a_merge_takes_everything_to_the_survivor_and_an_unmerge_gives_it_back(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    let mut wrong = study("1.2", ann(), "20260102");
    wrong.accession_number = Some(issued("neodin", "A1001"));
    store.index_study(&north, &wrong, &[], NOW).await.unwrap();
    let written = store.store_report(&north, &report("R1", ann(), ReportStatus::Final, 10), b"MSH", NOW).await.unwrap();
    let before = [chart(&store, "neodin/A1").await, chart(&store, "neodin/A2").await];
    assert_eq!((before[0].0.as_str(), before[0].2, before[1].0.as_str(), before[1].2), ("1", 0, "2", 1));

    let merge = event("E1", Change::Merge, jane(), "neodin/A2");
    assert_eq!(tell(&store, &north, &merge).await, PatientTold::Done);
    let merged = chart(&store, "neodin/A1").await;
    assert_eq!((merged.0.as_str(), merged.2), ("2 1", 1));
    assert_eq!(chart(&store, "neodin/A2").await, merged, "the old number leads to the same record");
    for (_, public_id, _) in &before {
        assert_eq!(store.person_by_id(public_id).await.unwrap().unwrap().public_id, merged.1);
    }
    assert_eq!(found(&store, "PatientID=A1").await, "2 1");
    assert_eq!(found(&store, "PatientName=DOE^JANE").await, "2 1", "the survivor's name is on all of them");
    assert_eq!(found(&store, "PatientName=DOE-SMITH^ANN").await, "");

    let undo = event("E2", Change::Unmerge, jane(), "neodin/A2");
    assert_eq!(tell(&store, &north, &undo).await, PatientTold::Done);
    assert_eq!([chart(&store, "neodin/A1").await, chart(&store, "neodin/A2").await], before);
    assert_eq!(found(&store, "PatientID=A1").await, "1");
    assert_eq!(found(&store, "PatientName=DOE-SMITH^ANN").await, "2");
    let row = store.report(&id_of(&written)).await.unwrap().unwrap();
    assert_eq!(row.links.len(), 1, "the report stands beside its study all the time");
    let again = event("E3", Change::Unmerge, jane(), "neodin/A2");
    assert_eq!(tell(&store, &north, &again).await, PatientTold::Done, "nothing is left to part, and it is kept");
    assert_eq!([chart(&store, "neodin/A1").await, chart(&store, "neodin/A2").await], before);
}

async fn what_was_deleted_stays_absent_until_it_is_told_anew(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    let later = |control_id: &str, patient: PatientRecord, minute: i64| PatientEvent {
        recorded_ms: Some(NOW + minute),
        ..event(control_id, Change::Update, patient, "")
    };
    let nameless =
        PatientRecord { patient_name: index_model::PersonName::default(), patient_birth_date: None, ..jane() };
    assert_eq!(tell(&store, &north, &later("E1", nameless.clone(), 1)).await, PatientTold::Done);
    assert_eq!(found(&store, "PatientBirthDate=19700101").await, "1", "an empty value changes nothing");
    let deleted = PatientRecord { deleted: vec![Demographic::BirthDate], ..nameless.clone() };
    assert_eq!(tell(&store, &north, &later("E2", deleted, 2)).await, PatientTold::Done);
    assert_eq!(found(&store, "PatientBirthDate=19700101").await, "", "null deletes it");
    assert_eq!(found(&store, "PatientName=DOE*").await, "1", "and nothing else");
    // What a report or an object says of it afterwards fills no gap.
    store.store_report(&north, &report("R1", jane(), ReportStatus::Final, 10), b"MSH", NOW).await.unwrap();
    store.index_study(&north, &study("1.2", jane(), "20260102"), &[], NOW).await.unwrap();
    assert_eq!(tell(&store, &north, &later("E3", nameless, 3)).await, PatientTold::Done);
    assert_eq!(found(&store, "PatientBirthDate=19700101").await, "");
    assert_eq!(tell(&store, &north, &later("E4", jane(), 4)).await, PatientTold::Done);
    assert_eq!(found(&store, "PatientBirthDate=19700101").await, "2 1", "who keeps it tells it anew");
}

/// Launch links and lists of workstations have the old number for years: who asks by it is answered of whom it goes by.
async fn a_merged_number_finds_what_the_survivor_has(store: Store) {
    let (north, south) = two(&store).await;
    let mut of_jane = study("1.1", jane(), "20260101");
    of_jane.accession_number = Some(issued("neodin", "ACC1"));
    store.index_study(&north, &of_jane, &[series("2.1", "CT", 1)], NOW).await.unwrap();
    store.index_study(&north, &study("1.2", ann(), "20260102"), &[series("2.2", "CT", 1)], NOW).await.unwrap();
    let namesake = patient("swodin/A2", "ROE^RITA", "19330303");
    store.index_study(&south, &study("1.3", namesake, "20260103"), &[], NOW).await.unwrap();
    assert_eq!(found(&store, "PatientID=A2").await, "3 2");
    tell(&store, &north, &event("E1", Change::Merge, jane(), "neodin/A2")).await;
    for (text, expected) in [
        ("PatientID=A2&IssuerOfPatientID=neodin", "2 1"),
        ("PatientID=A2", "3 2 1"),
        ("PatientID=A2\\A9&IssuerOfPatientID=neodin\\army", "2 1"),
        ("PatientID=?2&IssuerOfPatientID=neodin", "2 1"),
        ("PatientID=A2&IssuerOfPatientID=swodin", "3"),
        ("PatientID=A2&AccessionNumber=ACC1", "1"),
        ("PatientID=A2&StudyDate=20260102", "2"),
        ("PatientID=A1", "2 1"),
        ("PatientID=a2", ""),
    ] {
        assert_eq!(found(&store, text).await, expected, "{text}");
    }
    let asked = [("PatientID".to_owned(), "A2".to_owned()), ("IssuerOfPatientID".to_owned(), "neodin".to_owned())];
    let of_series = store.search_series(&parse(Level::Series, &asked).unwrap().query, &all()).await.unwrap();
    assert_eq!(of_series.rows.len(), 2);
    let patients = store.search_patients(&parse(Level::Study, &asked).unwrap().query, &all()).await.unwrap();
    let ids: Vec<_> = patients.rows.iter().map(|row| row.patient.patient_id.clone().unwrap()).collect();
    assert_eq!(ids, [issued("neodin", "A1")], "one patient, by the number that is theirs now");
    let third = patient("neodin/A3", "DOE^JANE", "19700101");
    tell(&store, &north, &event("E2", Change::Merge, third, "neodin/A1")).await;
    assert_eq!(found(&store, "PatientID=A2&IssuerOfPatientID=neodin").await, "2 1", "through two merges");
    tell(&store, &north, &event("E3", Change::Unmerge, jane(), "neodin/A2")).await;
    assert_eq!(
        found(&store, "PatientID=A2&IssuerOfPatientID=neodin").await,
        "2",
        "and its own after it was taken back"
    );
    assert_eq!(found(&store, "PatientID=A1").await, "1");
}

async fn what_comes_late_under_a_merged_number_is_the_survivors(store: Store) {
    let (north, _) = two(&store).await;
    let merge = event("E1", Change::Merge, jane(), "neodin/A2");
    assert_eq!(tell(&store, &north, &merge).await, PatientTold::Done, "neither number was known");
    store.index_study(&north, &study("1.2", ann(), "20260102"), &[], NOW).await.unwrap();
    store.store_report(&north, &report("R1", ann(), ReportStatus::Final, 10), b"MSH", NOW).await.unwrap();
    let late = chart(&store, "neodin/A1").await;
    assert_eq!((late.0.as_str(), late.2), ("2", 1));
    assert_eq!(found(&store, "PatientID=A1").await, "2");
    assert_eq!(found(&store, "PatientName=DOE^JANE").await, "2");
    tell(&store, &north, &event("E2", Change::Unmerge, jane(), "neodin/A2")).await;
    assert_eq!(chart(&store, "neodin/A1").await.0, "");
    assert_eq!(chart(&store, "neodin/A2").await.0, "2", "it goes back to the number that it came under");
    assert_eq!(found(&store, "PatientID=A2").await, "2");
}

/// Messages of one clean-up overtake each other, or are sent again days after: what was recorded last holds.
async fn an_older_merge_that_comes_after_a_newer_unmerge_is_history(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    store.index_study(&north, &study("1.2", ann(), "20260102"), &[], NOW).await.unwrap();
    let at = |control_id: &str, change, minute: i64| PatientEvent {
        recorded_ms: Some(NOW - 3_600_000 + minute * 60_000),
        ..event(control_id, change, jane(), "neodin/A2")
    };
    assert_eq!(tell(&store, &north, &at("E1", Change::Merge, 1)).await, PatientTold::Done);
    assert_eq!(tell(&store, &north, &at("E2", Change::Unmerge, 9)).await, PatientTold::Done);
    let late = at("E3", Change::Merge, 5);
    assert_eq!(tell(&store, &north, &late).await, PatientTold::Done, "its sender is not at fault");
    assert_eq!(chart(&store, "neodin/A1").await.0, "1");
    assert_eq!(tell(&store, &north, &late).await, PatientTold::Repeat, "it is kept");
    // Recorded after it, the same holds; and an un-merge from before that merge does not part them again.
    assert_eq!(tell(&store, &north, &at("E4", Change::Merge, 20)).await, PatientTold::Done);
    assert_eq!(chart(&store, "neodin/A1").await.0, "2 1");
    assert_eq!(tell(&store, &north, &at("E5", Change::Unmerge, 15)).await, PatientTold::Done);
    assert_eq!(chart(&store, "neodin/A1").await.0, "2 1");
    // A clock that was hours ahead keeps nothing back that is told after it was put right.
    let ahead = PatientEvent { recorded_ms: Some(NOW + 25_200_000), ..at("E6", Change::Merge, 0) };
    tell(&store, &north, &ahead).await;
    let righted = PatientEvent { recorded_ms: Some(NOW), ..at("E7", Change::Unmerge, 0) };
    assert_eq!(tell(&store, &north, &righted).await, PatientTold::Done);
    assert_eq!(chart(&store, "neodin/A1").await.0, "1");
}

/// The un-merge overtook its merge, perhaps before anything else was known of either number.
async fn an_unmerge_that_comes_before_its_merge_is_remembered_and_the_merge_is_history(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    let at = |control_id: &str, change, other: &str, minute: i64| PatientEvent {
        recorded_ms: Some(NOW - 3_600_000 + minute * 60_000),
        ..event(control_id, change, jane(), other)
    };
    assert_eq!(tell(&store, &north, &at("E1", Change::Unmerge, "neodin/A2", 9)).await, PatientTold::Done);
    assert_eq!(tell(&store, &north, &at("E2", Change::Merge, "neodin/A2", 5)).await, PatientTold::Done);
    store.index_study(&north, &study("1.2", ann(), "20260102"), &[], NOW).await.unwrap();
    assert_eq!(chart(&store, "neodin/A1").await.0, "1", "taken back before it came");
    assert_eq!(chart(&store, "neodin/A2").await.0, "2");
    assert_eq!(tell(&store, &north, &at("E3", Change::Merge, "neodin/A2", 20)).await, PatientTold::Done);
    assert_eq!(chart(&store, "neodin/A1").await.0, "2 1", "one that was recorded after it holds");
    // Two that are one by way of a third were not merged by what this would take back.
    tell(&store, &north, &at("E4", Change::Merge, "neodin/A3", 21)).await;
    let by_way = PatientEvent { patient: ann(), ..at("E5", Change::Unmerge, "neodin/A3", 22) };
    for refused in [by_way, at("E6", Change::Unmerge, "neodin/A1", 22), at("E7", Change::Unmerge, "oacis/A2", 22)] {
        assert!(matches!(tell(&store, &north, &refused).await, PatientTold::Refused { .. }));
    }
    assert_eq!(chart(&store, "neodin/A1").await.0, "2 1");
}

async fn a_wrongly_moved_number_goes_back_by_the_reverse_of_its_message(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    store.index_study(&north, &study("1.2", ann(), "20260102"), &[], NOW).await.unwrap();
    let before = [chart(&store, "neodin/A1").await, chart(&store, "neodin/A2").await];
    tell(&store, &north, &event("E1", Change::Renumber, jane(), "neodin/A2")).await;
    assert_eq!(chart(&store, "neodin/A1").await.0, "2 1");
    assert_eq!(tell(&store, &north, &event("E2", Change::Renumber, ann(), "neodin/A1")).await, PatientTold::Done);
    assert_eq!([chart(&store, "neodin/A1").await, chart(&store, "neodin/A2").await], before);
    assert_eq!(found(&store, "PatientName=DOE-SMITH^ANN").await, "2");
    tell(&store, &north, &event("E3", Change::Renumber, jane(), "neodin/A2")).await;
    assert_eq!(chart(&store, "neodin/A1").await.0, "2 1", "and it may be moved again");
    // What one message merged, another kind of message does not take back.
    tell(&store, &north, &event("E4", Change::Unmerge, jane(), "neodin/A2")).await;
    tell(&store, &north, &event("E5", Change::Merge, jane(), "neodin/A2")).await;
    let other = tell(&store, &north, &event("E6", Change::Renumber, ann(), "neodin/A1")).await;
    assert!(matches!(other, PatientTold::Refused { .. }));
}

async fn a_move_that_comes_after_its_reverse_parts_what_the_reverse_joined(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    store.index_study(&north, &study("1.2", ann(), "20260102"), &[], NOW).await.unwrap();
    let before = [chart(&store, "neodin/A1").await, chart(&store, "neodin/A2").await];
    let at = |id: &str, minute: i64, patient: PatientRecord, other: &str| PatientEvent {
        recorded_ms: Some(NOW - 3_600_000 + minute * 60_000),
        ..event(id, Change::Renumber, patient, other)
    };
    let charts = async || [chart(&store, "neodin/A1").await, chart(&store, "neodin/A2").await];
    tell(&store, &north, &at("E1", 9, ann(), "neodin/A1")).await;
    tell(&store, &north, &at("E2", 5, jane(), "neodin/A2")).await;
    assert_eq!(charts().await, before, "what was moved at 5 went back at 9");
    tell(&store, &north, &at("E3", 1, ann(), "neodin/A1")).await;
    assert_eq!(chart(&store, "neodin/A2").await.0, "2 1", "moved at 1, back at 5, moved at 9");
    tell(&store, &north, &at("E4", 20, jane(), "neodin/A2")).await;
    assert_eq!(charts().await, before, "and back at 20");
}

async fn a_merge_ends_at_its_issuer(store: Store) {
    let (north, south) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    store.index_study(&north, &study("1.2", ann(), "20260102"), &[], NOW).await.unwrap();
    let namesake = patient("swodin/A2", "ROE^RITA", "19330303");
    store.index_study(&south, &study("1.3", namesake, "20260103"), &[], NOW).await.unwrap();
    tell(&store, &north, &event("E1", Change::Merge, jane(), "neodin/A2")).await;
    assert_eq!(chart(&store, "swodin/A2").await.0, "3", "the same number of another issuer is somebody else");
    for other in ["swodin/A2", "neodin/A1", "neodin/UNKNOWN"] {
        let refused = tell(&store, &north, &event(other, Change::Merge, jane(), other)).await;
        assert!(matches!(refused, PatientTold::Refused { .. }), "{other}");
    }
}

async fn merges_of_merged_numbers_are_followed_and_circles_refused(store: Store) {
    let (north, _) = two(&store).await;
    let third = || patient("neodin/A3", "DOE^JANE", "19700101");
    store.index_study(&north, &study("1.2", ann(), "20260102"), &[], NOW).await.unwrap();
    tell(&store, &north, &event("E1", Change::Merge, jane(), "neodin/A2")).await;
    tell(&store, &north, &event("E2", Change::Merge, third(), "neodin/A1")).await;
    assert_eq!(found(&store, "PatientID=A3").await, "2");
    let circle = tell(&store, &north, &event("E3", Change::Merge, ann(), "neodin/A3")).await;
    assert!(matches!(circle, PatientTold::Refused { .. }));
    tell(&store, &north, &event("E4", Change::Unmerge, third(), "neodin/A1")).await;
    assert_eq!(found(&store, "PatientID=A1").await, "2");
    assert_eq!(found(&store, "PatientID=A3").await, "");
}

async fn changed_demographics_are_on_every_study_and_an_older_message_changes_nothing(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    let married = patient("neodin/A1", "ROE^JANE", "19700101");
    tell(&store, &north, &event("E1", Change::Update, married.clone(), "")).await;
    assert_eq!(found(&store, "PatientName=ROE^JANE").await, "1");
    assert_eq!(found(&store, "PatientName=DOE^JANE").await, "");
    let older = PatientEvent { recorded_ms: Some(NOW - 1), ..event("E2", Change::Update, jane(), "") };
    assert_eq!(tell(&store, &north, &older).await, PatientTold::Done);
    store.index_study(&north, &study("1.2", jane(), "20260102"), &[], NOW).await.unwrap();
    assert_eq!(found(&store, "PatientName=ROE^JANE").await, "2 1", "what an object says does not undo it");
}

async fn a_message_of_a_clock_that_is_ahead_counts_as_of_its_arrival(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    let named = |name: &str| patient("neodin/A1", name, "19700101");
    let ahead = event("E1", Change::Update, named("ROE^JANE"), "");
    tell(&store, &north, &PatientEvent { recorded_ms: Some(NOW + 25_200_000), ..ahead }).await;
    let righted = event("E2", Change::Update, named("POE^JANE"), "");
    tell(&store, &north, &PatientEvent { recorded_ms: Some(NOW), ..righted }).await;
    assert_eq!(found(&store, "PatientName=POE^JANE").await, "1", "what is told after the clock was put right holds");
}

async fn a_corrected_health_number_parts_what_the_wrong_one_joined(store: Store) {
    let (north, south) = two(&store).await;
    let mistyped = with_number(patient("swodin/B7", "DOE^JANE", "19700101"), NUMBER, "F");
    store.index_study(&north, &study("1.1", with_number(jane(), NUMBER, "F"), "20260101"), &[], NOW).await.unwrap();
    store.index_study(&south, &study("1.2", mistyped, "20260102"), &[], NOW).await.unwrap();
    assert_eq!(chart(&store, "neodin/A1").await.0, "2 1");
    let corrected = with_number(patient("swodin/B7", "DOE^JANE", "19700101"), "1234567897", "F");
    tell(&store, &south, &event("E1", Change::Update, corrected, "")).await;
    assert_eq!(chart(&store, "neodin/A1").await.0, "1");
    assert_eq!(chart(&store, "swodin/B7").await.0, "2");
}

async fn an_event_is_taken_once_and_its_control_id_is_its_own(store: Store) {
    let (north, south) = two(&store).await;
    let merge = event("E1", Change::Merge, jane(), "neodin/A2");
    assert_eq!(tell(&store, &north, &merge).await, PatientTold::Done);
    assert_eq!(tell(&store, &north, &merge).await, PatientTold::Repeat);
    let reused = PatientEvent { message_sha256: "other".into(), ..merge.clone() };
    assert_eq!(tell(&store, &north, &reused).await, PatientTold::ControlIdReused);
    assert_eq!(tell(&store, &south, &merge).await, PatientTold::Done, "control ids are their sender's");
}

async fn tests_and_unknown_patients_are_linked_to_nobody(store: Store) {
    let (north, south) = two(&store).await;
    let records = [
        ("TEST^JANE", "19700101"),
        ("Unknown^Female", "19700101"),
        ("DOE^JANE", "19000101"),
        ("TRAUMA^ALPHA", "19700101"),
    ];
    for (n, (name, birth_date)) in records.into_iter().enumerate() {
        for (repository, place) in [(&north, "neodin"), (&south, "swodin")] {
            let somebody = with_number(patient(&format!("{place}/T{n}"), name, birth_date), NUMBER, "F");
            let study = study(&format!("1.{place}{n}").replace("neodin", "5.").replace("swodin", "6."), somebody, "");
            store.index_study(repository, &study, &[], NOW).await.unwrap();
        }
    }
    let mut persons = Vec::new();
    for n in 0..records.len() {
        for place in [5, 6] {
            persons.push(store.studies_by_uid(&uid(&format!("1.{place}.{n}")), &all()).await.unwrap()[0].person_key);
        }
    }
    persons.sort_unstable();
    persons.dedup();
    assert_eq!(persons.len(), 2 * records.len());
}

pub(crate) mod contract {
    crate::contract!(
        what_was_deleted_stays_absent_until_it_is_told_anew,
        a_merge_takes_everything_to_the_survivor_and_an_unmerge_gives_it_back,
        a_merged_number_finds_what_the_survivor_has,
        what_comes_late_under_a_merged_number_is_the_survivors,
        a_merge_ends_at_its_issuer,
        an_older_merge_that_comes_after_a_newer_unmerge_is_history,
        an_unmerge_that_comes_before_its_merge_is_remembered_and_the_merge_is_history,
        a_wrongly_moved_number_goes_back_by_the_reverse_of_its_message,
        a_move_that_comes_after_its_reverse_parts_what_the_reverse_joined,
        merges_of_merged_numbers_are_followed_and_circles_refused,
        changed_demographics_are_on_every_study_and_an_older_message_changes_nothing,
        a_message_of_a_clock_that_is_ahead_counts_as_of_its_arrival,
        a_corrected_health_number_parts_what_the_wrong_one_joined,
        an_event_is_taken_once_and_its_control_id_is_its_own,
        tests_and_unknown_patients_are_linked_to_nobody,
    );
}
