//! Who is who.

use index_store::{SearchFilter, Store};

use crate::build::{NOW, all, issued, jane, patient, study, tails, two, uid, with_number};

const NUMBER: &str = "9876543217";

async fn an_id_and_its_issuer_are_one_patient_and_an_id_alone_is_not(store: Store) {
    let (north, south) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    store.index_study(&south, &study("1.2", jane(), "20260102"), &[], NOW).await.unwrap();
    let namesake = patient("swodin/A1", "DOE^JANE", "19700101");
    store.index_study(&south, &study("1.3", namesake, "20260103"), &[], NOW).await.unwrap();

    let persons = store.persons_by_patient_id(Some("neodin"), "A1").await.unwrap();
    assert_eq!(persons.len(), 1);
    assert_eq!(tails(&store.studies_of_person(persons[0].person_key, &all()).await.unwrap()), "2 1");
    assert_eq!(store.persons_by_patient_id(None, "A1").await.unwrap().len(), 2);
    let north_only = SearchFilter { regions: Some(vec!["north".into()]), person_keys: None, ..SearchFilter::default() };
    assert_eq!(tails(&store.studies_of_person(persons[0].person_key, &north_only).await.unwrap()), "1");
}

async fn a_health_number_with_birth_date_and_name_makes_one_person(store: Store) {
    let (north, south) = two(&store).await;
    let here = with_number(jane(), NUMBER, "F");
    let there = patient("swodin/B7", "DOE^JANE^A", "19700101");
    store.index_study(&south, &study("1.2", there.clone(), "20260102"), &[], NOW).await.unwrap();
    store.index_study(&north, &study("1.1", here, "20260101"), &[], NOW).await.unwrap();
    let two_persons = [
        store.persons_by_patient_id(Some("swodin"), "B7").await.unwrap().remove(0),
        store.persons_by_patient_id(Some("neodin"), "A1").await.unwrap().remove(0),
    ];
    assert_ne!(two_persons[0].person_key, two_persons[1].person_key, "names alone never link");

    store.index_study(&south, &study("1.3", with_number(there, NUMBER, "F"), "20260103"), &[], NOW).await.unwrap();
    let one = store.persons_by_patient_id(Some("neodin"), "A1").await.unwrap().remove(0);
    assert_eq!(one.person_key, two_persons[0].person_key, "the older person remains");
    assert_eq!(one.patients.len(), 2);
    assert_eq!(one.health_number.as_ref().unwrap().number.expose(), NUMBER);
    assert_eq!(tails(&store.studies_of_person(one.person_key, &all()).await.unwrap()), "3 2 1");
    let gone = two_persons[1].person_key;
    for id in two_persons.map(|person| person.public_id) {
        assert_eq!(store.person_by_id(&id).await.unwrap().unwrap().person_key, one.person_key);
    }
    assert!(store.person(gone).await.unwrap().is_none());
    assert!(store.person_by_id("nobody").await.unwrap().is_none());
}

async fn a_shared_health_number_of_others_does_not_link(store: Store) {
    let (north, south) = two(&store).await;
    let mother = with_number(jane(), NUMBER, "F");
    let newborn = with_number(patient("swodin/B7", "DOE^BABY", "20260101"), NUMBER, "F");
    let borrower = with_number(patient("swodin/B8", "ROE^RICHARD", "19700101"), NUMBER, "M");
    store.index_study(&north, &study("1.1", mother, "20260101"), &[], NOW).await.unwrap();
    store.index_study(&south, &study("1.2", newborn, "20260101"), &[], NOW).await.unwrap();
    store.index_study(&south, &study("1.3", borrower, "20260101"), &[], NOW).await.unwrap();
    let mut keys = Vec::new();
    for study_uid in ["1.1", "1.2", "1.3"] {
        keys.push(store.studies_by_uid(&uid(study_uid), &all()).await.unwrap()[0].person_key);
    }
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 3);
}

async fn patients_without_a_usable_id_are_nobody_else(store: Store) {
    let (north, south) = two(&store).await;
    for (study_uid, id) in [("1.1", ""), ("1.2", ""), ("1.3", "neodin/UNKNOWN"), ("1.4", "neodin/unknown")] {
        store.index_study(&north, &study(study_uid, patient(id, "DOE^JOHN", ""), ""), &[], NOW).await.unwrap();
    }
    let again = study("1.1", patient("", "DOE^JOHN", ""), "20260101");
    store.index_study(&north, &again, &[], NOW).await.unwrap();
    store.index_study(&south, &again, &[], NOW).await.unwrap();
    let mut keys = Vec::new();
    for study_uid in ["1.1", "1.2", "1.3", "1.4"] {
        let rows = store.studies_by_uid(&uid(study_uid), &all()).await.unwrap();
        assert_eq!(rows.len(), 1);
        keys.push(rows[0].person_key);
    }
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 4);
}

async fn an_accession_number_is_found_with_its_issuer(store: Store) {
    let (north, south) = two(&store).await;
    let mut here = study("1.1", jane(), "20260101");
    here.accession_number = Some(issued("neodin", "A1001"));
    let mut there = study("1.2", patient("swodin/B7", "ROE^RICHARD", "19500505"), "20260101");
    there.accession_number = Some(issued("swodin", "A1001"));
    store.index_study(&north, &here, &[], NOW).await.unwrap();
    store.index_study(&south, &there, &[], NOW).await.unwrap();
    assert_eq!(tails(&store.studies_by_accession(Some("swodin"), "A1001").await.unwrap()), "2");
    assert_eq!(tails(&store.studies_by_accession(None, "A1001").await.unwrap()), "1 2");
    assert_eq!(tails(&store.studies_by_accession(Some("swodin"), "").await.unwrap()), "");
}

pub(crate) mod contract {
    crate::contract!(
        an_id_and_its_issuer_are_one_patient_and_an_id_alone_is_not,
        a_health_number_with_birth_date_and_name_makes_one_person,
        a_shared_health_number_of_others_does_not_link,
        patients_without_a_usable_id_are_nobody_else,
        an_accession_number_is_found_with_its_issuer,
    );
}
