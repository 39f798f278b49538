//! Orders: the evidence by which a report finds a study that shares no number with it; and what operators rule.

use index_model::{IssuedId, LinkEvidence, OrderRecord, PatientRecord, ReportRecord, ReportStatus, StudyRecord};
use index_store::{OrderStored, Ruled, Store};

use crate::build::{NOW, all, issued, jane, patient, study, two, uid};
use crate::reports::{id_of, report};

pub(crate) fn order(control_id: &str, patient: PatientRecord, told_ms: i64) -> OrderRecord {
    OrderRecord {
        message_control_id: control_id.into(),
        message_sha256: format!("sha of {control_id}"),
        patient,
        placer_order_number: placer("P1"),
        filler_order_number: None,
        visit: index_model::VisitNumbers::default(),
        accession_number: None,
        study_instance_uid: None,
        requested_procedure_id: String::new(),
        title: "CT head".into(),
        is_cancelled: false,
        told_ms: Some(told_ms),
    }
}

fn placer(number: &str) -> Option<IssuedId> {
    Some(issued("his", number))
}

/// A report that names nothing but its placer order.
fn by_placer(control_id: &str, patient: PatientRecord) -> ReportRecord {
    let bare = ReportRecord {
        accession_number: None,
        filler_order_number: None,
        ..report(control_id, patient, ReportStatus::Final, 10)
    };
    ReportRecord { placer_order_number: placer("P1"), ..bare }
}

fn of_accession(study_uid: &str, patient: PatientRecord, accession: &str) -> StudyRecord {
    StudyRecord { accession_number: Some(issued("ris", accession)), ..study(study_uid, patient, "20260101") }
}

async fn links(store: &Store, id: &str) -> Vec<(String, LinkEvidence)> {
    let links = store.report(id).await.unwrap().unwrap().links;
    links.iter().map(|link| (link.study_instance_uid.to_string(), link.evidence)).collect()
}

fn one(study_uid: &str, evidence: LinkEvidence) -> Vec<(String, LinkEvidence)> {
    vec![(study_uid.to_owned(), evidence)]
}

async fn a_report_finds_its_study_through_the_order_whichever_of_the_three_comes_last(store: Store) {
    let (north, _) = two(&store).await;
    for (number, last) in ["report", "order", "study"].into_iter().enumerate() {
        let (name, uid) = (format!("P{number}"), format!("1.{number}"));
        let told = OrderRecord {
            placer_order_number: placer(&name),
            accession_number: Some(issued("ris", &format!("A{number}"))),
            ..order(&format!("O{number}"), jane(), 10)
        };
        let message = ReportRecord { placer_order_number: placer(&name), ..by_placer(&format!("M{number}"), jane()) };
        let mut id = String::new();
        let order_of_arrival = ["report", "order", "study"].into_iter().filter(|step| *step != last).chain([last]);
        for step in order_of_arrival {
            match step {
                "report" => id = id_of(&store.store_report(&north, &message, b"MSH", NOW).await.unwrap()),
                "order" => {
                    assert_eq!(store.store_order(&north, &told, b"MSH", NOW).await.unwrap(), OrderStored::Stored)
                }
                _ => {
                    let study = of_accession(&uid, jane(), &format!("A{number}"));
                    store.index_study(&north, &study, &[], NOW).await.unwrap();
                }
            }
        }
        assert_eq!(links(&store, &id).await, one(&uid, LinkEvidence::Order), "{last} last");
    }
}

async fn an_order_ties_by_each_of_its_numbers(store: Store) {
    let (north, _) = two(&store).await;
    // The study names the order alone; the report names the accession number alone.
    let mut told = order("O1", jane(), 10);
    told.accession_number = Some(issued("ris", "A1"));
    store.store_order(&north, &told, b"MSH", NOW).await.unwrap();
    let ordered = StudyRecord { placer_order_number: placer("P1"), ..study("1.1", jane(), "20260101") };
    store.index_study(&north, &ordered, &[], NOW).await.unwrap();
    let mut message = by_placer("M1", jane());
    (message.placer_order_number, message.accession_number) = (None, Some(issued("ris", "A1")));
    let id = id_of(&store.store_report(&north, &message, b"MSH", NOW).await.unwrap());
    assert_eq!(links(&store, &id).await, one("1.1", LinkEvidence::Order));
    // The order names the study itself.
    let mut told = order("O2", jane(), 10);
    (told.placer_order_number, told.study_instance_uid) = (placer("P2"), Some(uid("1.2")));
    store.store_order(&north, &told, b"MSH", NOW).await.unwrap();
    store.index_study(&north, &study("1.2", jane(), "20260101"), &[], NOW).await.unwrap();
    let message = ReportRecord { placer_order_number: placer("P2"), ..by_placer("M2", jane()) };
    let id = id_of(&store.store_report(&north, &message, b"MSH", NOW).await.unwrap());
    assert_eq!(links(&store, &id).await, one("1.2", LinkEvidence::Order));
}

async fn an_order_never_ties_across_patients_or_issuers(store: Store) {
    let (north, _) = two(&store).await;
    let richard = || patient("neodin/A2", "ROE^RICHARD", "19500505");
    let tied = |control_id: &str, patient| OrderRecord {
        accession_number: Some(issued("ris", "A1")),
        ..order(control_id, patient, 10)
    };
    store.index_study(&north, &of_accession("1.1", jane(), "A1"), &[], NOW).await.unwrap();
    let id = id_of(&store.store_report(&north, &by_placer("M1", richard()), b"MSH", NOW).await.unwrap());
    // Her order, his report.
    store.store_order(&north, &tied("O1", jane()), b"MSH", NOW).await.unwrap();
    assert!(links(&store, &id).await.is_empty());
    // His order by now, and her study.
    store.store_order(&north, &OrderRecord { told_ms: Some(20), ..tied("O2", richard()) }, b"MSH", NOW).await.unwrap();
    assert!(links(&store, &id).await.is_empty());
    // Her order again, her report; but under a number that somebody else gave.
    store.store_order(&north, &OrderRecord { told_ms: Some(30), ..tied("O3", jane()) }, b"MSH", NOW).await.unwrap();
    let other = ReportRecord { placer_order_number: Some(issued("other", "P1")), ..by_placer("M2", jane()) };
    let id = id_of(&store.store_report(&north, &other, b"MSH", NOW).await.unwrap());
    assert!(links(&store, &id).await.is_empty());
    let hers = id_of(&store.store_report(&north, &by_placer("M3", jane()), b"MSH", NOW).await.unwrap());
    assert_eq!(links(&store, &hers).await, one("1.1", LinkEvidence::Order));
}

async fn what_is_still_asked_for_comes_before_what_was_cancelled(store: Store) {
    let (north, _) = two(&store).await;
    let procedure = |control_id: &str, procedure: &str, accession: &str, told_ms| OrderRecord {
        requested_procedure_id: procedure.into(),
        accession_number: Some(issued("ris", accession)),
        ..order(control_id, jane(), told_ms)
    };
    let cancelled =
        |control_id: &str, told_ms| OrderRecord { is_cancelled: true, ..order(control_id, jane(), told_ms) };
    store.index_study(&north, &of_accession("1.1", jane(), "A1"), &[], NOW).await.unwrap();
    store.index_study(&north, &of_accession("1.2", jane(), "A2"), &[], NOW).await.unwrap();
    let id = id_of(&store.store_report(&north, &by_placer("M1", jane()), b"MSH", NOW).await.unwrap());
    store.store_order(&north, &procedure("O1", "R1", "A1", 10), b"MSH", NOW).await.unwrap();
    assert_eq!(links(&store, &id).await, one("1.1", LinkEvidence::Order));
    // Cancelled as a whole, and asked for again under another accession number.
    store.store_order(&north, &cancelled("O2", 20), b"MSH", NOW).await.unwrap();
    assert_eq!(links(&store, &id).await, one("1.1", LinkEvidence::Order), "what has images is not hidden");
    store.store_order(&north, &procedure("O3", "R2", "A2", 30), b"MSH", NOW).await.unwrap();
    assert_eq!(links(&store, &id).await, one("1.2", LinkEvidence::Order));
    // A message from before the cancellation that comes late brings nothing back.
    store.store_order(&north, &procedure("O4", "R1", "A1", 15), b"MSH", NOW).await.unwrap();
    store.store_order(&north, &procedure("O5", "R3", "A1", 15), b"MSH", NOW).await.unwrap();
    assert_eq!(links(&store, &id).await, one("1.2", LinkEvidence::Order));
}

async fn a_placer_order_that_stands_ties_the_study_of_the_day(store: Store) {
    let (north, _) = two(&store).await;
    for (study_uid, date) in [("1.1", "20260110"), ("1.2", "20260112"), ("1.3", "20260115")] {
        let study = StudyRecord { placer_order_number: placer("P1"), ..study(study_uid, jane(), date) };
        store.index_study(&north, &study, &[], NOW).await.unwrap();
    }
    // 2026-01-12T23:30:00-05:00, the thirteenth in UTC.
    let message = ReportRecord { observed_ms: Some(1_768_278_600_000), ..by_placer("M1", jane()) };
    let id = id_of(&store.store_report(&north, &message, b"MSH", NOW).await.unwrap());
    assert_eq!(links(&store, &id).await, one("1.2", LinkEvidence::PlacerOrder));
}

async fn a_message_of_an_order_is_taken_once_and_its_control_id_is_its_own(store: Store) {
    let (north, south) = two(&store).await;
    let told = order("O1", jane(), 10);
    assert_eq!(store.store_order(&north, &told, b"MSH", NOW).await.unwrap(), OrderStored::Stored);
    assert_eq!(store.store_order(&north, &told, b"MSH", NOW).await.unwrap(), OrderStored::Repeat);
    assert_eq!(store.store_order(&south, &told, b"MSH", NOW).await.unwrap(), OrderStored::Stored);
    let reused = OrderRecord { message_sha256: "other".into(), ..told };
    assert_eq!(store.store_order(&north, &reused, b"MSH", NOW).await.unwrap(), OrderStored::ControlIdReused);
    let reused = report("O1", jane(), ReportStatus::Final, 10);
    let stored = store.store_report(&north, &ReportRecord { message_sha256: "x".into(), ..reused }, b"MSH", NOW).await;
    assert_eq!(stored.unwrap(), index_store::ReportStored::ControlIdReused, "whatever the message is about");
}

async fn an_operators_ruling_stands_over_evidence_but_not_over_whose_it_is(store: Store) {
    let (north, _) = two(&store).await;
    let richard = patient("neodin/A2", "ROE^RICHARD", "19500505");
    store.index_study(&north, &of_accession("1.1", jane(), "A1"), &[], NOW).await.unwrap();
    store.index_study(&north, &of_accession("1.2", jane(), "A2"), &[], NOW).await.unwrap();
    store.index_study(&north, &of_accession("1.3", richard, "A3"), &[], NOW).await.unwrap();
    let message = |control_id: &str, issued_ms| ReportRecord {
        accession_number: Some(issued("ris", "A1")),
        ..report(control_id, jane(), ReportStatus::Final, issued_ms)
    };
    let id = id_of(&store.store_report(&north, &message("M1", 10), b"MSH", NOW).await.unwrap());
    let rule =
        async |study_uid: &str, linked| store.rule_report(&id, &uid(study_uid), linked, "operator", NOW).await.unwrap();
    let person = store.persons_by_patient_id(Some("neodin"), "A1").await.unwrap().remove(0).person_key;
    let state = || async { store.state_of_person(person, &all()).await.unwrap() };
    let before = state().await;
    assert_eq!(rule("1.2", true).await, Ruled::Done);
    assert_ne!(state().await, before, "an open page is told");
    let both = [one("1.1", LinkEvidence::Accession), one("1.2", LinkEvidence::Operator)].concat();
    assert_eq!(links(&store, &id).await, both);
    assert_eq!(rule("1.1", false).await, Ruled::Done);
    assert_eq!(links(&store, &id).await, one("1.2", LinkEvidence::Operator));
    assert_eq!(rule("1.3", true).await, Ruled::OtherPatient);
    assert_eq!(rule("1.9", true).await, Ruled::NoSuchStudy);
    assert_eq!(store.rule_report("none", &uid("1.1"), true, "operator", NOW).await.unwrap(), Ruled::NoSuchReport);
    // The next version of the report, and the study again, change nothing of it.
    store.store_report(&north, &message("M2", 20), b"MSH", NOW).await.unwrap();
    store
        .index_study(
            &north,
            &StudyRecord { study_description: Some("new".into()), ..of_accession("1.1", jane(), "A1") },
            &[],
            NOW,
        )
        .await
        .unwrap();
    assert_eq!(links(&store, &id).await, one("1.2", LinkEvidence::Operator));
    assert_eq!(rule("1.1", true).await, Ruled::Done);
    assert_eq!(rule("1.2", false).await, Ruled::Done);
    assert_eq!(links(&store, &id).await, one("1.1", LinkEvidence::Operator));
}

pub(crate) mod contract {
    crate::contract!(
        a_report_finds_its_study_through_the_order_whichever_of_the_three_comes_last,
        an_order_ties_by_each_of_its_numbers,
        an_order_never_ties_across_patients_or_issuers,
        what_is_still_asked_for_comes_before_what_was_cancelled,
        a_placer_order_that_stands_ties_the_study_of_the_day,
        a_message_of_an_order_is_taken_once_and_its_control_id_is_its_own,
        an_operators_ruling_stands_over_evidence_but_not_over_whose_it_is,
    );
}
