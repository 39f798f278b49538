//! Test patients are in no search over all patients, counts agree, and somebody real who looks like one is found again.

use index_query::{Level, parse};
use index_store::{SearchFilter, Store, TestRuling};

use crate::build::{NOW, patient, repository, search, series, study, tails, uid};

fn without() -> SearchFilter {
    SearchFilter { without_tests: true, ..SearchFilter::default() }
}

/// Studies 2 and 5 are of tests; people are called Test, and were not known yet.
async fn province(store: &Store) {
    let north = repository(store, "neodin", "north").await;
    let batch: Vec<_> = [
        ("1", "neodin/A1", "TEST^JANE", "20260101"),
        ("2", "neodin/TEST-0001", "DOE^JANE", "20260102"),
        ("3", "neodin/A3", "TRAUMA^ALPHA", "20260103"),
        ("4", "neodin/TESTA4", "DOE^JIM", "20260104"),
        ("5", "neodin-test/4711", "DOE^JOHN", ""),
    ]
    .into_iter()
    .map(|(n, id, name, date)| {
        (study(&format!("1.{n}"), patient(id, name, "19700101"), date), vec![series(&format!("2.{n}"), "CT", 3)])
    })
    .collect();
    store.index_studies(&north, &batch, NOW).await.unwrap();
}

async fn what(store: &Store, text: &str) -> (String, u64) {
    let found = search(store, text, &without()).await;
    (tails(&found.rows), found.remaining)
}

async fn a_search_over_all_patients_has_no_test_and_counts_agree(store: Store) {
    province(&store).await;
    assert_eq!(what(&store, "").await, ("4 3 1".into(), 0));
    assert_eq!(what(&store, "limit=1").await, ("4".into(), 2));
    assert_eq!(what(&store, "limit=1&ModalitiesInStudy=CT").await, ("4".into(), 2));
    assert_eq!(what(&store, "limit=1&offset=1&StudyDate=20260101-20260131").await, ("3".into(), 1));
    assert_eq!(what(&store, "PatientName=DOE").await, ("4".into(), 0));
    assert_eq!(search(&store, "StudyDate=20260101-20260131", &without()).await.undated, 0);
    assert_eq!(search(&store, "", &SearchFilter::default()).await.rows.len(), 5, "who asks for all has all");
    let query = parse(Level::Series, &[]).unwrap().query;
    assert_eq!(store.search_series(&query, &without()).await.unwrap().rows.len(), 3);
    assert_eq!(store.count_instances(&query, &without()).await.unwrap(), 9);
    let query = parse(Level::Study, &[]).unwrap().query;
    let patients = store.search_patients(&query, &without()).await.unwrap();
    assert_eq!((patients.rows.len(), patients.remaining), (3, 0));
}

async fn somebody_real_who_is_taken_for_a_test_is_found_when_an_operator_says_so(store: Store) {
    province(&store).await;
    let listed = store.test_patients(100).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.hidden_studies).collect::<Vec<_>>(), [1, 1]);
    let real = listed.iter().find(|one| one.issuer == "neodin").unwrap();
    assert!(store.person_of_test_patient(real.patient_key).await.unwrap().is_some());
    let ruling =
        TestRuling { is_test: false, reason: "a number of our old system".into(), by: "operator".into(), at_ms: NOW };
    store.rule_test(real.patient_key, &ruling).await.unwrap();
    assert_eq!(what(&store, "").await.0, "4 3 2 1");

    // It holds for what comes later, and is listed with its reason.
    let late = study("1.6", patient("neodin/TEST-0001", "DOE^JANE", "19700101"), "20260106");
    store.index_study(&index_model::RepositoryCode::parse("neodin").unwrap(), &late, &[], NOW).await.unwrap();
    assert_eq!(what(&store, "").await.0, "6 4 3 2 1");
    let listed = store.test_patients(100).await.unwrap();
    let ruled = listed.iter().find(|one| one.issuer == "neodin").unwrap();
    assert_eq!((ruled.hidden_studies, ruled.ruling.as_ref()), (0, Some(&ruling)));
    let nobody = store.studies_by_uid(&uid("1.1"), &SearchFilter::default()).await.unwrap()[0].patient_key;
    assert!(store.person_of_test_patient(nobody).await.unwrap().is_none(), "who is no test needs no ruling");
}

async fn somebody_who_looks_like_no_test_is_one_when_an_operator_says_so(store: Store) {
    province(&store).await;
    assert!(store.patient_of_number("neodin", "999").await.unwrap().is_none());
    let (patient_key, _) = store.patient_of_number("neodin", "TESTA4").await.unwrap().unwrap();
    assert!(store.person_of_test_patient(patient_key).await.unwrap().is_none());
    let ruling = |is_test, at_ms| TestRuling { is_test, reason: "a phantom".into(), by: "operator".into(), at_ms };
    store.rule_test(patient_key, &ruling(true, NOW)).await.unwrap();
    assert_eq!(what(&store, "").await.0, "3 1");
    let north = index_model::RepositoryCode::parse("neodin").unwrap();
    let late = |n: &str| study(n, patient("neodin/TESTA4", "DOE^JIM", "19700101"), "20260106");
    store.index_study(&north, &late("1.6"), &[], NOW).await.unwrap();
    store.index_studies(&north, &[(late("1.7"), vec![]), (late("1.8"), vec![])], NOW).await.unwrap();
    assert_eq!(what(&store, "").await.0, "3 1", "also what comes later");
    assert!(store.person_of_test_patient(patient_key).await.unwrap().is_some());
    store.rule_test(patient_key, &ruling(false, NOW + 1)).await.unwrap();
    assert_eq!(what(&store, "").await.0.split(' ').count(), 6);
}

pub(crate) mod contract {
    crate::contract!(
        a_search_over_all_patients_has_no_test_and_counts_agree,
        somebody_real_who_is_taken_for_a_test_is_found_when_an_operator_says_so,
        somebody_who_looks_like_no_test_is_one_when_an_operator_says_so,
    );
}
