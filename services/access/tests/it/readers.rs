//! Who read something is told by the trail, in bounded memory, and what somebody changed is told as changed.

use std::fs;

use access::{Access, Action, Asked, Face, Readings, Shown, Subject};
use index_model::Uid;
use runtime::Clock;

use crate::{access, loopback, trail};

fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

fn of(study: &str, patient_key: i64) -> Shown {
    Shown { study_instance_uid: Some(uid(study)), patient_key: Some(patient_key), ..Shown::default() }
}

async fn look(access: &Access, key: i64, shown: Shown) {
    let caller = access.caller(loopback()).unwrap().by(Face::Dicomweb);
    access.permit_shown(&caller, Action::View, Subject::Study(key), shown).await.unwrap().count(3, 300);
}

async fn ask(access: &Access, asked: Asked) -> Readings {
    let permit = access.permit(&access.service(), Action::ReviewAudit, Subject::Registry).await.unwrap();
    access.readings(&permit, Asked { most: 100, ..asked }).await.unwrap()
}

#[tokio::test]
async fn a_view_that_runs_when_the_study_moves_ends_and_the_next_is_of_the_other_patient() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed(1_000);
    let access = access(folder.path(), &clock);
    look(&access, 7, of("1.2", 1)).await;
    look(&access, 7, of("1.2", 1)).await;
    look(&access, 7, of("1.2", 2)).await;
    look(&access, 8, of("1.3", 1)).await;
    clock.advance_ms(10 * 60 * 1000);
    access.conclude_old_views().await;

    let asked = Asked { study: Some((uid("1.2"), vec![7])), ..Asked::default() };
    let found = ask(&access, asked.clone()).await;
    let told: Vec<_> = found.rows.iter().map(|row| (row.shown.patient_key, row.concluded.map(|end| end.1))).collect();
    assert_eq!(told, [(Some(1), Some(6)), (Some(2), Some(3))]);
    let wrong = ask(&access, Asked { patient_keys: vec![1], ..asked.clone() }).await;
    assert_eq!((wrong.rows.len(), wrong.rows[0].face), (1, Some(Face::Dicomweb)));
    let under_way = ask(&access, Asked { from_ms: Some(2_000), ..asked.clone() }).await;
    assert_eq!(under_way.rows.len(), 2, "a view that began before may have gone on");
    assert_eq!(ask(&access, Asked { to_ms: Some(1_000), ..asked }).await.rows.len(), 0);
    let of_patient = ask(&access, Asked { patient_keys: vec![1], ..Asked::default() }).await;
    assert_eq!(of_patient.rows.len(), 2, "of all studies");
}

#[tokio::test]
async fn lines_of_before_that_do_not_name_the_study_are_found_by_our_key() {
    let folder = tempfile::tempdir().unwrap();
    let access = access(folder.path(), &Clock::fixed(1_000));
    look(&access, 7, Shown::default()).await;
    look(&access, 70, Shown::default()).await;
    let found = ask(&access, Asked { study: Some((uid("1.2"), vec![7])), ..Asked::default() }).await;
    assert_eq!(found.rows.iter().map(|row| row.subject.clone()).collect::<Vec<_>>(), [Subject::Study(7)]);
}

#[tokio::test]
async fn rows_are_bounded_and_a_line_that_was_changed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let access = access(folder.path(), &Clock::fixed(1_000));
    let caller = access.caller(loopback()).unwrap();
    for version in 1..=9 {
        let shown = Shown { version: Some(version), ..Shown::default() };
        access.permit_shown(&caller, Action::ReadReport, Subject::Report("R".into()), shown).await.unwrap();
    }
    let path = folder.path().join("audit-000000.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.replacen("\"version\":3", "\"version\":4", 1)).unwrap();
    let permit = access.permit(&caller, Action::ReviewAudit, Subject::Report("R".into())).await.unwrap();
    let asked = Asked { reports: vec!["R".into()], most: 4, ..Asked::default() };
    let found = access.readings(&permit, asked).await.unwrap();
    assert_eq!((found.rows.len(), found.not_shown, found.altered), (4, 5, 1));
    assert_eq!(found.rows[0].later_version, Some(2));
    assert_eq!(trail(folder.path()).len(), 10);
}
