//! The SQL of searches, as it is sent.
#![expect(clippy::unwrap_used, reason = "tests")]

use index_query::{Level, parse};
use insta::assert_snapshot;

use super::{Conditions, MATCHED_ORDER, Scope, series_search, study_search};
use crate::Engine;

/// The one place that knows the API; the tests below are only data.
fn rendered(engine: Engine, level: Level, text: &str, scope: &Scope) -> String {
    let pairs: Vec<(String, String)> =
        text.split('&').filter_map(|pair| pair.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    let query = parse(level, &pairs).unwrap().query;
    let conditions = Conditions::of(&query, engine);
    let search = match level {
        Level::Study => study_search(&conditions, scope),
        Level::Series | Level::Instance => series_search(&conditions, scope),
    };
    let page = search.page.text();
    let page = page.split_once(" END AS study_date").map_or(page, |(_, rest)| rest);
    let (_, rest) = page.split_once(" FROM ").unwrap();
    let conditions = match &search.count {
        Some(count) => {
            // Those that have no date are of the same page, by a part of their own.
            let dated = rest.split_once(" AND s.study_date > '' UNION ALL ").map(|(dated, _)| (dated, MATCHED_ORDER));
            let (conditions, order) = dated.or_else(|| rest.split_once(" ORDER BY ")).unwrap();
            assert_eq!(count.text(), format!("SELECT count(*) FROM {conditions}"), "what is counted is paged");
            let order = order.trim_start_matches(" ORDER BY ").replace("s.", "");
            assert!(order.starts_with("study_date DESC, study_time DESC, study_instance_uid, study_key"));
            assert!(page.contains(" ORDER BY "));
            conditions
        }
        None => rest.rsplit_once(") SELECT ").unwrap().0,
    };
    let begin = if level == Level::Study {
        "study s WHERE 1 = 1"
    } else {
        "study s JOIN series r ON r.study_key = s.study_key WHERE 1 = 1"
    };
    conditions.strip_prefix(begin).unwrap_or(conditions).trim().to_owned()
}

fn studies(text: &str) -> String {
    rendered(Engine::Sqlite, Level::Study, text, &Scope::default())
}

#[test]
fn a_name_is_a_range_of_closed_components() {
    assert_snapshot!(studies("PatientName=DOE^JANE"), @"AND ((s.patient_name >= $1 AND s.patient_name < $2) OR (s.patient_name_ideographic >= $3 AND s.patient_name_ideographic < $4) OR (s.patient_name_phonetic >= $5 AND s.patient_name_phonetic < $6))");
    assert_snapshot!(studies("PatientName=D?E*"), @r#"AND ((s.patient_name >= $1 AND s.patient_name < $2 AND s.patient_name LIKE $3 ESCAPE '\') OR (s.patient_name_ideographic >= $4 AND s.patient_name_ideographic < $5 AND s.patient_name_ideographic LIKE $6 ESCAPE '\') OR (s.patient_name_phonetic >= $7 AND s.patient_name_phonetic < $8 AND s.patient_name_phonetic LIKE $9 ESCAPE '\'))"#);
    assert_snapshot!(studies("PatientName==山田"), @"AND (1 = 1 AND (s.patient_name_ideographic >= $1 AND s.patient_name_ideographic < $2))");
}

#[test]
fn a_name_anywhere_goes_through_the_index_of_parts() {
    assert_snapshot!(studies("PatientName=*DOE^J*"), @r#"AND s.study_key IN (SELECT rowid FROM study_text WHERE study_text MATCH $1) AND ((s.patient_name LIKE $2 ESCAPE '\') OR (s.patient_name_ideographic LIKE $3 ESCAPE '\') OR (s.patient_name_phonetic LIKE $4 ESCAPE '\'))"#);
    assert_snapshot!(rendered(Engine::Postgres, Level::Study, "PatientName=*DOE^J*", &Scope::default()), @r#"AND s.patient_words LIKE $1 AND ((s.patient_name LIKE $2 ESCAPE '\') OR (s.patient_name_ideographic LIKE $3 ESCAPE '\') OR (s.patient_name_phonetic LIKE $4 ESCAPE '\'))"#);
}

#[test]
fn a_fuzzy_word_is_looked_for_by_its_beginning_and_by_its_sound() {
    assert_snapshot!(studies("PatientName=doe j&fuzzymatching=true"), @r#"AND s.study_key IN (SELECT s.study_key FROM study s WHERE 1 = 1 AND s.study_key IN (SELECT rowid FROM study_text WHERE study_text MATCH $1) AND (s.patient_words LIKE $2 ESCAPE '\') UNION SELECT x.study_key FROM study_sound x WHERE x.whose = $3 AND x.sound IN ($4)) AND (s.patient_words LIKE $5 ESCAPE '\')"#);
    assert_snapshot!(rendered(Engine::Postgres, Level::Study, "ReferringPhysicianName=doe&fuzzymatching=true", &Scope::default()), @r#"AND s.study_key IN (SELECT s.study_key FROM study s WHERE 1 = 1 AND s.referring_words LIKE $1 AND (s.referring_words LIKE $2 ESCAPE '\') UNION SELECT x.study_key FROM study_sound x WHERE x.whose = $3 AND x.sound IN ($4))"#);
}

#[test]
fn a_date_range_may_be_open_at_one_end() {
    assert_snapshot!(studies("StudyDate=20240101-"), @"AND s.study_date >= $1");
    assert_snapshot!(studies("StudyDate=-20240101"), @"AND s.study_date <= $1 AND s.study_date > ''");
    assert_snapshot!(studies("StudyTime=10"), @"AND s.study_time >= $1 AND s.study_time <= $2");
}

#[test]
fn a_range_of_dates_takes_the_times_of_its_ends() {
    assert_snapshot!(studies("StudyDate=20240101-20240131&StudyTime=10-12"), @"AND s.study_date >= $1 AND s.study_date <= $2 AND (s.study_date > $3 OR s.study_time >= $4) AND (s.study_date < $5 OR (s.study_time <= $6 AND s.study_time > ''))");
    assert_snapshot!(studies("StudyDate=20240101-&StudyTime=10-12"), @"AND s.study_date >= $1 AND (s.study_date > $2 OR s.study_time >= $3)");
    assert_snapshot!(studies("ModalitiesInStudy=CT&StudyDate=20240101-&StudyTime=10-"), @"study_modality s WHERE s.modality = $1 AND s.study_date >= $2 AND (s.study_date > $3 OR s.study_time >= $4)");
}

#[test]
fn a_modality_with_a_date_needs_no_other_table() {
    assert_snapshot!(studies("ModalitiesInStudy=CT&StudyDate=20240101-20240131"), @"study_modality s WHERE s.modality = $1 AND s.study_date >= $2 AND s.study_date <= $3");
    assert_snapshot!(studies("ModalitiesInStudy=CT,MR"), @r#"AND (1 = 0 OR (s.modalities LIKE $1 ESCAPE '\') OR (s.modalities LIKE $2 ESCAPE '\'))"#);
    assert_snapshot!(studies("ModalitiesInStudy=CT&PatientName=DOE"), @r#"AND (s.modalities LIKE $1 ESCAPE '\') AND ((s.patient_name >= $2 AND s.patient_name < $3) OR (s.patient_name_ideographic >= $4 AND s.patient_name_ideographic < $5) OR (s.patient_name_phonetic >= $6 AND s.patient_name_phonetic < $7))"#);
}

#[test]
fn ids_and_their_issuers_are_of_one_copy() {
    assert_snapshot!(studies("PatientID=1&IssuerOfPatientID=A&AccessionNumber=2"), @"AND s.study_key IN (SELECT c.study_key FROM study_copy c JOIN source_patient p ON p.patient_key = c.patient_key WHERE 1 = 1 AND c.patient_key IN (WITH RECURSIVE w (patient_key, survivor_key) AS (SELECT p.patient_key, p.survivor_key FROM source_patient p WHERE 1 = 1 AND p.patient_id = $1 AND p.issuer = $2 UNION SELECT q.patient_key, q.survivor_key FROM w JOIN source_patient q ON q.patient_key = w.survivor_key) SELECT w.patient_key FROM w) AND c.accession_number = $3 AND c.accession_number <> '')");
}

#[test]
fn a_filter_is_part_of_the_statement() {
    let scope = Scope { repository_keys: Some(vec![7]), person_keys: Some(vec![1, 2]), ..Scope::default() };
    assert_snapshot!(rendered(Engine::Sqlite, Level::Study, "", &scope), @"AND s.study_key IN (SELECT c.study_key FROM study_copy c JOIN source_patient p ON p.patient_key = c.patient_key WHERE p.person_key IN ($1, $2)) AND EXISTS (SELECT 1 FROM study_copy c WHERE c.study_key = s.study_key AND c.repository_key IN ($3))");
    let nothing = Scope { repository_keys: Some(Vec::new()), ..Scope::default() };
    assert_snapshot!(rendered(Engine::Sqlite, Level::Study, "", &nothing), @"AND EXISTS (SELECT 1 FROM study_copy c WHERE c.study_key = s.study_key AND c.repository_key IN (NULL))");
}

#[test]
fn tests_are_looked_up_for_the_rows_of_a_page_and_counted_apart() {
    let scope = Scope { tests: super::Tests::Without, ..Scope::default() };
    let of = |text: &str| {
        let pairs: Vec<(String, String)> =
            text.split_once('=').map(|(a, b)| (a.into(), b.into())).into_iter().collect();
        let query = parse(Level::Study, &pairs).unwrap().query;
        let search = study_search(&Conditions::of(&query, Engine::Sqlite), &scope);
        search.count.unwrap().text().to_owned()
    };
    assert_snapshot!(of(""), @"SELECT value - (SELECT count(*) FROM test_study) FROM tally WHERE name = 'studies'");
    assert_snapshot!(of("ModalitiesInStudy=CT"), @"SELECT (SELECT count(*) FROM study_modality s WHERE s.modality = $1) - (SELECT count(*) FROM study_modality s WHERE s.modality = $2 AND s.study_key IN (SELECT t.study_key FROM test_study t))");
}

#[test]
fn conditions_on_series_are_of_one_series() {
    assert_snapshot!(studies("Modality=SR&SeriesNumber=3"), @"AND EXISTS (SELECT 1 FROM series r WHERE r.study_key = s.study_key AND r.modality = $1 AND r.series_number = $2)");
    assert_snapshot!(rendered(Engine::Sqlite, Level::Series, "StudyInstanceUID=1.2&Modality=SR", &Scope::default()), @"AND s.study_instance_uid = $1 AND r.modality = $2");
    assert_snapshot!(rendered(Engine::Sqlite, Level::Instance, "SOPInstanceUID=1.2", &Scope::default()), @"AND r.series_key IN (SELECT h.series_key FROM held_instance h WHERE 1 = 1 AND h.sop_instance_uid = $1)");
}
