//! The patient level: who has a study that matches, each PatientID of an issuer once.

use index_query::{Level, parse};
use index_store::{Found, PatientRow, SearchFilter, Store};

use crate::build::{NOW, all, patient, series, study, two};

/// Two patients of the north, of whom one has studies in both regions, and one who has no PatientID.
async fn province(store: &Store) {
    let (north, south) = two(store).await;
    let (jane, jim) = (patient("neodin/A1", "DOE^JANE", "19700101"), patient("neodin/A2", "DOERING^JIM", "19710202"));
    let (abroad, nameless) = (patient("swodin/A1", "DOE^JANE", "19700101"), patient("", "DOE^JOHN", ""));
    for (repository, uid, patient, modality) in [
        (&north, "1.1", &jane, "CT"),
        (&north, "1.2", &jane, "MR"),
        (&south, "1.2", &jane, "MR"),
        (&north, "1.3", &jim, "CT"),
        (&south, "1.4", &abroad, "CR"),
        (&south, "1.5", &nameless, "CR"),
        // One study, united, whose copies name its patient by two identifiers.
        (&south, "1.1", &abroad, "CT"),
    ] {
        let record = study(uid, patient.clone(), "20260103");
        store.index_study(repository, &record, &[series(&format!("2.{uid}"), modality, 3)], NOW).await.unwrap();
    }
}

async fn search(store: &Store, text: &str, filter: &SearchFilter) -> Found<PatientRow> {
    let pairs: Vec<(String, String)> =
        text.split('&').filter_map(|pair| pair.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    store.search_patients(&parse(Level::Study, &pairs).unwrap().query, filter).await.unwrap()
}

/// `issuer/id studies` of each.
fn told(found: &Found<PatientRow>) -> Vec<String> {
    let one = |row: &PatientRow| {
        let id = row.patient.patient_id.as_ref().unwrap();
        format!("{}/{} {}", id.issuer, id.value.expose(), row.number_of_studies)
    };
    found.rows.iter().map(one).collect()
}

async fn each_patient_is_found_once_with_the_counts_of_their_studies(store: Store) {
    province(&store).await;
    let found = search(&store, "", &all()).await;
    assert_eq!(
        (told(&found), found.remaining),
        (vec!["neodin/A1 2".into(), "neodin/A2 1".into(), "swodin/A1 2".into()], 0)
    );
    assert_eq!((found.rows[0].number_of_series, found.rows[0].number_of_instances), (2, 6));
}

async fn patients_are_found_by_their_own_keys_and_by_those_of_their_studies(store: Store) {
    province(&store).await;
    for (query, expected) in [
        ("PatientName=DOE*", &["neodin/A1 2", "neodin/A2 1", "swodin/A1 2"][..]),
        ("PatientName=doering", &["neodin/A2 1"]),
        ("PatientID=A1", &["neodin/A1 2", "swodin/A1 2"]),
        ("PatientID=A1&IssuerOfPatientID=swodin", &["swodin/A1 2"]),
        ("PatientBirthDate=19710202", &["neodin/A2 1"]),
        ("ModalitiesInStudy=MR", &["neodin/A1 2"]),
        ("StudyInstanceUID=1.4", &["swodin/A1 2"]),
        ("PatientID=Z", &[]),
    ] {
        assert_eq!(told(&search(&store, query, &all()).await), expected, "{query}");
    }
    assert_eq!(search(&store, "StationName=X", &all()).await.unsupported.len(), 1);
}

async fn patients_come_page_by_page(store: Store) {
    province(&store).await;
    let first = search(&store, "limit=1", &all()).await;
    assert_eq!((told(&first), first.remaining), (vec!["neodin/A1 2".to_owned()], 2));
    let last = search(&store, "limit=2&offset=2", &all()).await;
    assert_eq!((told(&last), last.remaining), (vec!["swodin/A1 2".to_owned()], 0));
}

async fn a_filter_hides_patients_and_what_is_counted_of_them(store: Store) {
    province(&store).await;
    let north = SearchFilter { regions: Some(vec!["north".into()]), person_keys: None, ..SearchFilter::default() };
    assert_eq!(told(&search(&store, "", &north).await), ["neodin/A1 2", "neodin/A2 1"]);
    let south = SearchFilter { regions: Some(vec!["southwest".into()]), person_keys: None, ..SearchFilter::default() };
    assert_eq!(told(&search(&store, "", &south).await), ["neodin/A1 1", "swodin/A1 2"]);
    let nobody = SearchFilter { regions: None, person_keys: Some(Vec::new()), ..SearchFilter::default() };
    assert!(told(&search(&store, "", &nobody).await).is_empty());
}

pub(crate) mod contract {
    crate::contract!(
        each_patient_is_found_once_with_the_counts_of_their_studies,
        patients_are_found_by_their_own_keys_and_by_those_of_their_studies,
        patients_come_page_by_page,
        a_filter_hides_patients_and_what_is_counted_of_them,
    );
}
