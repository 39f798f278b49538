//! What migrations make of the rows of older databases.

use index_model::ReportStatus;
use index_store::Store;
use sqlx::Connection as _;

use crate::build::{NOW, found, issued, jane, patient, series, study, two};
use crate::reports::{id_of, report};

/// What copies say of other identifiers is found though it came before it could be looked up: of a copy that is alone, and of one that is not.
pub(crate) async fn other_identifiers_are_found(url: &str) {
    let store = Store::open(url).await.unwrap();
    let (north, south) = two(&store).await;
    let with = |id: &str| {
        let mut of = jane();
        of.other_patient_ids = vec![issued("army", id), issued("navy", id)];
        of
    };
    store.index_study(&north, &study("1.1", with("X1"), "20260101"), &[], NOW).await.unwrap();
    store.index_study(&north, &study("1.2", with("X2"), "20260102"), &[], NOW).await.unwrap();
    store.index_study(&south, &study("1.2", with("X3"), "20260102"), &[], NOW).await.unwrap();
    store.index_study(&south, &study("1.3", jane(), "20260103"), &[], NOW).await.unwrap();
    let greek = patient("swodin/G1", "Παπαδόπουλος^Αλέξανδρος", "19600101");
    store.index_study(&south, &study("1.4", greek, "20260104"), &[], NOW).await.unwrap();
    store.close().await;
    let before = "UPDATE study SET patient_name = replace(patient_name, 'σ', 'ς'), patient_words = replace(patient_words, 'σ', 'ς')";
    for sql in [before, "DROP TABLE copy_other_id", "DELETE FROM _sqlx_migrations WHERE version = 21"] {
        if url.starts_with("sqlite:") {
            let mut database = sqlx::SqliteConnection::connect(url).await.unwrap();
            sqlx::query(sql).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        } else {
            let mut database = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query(sql).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        }
    }
    let store = Store::open(url).await.unwrap();
    for (id, expected) in [("X1", "1"), ("X2", "2"), ("X3", "2"), ("X4", "")] {
        assert_eq!(found(&store, &format!("OtherPatientIDsSequence.PatientID={id}")).await, expected, "{id}");
    }
    for text in [
        "PatientName=ΠΑΠΑΔΟΠΟΥΛΟΣ",
        "PatientName=παπαδοπουλος^Α*",
        "PatientName=*δοπουλοσ*",
        "PatientName=ΑΛΕΞΑΝΔΡΟΣ&fuzzymatching=true",
    ] {
        assert_eq!(found(&store, text).await, "4", "{text}");
    }
    let issued = "OtherPatientIDsSequence.PatientID=X3&OtherPatientIDsSequence.IssuerOfPatientID=navy";
    assert_eq!(found(&store, issued).await, "2");
    store.close().await;
}

/// What was known of requests before there was a table of them is found.
pub(crate) async fn requests_are_found(url: &str) {
    let store = Store::open(url).await.unwrap();
    let (north, _) = two(&store).await;
    for (n, step, procedure) in [("1.1", "S1", "P1"), ("1.2", "", "P2"), ("1.3", "", "")] {
        let mut of = series(&format!("{n}.1"), "CT", 3);
        of.scheduled_procedure_step_id = (!step.is_empty()).then(|| step.to_owned());
        of.requested_procedure_id = (!procedure.is_empty()).then(|| procedure.to_owned());
        store.index_study(&north, &study(n, jane(), "20260101"), &[of], NOW).await.unwrap();
    }
    store.close().await;
    for sql in ["DROP TABLE series_request", "DELETE FROM _sqlx_migrations WHERE version = 25"] {
        if url.starts_with("sqlite:") {
            let mut database = sqlx::SqliteConnection::connect(url).await.unwrap();
            sqlx::query(sql).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        } else {
            let mut database = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query(sql).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        }
    }
    let store = Store::open(url).await.unwrap();
    for (key, expected) in [
        ("ScheduledProcedureStepID=S1", "1"),
        ("RequestedProcedureID=P1", "1"),
        ("RequestedProcedureID=P2", "2"),
        ("RequestedProcedureID=P3", ""),
        ("RequestedProcedureID=\"\"&emptyvaluematching=true", "3"),
    ] {
        assert_eq!(found(&store, &format!("RequestAttributesSequence.{key}")).await, expected, "{key}");
    }
    store.close().await;
}

/// Body parts were folded once; now they are as their repositories wrote them.
pub(crate) async fn body_parts_are_as_they_were_written(url: &str) {
    let store = Store::open(url).await.unwrap();
    let (north, _) = two(&store).await;
    for (n, body_part) in [("1.1", Some(" HEAD".to_owned())), ("1.2", None)] {
        let mut of = series(&format!("{n}.1"), "CT", 3);
        of.body_part_examined = body_part;
        store.index_study(&north, &study(n, jane(), "20260101"), &[of], NOW).await.unwrap();
    }
    store.close().await;
    let before = "UPDATE series SET body_part_examined = 'head' WHERE body_part_examined <> ''";
    let not_yet = "DELETE FROM _sqlx_migrations WHERE version = 20";
    if url.starts_with("sqlite:") {
        let mut database = sqlx::SqliteConnection::connect(url).await.unwrap();
        for sql in [before, not_yet] {
            assert!(sqlx::query(sql).execute(&mut database).await.unwrap().rows_affected() == 1);
        }
        database.close().await.unwrap();
    } else {
        let mut database = sqlx::PgConnection::connect(url).await.unwrap();
        for sql in [before, not_yet] {
            assert!(sqlx::query(sql).execute(&mut database).await.unwrap().rows_affected() == 1);
        }
        database.close().await.unwrap();
    }
    let store = Store::open(url).await.unwrap();
    assert_eq!(found(&store, "BodyPartExamined=HEAD").await, "1");
    assert_eq!(found(&store, "BodyPartExamined=head").await, "");
    assert_eq!(found(&store, "BodyPartExamined=\"\"&emptyvaluematching=true").await, "2");
    store.close().await;
}

/// Whose a family of reports is was said by words within its name.
pub(crate) async fn reports_under_numbers_that_were_used_again_stay_apart(url: &str) {
    let store = Store::open(url).await.unwrap();
    let (north, _) = two(&store).await;
    let richard = || patient("neodin/A2", "ROE^RICHARD", "19500505");
    let final_of = |control_id: &str, whose, at| report(control_id, whose, ReportStatus::Final, at);
    let janes = id_of(&store.store_report(&north, &final_of("M1", jane(), 10), b"", NOW).await.unwrap());
    let richards = id_of(&store.store_report(&north, &final_of("M2", richard(), 20), b"", NOW).await.unwrap());
    assert_ne!(janes, richards);
    store.close().await;
    for sql in [
        "DROP INDEX report_by_family",
        "UPDATE report SET family = family || ' used again for ' || family_patient WHERE family_patient <> 0",
        "ALTER TABLE report DROP COLUMN family_patient",
        "CREATE UNIQUE INDEX report_by_family ON report (repository_key, family)",
        "DROP INDEX patient_event_of_other",
        "ALTER TABLE patient_event DROP COLUMN told_ms",
        "DELETE FROM _sqlx_migrations WHERE version = 36",
    ] {
        if url.starts_with("sqlite:") {
            let mut database = sqlx::SqliteConnection::connect(url).await.unwrap();
            sqlx::query(sql).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        } else {
            let mut database = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query(sql).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        }
    }
    let store = Store::open(url).await.unwrap();
    for (control_id, whose, id) in [("M3", jane(), janes), ("M4", richard(), richards)] {
        let next = store.store_report(&north, &final_of(control_id, whose, 30), b"", NOW).await.unwrap();
        assert_eq!(id_of(&next), id);
        assert_eq!(store.report(&id).await.unwrap().unwrap().versions.len(), 2);
    }
    store.close().await;
}
