//! The registry beside a repository's own list.

use index_model::Uid;
use index_store::{Drift, DriftKind, DriftOutcome, DriftReport, Store};

use crate::build::{NOW, all, jane, series, study, two, uid};

async fn copies_are_found_by_uid_and_by_date(store: Store) {
    let (north, south) = two(&store).await;
    for (n, date) in [("1.1", "20260101"), ("1.2", "20250101"), ("1.3", "")] {
        let mut record = study(n, jane(), date);
        record.number_of_study_related_instances = Some(3);
        store.index_study(&north, &record, &[series(&format!("{n}.1"), "CT", 3)], NOW).await.unwrap();
    }
    store.index_study(&south, &study("1.2", jane(), "20250101"), &[series("1.2.1", "CT", 4)], NOW).await.unwrap();
    let found = store.copies_by_uid(&north, &[uid("1.1"), uid("1.3"), uid("1.9")]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[&uid("1.1")].instances, Some(3));
    let uids = async |range, after| -> Vec<String> {
        let rows = store.copies_between(&north, range, after, 2).await.unwrap();
        rows.iter().map(|row| row.study_instance_uid.to_string()).collect()
    };
    assert_eq!(uids((None, None), 0).await, ["1.1", "1.2"], "two at a time");
    let after = store.copies_between(&north, (None, None), 0, 2).await.unwrap()[1].copy_key;
    assert_eq!(uids((None, None), after).await, ["1.3"], "those without a date as well");
    assert_eq!(uids((Some("20260101"), None), 0).await, ["1.1"]);
    assert_eq!(uids((Some("20250101"), Some("20251231")), 0).await, ["1.2"]);
    assert_eq!(uids((None, Some("20241231")), 0).await, Vec::<String>::new());
}

async fn a_copy_that_is_gone_at_its_source_is_marked_and_never_deleted(store: Store) {
    let (north, south) = two(&store).await;
    for repository in [&north, &south] {
        store.index_study(repository, &study("1.1", jane(), ""), &[series("1.1.1", "CT", 3)], NOW).await.unwrap();
    }
    let one = [uid("1.1")];
    assert_eq!(store.mark_removed(&north, &one, Some(NOW), NOW).await.unwrap().len(), 1);
    assert!(store.mark_removed(&north, &one, Some(NOW + 1), NOW).await.unwrap().is_empty(), "it is marked already");
    let row = store.studies_by_uid(&one[0], &all()).await.unwrap().remove(0);
    assert_eq!((&row.removed, row.repositories.len()), (&vec![north.clone()], 2));
    let key = store.series_of_study(row.study_key).await.unwrap()[0].series_key;
    let copies = store.copies_of_series(key).await.unwrap();
    assert_eq!(copies.iter().map(|copy| &copy.repository).collect::<Vec<_>>(), [&south], "it is asked no more");
    assert_eq!(store.copies_by_uid(&north, &one).await.unwrap()[&one[0]].removed_ms, Some(NOW));

    assert_eq!(store.mark_removed(&north, &one, None, NOW).await.unwrap(), [row.study_key]);
    let row = store.studies_by_uid(&one[0], &all()).await.unwrap().remove(0);
    assert!(row.removed.is_empty());
    assert_eq!(store.copies_of_series(key).await.unwrap().len(), 2);
}

fn report(at_ms: i64) -> DriftReport {
    DriftReport {
        report_key: 0,
        started_ms: at_ms,
        ended_ms: at_ms + 5,
        outcome: DriftOutcome::Mended,
        compared: 51,
        not_here: 1,
        not_there: 2,
        differing: 3,
        words: None,
    }
}

async fn reports_of_drift_are_kept_and_the_oldest_give_way(store: Store) {
    let (north, south) = two(&store).await;
    store.ask_for_reconciliation(&north, true, NOW).await.unwrap();
    let line = |n: usize| Drift {
        kind: DriftKind::NotThere,
        study_instance_uid: Uid::parse(&format!("1.{n}")).unwrap(),
        instances_here: Some(3),
        instances_there: None,
    };
    let lines: Vec<Drift> = (0..900).map(line).collect();
    let before = store.put_drift(&north, &report(NOW - 1), &[]).await.unwrap();
    let row = store.repositories().await.unwrap().remove(0);
    assert_eq!((row.reconcile_asked_ms, row.reconcile_accept), (Some(NOW), true), "it began before it was asked for");
    let key = store.put_drift(&north, &report(NOW), &lines).await.unwrap();
    let row = store.repositories().await.unwrap().remove(0);
    assert_eq!((row.reconcile_asked_ms, row.reconciled_ms), (None, Some(NOW + 5)));
    assert_eq!(store.drift_of(key, 1_000).await.unwrap(), lines);
    let kept = store.drift_reports(&north, 10).await.unwrap();
    assert_eq!(
        kept,
        [DriftReport { report_key: key, ..report(NOW) }, DriftReport { report_key: before, ..report(NOW - 1) }]
    );
    assert!(store.drift_reports(&south, 10).await.unwrap().is_empty());
    for n in 1..=30 {
        store.put_drift(&north, &report(NOW + n), &[]).await.unwrap();
    }
    assert_eq!(store.drift_reports(&north, 100).await.unwrap().len(), 30);
    assert!(store.drift_of(key, 10).await.unwrap().is_empty());
}

pub(crate) mod contract {
    crate::contract!(
        copies_are_found_by_uid_and_by_date,
        a_copy_that_is_gone_at_its_source_is_marked_and_never_deleted,
        reports_of_drift_are_kept_and_the_oldest_give_way,
    );
}
