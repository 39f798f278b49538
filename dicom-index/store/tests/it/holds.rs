//! Reports that an operator holds.

use index_model::{LinkEvidence, ReportRecord, ReportStatus};
use index_store::{ReportHold, Store};

use crate::build::{NOW, all, issued, jane, study, two};
use crate::reports::{id_of, report};

fn hold(until_ms: i64) -> ReportHold {
    ReportHold { until_ms, since_ms: NOW, by: "officer".into(), reason: "an incident".into() }
}

async fn a_held_report_is_a_row_without_words_versions_or_title_until_it_is_released(store: Store) {
    let (north, _) = two(&store).await;
    let mut one = study("1.1", jane(), "20260101");
    one.accession_number = Some(issued("neodin", "A1001"));
    store.index_study(&north, &one, &[], NOW).await.unwrap();
    let message = report("M1", jane(), ReportStatus::Final, 10);
    let id = id_of(&store.store_report(&north, &message, b"MSH", NOW).await.unwrap());
    let before = store.report(&id).await.unwrap().unwrap();
    let state = store.state_of_person(before.person_key, &all()).await.unwrap().record;

    assert_eq!(store.hold_report("nothing", &hold(NOW + 9)).await.unwrap(), None);
    assert_eq!(store.release_report(&id, NOW).await.unwrap(), None, "it is not held");
    assert_eq!(store.hold_report(&id, &hold(NOW + 9)).await.unwrap(), Some(before.report_key));
    let held = store.report(&id).await.unwrap().unwrap();
    let listed = [
        store.reports_of_person(held.person_key).await.unwrap().remove(0),
        store.reports_of_study(held.links[0].study_key).await.unwrap().remove(0),
    ];
    for row in [&held, &listed[0], &listed[1]] {
        assert_eq!((row.status, row.held_until_ms), (ReportStatus::Registered, Some(NOW + 9)));
        let current = &row.current;
        assert!(current.text.expose().is_empty() && current.title.is_empty() && row.versions.is_empty());
        assert_eq!((current.issued_ms, current.language.as_str()), (None, ""));
        assert_eq!(row.links[0].evidence, LinkEvidence::Accession, "it stands where it stood");
    }
    assert_ne!(store.state_of_person(held.person_key, &all()).await.unwrap().record, state);

    let next = report("M2", jane(), ReportStatus::Corrected, 20);
    store.store_report(&north, &next, b"MSH", NOW).await.unwrap();
    assert!(store.report(&id).await.unwrap().unwrap().versions.is_empty(), "what comes meanwhile is held with it");
    let all = store.held_reports(10).await.unwrap();
    assert_eq!((all.len(), &all[0].public_id, &all[0].hold), (1, &id, &hold(NOW + 9)));

    assert_eq!(store.release_report(&id, NOW).await.unwrap(), Some(held.report_key));
    let row = store.report(&id).await.unwrap().unwrap();
    assert_eq!((row.status, row.versions.len(), row.held_until_ms), (ReportStatus::Corrected, 2, None));
    assert_eq!(row.current.text.expose(), "FINDINGS: none.");
    assert!(store.held_reports(10).await.unwrap().is_empty());
}

async fn of_two_reports_that_turn_out_to_be_one_the_later_hold_stands(store: Store) {
    let (north, _) = two(&store).await;
    let object = |sop: &str, before: &[&str], issued_ms| ReportRecord {
        accession_number: None,
        filler_order_number: None,
        document_ids: vec![sop.into()],
        predecessor_ids: before.iter().map(|&id| id.into()).collect(),
        ..report(sop, jane(), ReportStatus::Final, issued_ms)
    };
    let with_filler = |sop: &str, before: &[&str], issued_ms| ReportRecord {
        filler_order_number: Some(issued("neodin", sop)),
        ..object(sop, before, issued_ms)
    };
    let first = id_of(&store.store_report(&north, &with_filler("1.9.1", &[], 10), b"", NOW).await.unwrap());
    let last = id_of(&store.store_report(&north, &with_filler("1.9.3", &["1.9.2"], 30), b"", NOW).await.unwrap());
    assert_ne!(first, last);
    store.hold_report(&first, &hold(NOW + 9)).await.unwrap();
    store.hold_report(&last, &hold(NOW + 99)).await.unwrap();
    store.store_report(&north, &with_filler("1.9.2", &["1.9.1"], 20), b"", NOW).await.unwrap();
    let one = store.report(&first).await.unwrap().unwrap();
    assert_eq!(one.public_id, store.report(&last).await.unwrap().unwrap().public_id, "they are one");
    assert_eq!(one.held_until_ms, Some(NOW + 99));
    assert_eq!(store.release_report(&last, NOW).await.unwrap(), Some(one.report_key), "by any of its ids");
}

pub(crate) mod contract {
    crate::contract!(
        a_held_report_is_a_row_without_words_versions_or_title_until_it_is_released,
        of_two_reports_that_turn_out_to_be_one_the_later_hold_stands,
    );
}
