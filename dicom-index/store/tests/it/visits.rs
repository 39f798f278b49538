//! A visit, or an account, that was filed under the wrong patient: what is known by it moves, and nothing else.

use index_model::{
    IssuedId, OrderRecord, PatientChange as Change, PatientEvent, PatientRecord, ReportRecord, ReportStatus,
    RepositoryCode, StudyRecord, VisitKind, VisitNumbers,
};
use index_store::{Conflict, Contradiction, PatientTold, Store};

use crate::build::{NOW, all, found, instance, issued, jane, patient, study, tails, two};
use crate::identity::event;
use crate::orders::order;
use crate::reports::report;

fn moved(control_id: &str, kind: VisitKind, to: PatientRecord, from: &str, number: &str) -> PatientEvent {
    PatientEvent { visit: Some(issued("neodin", number)), ..event(control_id, Change::Move(kind), to, from) }
}

async fn tell(store: &Store, repository: &RepositoryCode, event: &PatientEvent) {
    assert_eq!(store.tell_patient(repository, event, b"MSH", NOW).await.unwrap(), PatientTold::Done);
}

fn ann() -> PatientRecord {
    patient("neodin/A2", "DOE-SMITH^ANN", "19710202")
}

fn of_visit(study_uid: &str, patient: PatientRecord, visit: &str) -> StudyRecord {
    let admission_id = (!visit.is_empty()).then(|| issued("neodin", visit));
    StudyRecord { admission_id, ..study(study_uid, patient, "20260101") }
}

fn numbers(visit: &str, account: &str) -> VisitNumbers {
    let number = |value: &str| (!value.is_empty()).then(|| issued("neodin", value));
    VisitNumbers { visit: number(visit), account: number(account) }
}

/// A report with numbers of its own, so that each is another report.
fn written(control_id: &str, patient: PatientRecord, visit: VisitNumbers) -> ReportRecord {
    let own = |kind: &str| Some(issued("neodin", &format!("{kind}{control_id}")));
    let report = report(control_id, patient, ReportStatus::Final, 10);
    ReportRecord { visit, accession_number: own("A"), filler_order_number: own("F"), ..report }
}

async fn index(store: &Store, repository: &RepositoryCode, study: &StudyRecord) {
    store.index_study(repository, study, &[], NOW).await.unwrap();
}

async fn write(store: &Store, repository: &RepositoryCode, report: &ReportRecord) {
    store.store_report(repository, report, b"MSH", NOW).await.unwrap();
}

/// Studies and titles of the reports of the person who has this number.
async fn chart(store: &Store, id: &str) -> (String, String) {
    let person = store.persons_by_patient_id(Some("neodin"), id).await.unwrap().remove(0);
    let studies = store.studies_of_person(person.person_key, &all()).await.unwrap();
    let reports = store.reports_of_person(person.person_key).await.unwrap();
    let mut reports: Vec<String> = reports.iter().map(|row| row.current.message_control_id.clone()).collect();
    reports.sort();
    (tails(&studies), reports.join(" "))
}

fn texts(studies: &str, reports: &str) -> (String, String) {
    (studies.to_owned(), reports.to_owned())
}

async fn a_moved_visit_takes_what_carries_its_number_and_its_issuer_and_gives_it_back(store: Store) {
    let (north, _) = two(&store).await;
    index(&store, &north, &of_visit("1.1", jane(), "V1")).await;
    index(&store, &north, &of_visit("1.2", jane(), "V2")).await;
    let elsewhere = StudyRecord { admission_id: Some(issued("other", "V1")), ..study("1.3", jane(), "20260101") };
    index(&store, &north, &elsewhere).await;
    let stranger = patient("neodin/A9", "ROE^RITA", "19330303");
    index(&store, &north, &of_visit("1.4", stranger.clone(), "V1")).await;
    index(&store, &north, &of_visit("1.5", jane(), "")).await;
    write(&store, &north, &written("R1", jane(), numbers("V1", ""))).await;
    write(&store, &north, &written("R2", jane(), numbers("V2", ""))).await;
    write(&store, &north, &written("R3", jane(), numbers("", ""))).await;
    index(&store, &north, &of_visit("1.6", ann(), "V6")).await;
    let before = (chart(&store, "A1").await, chart(&store, "A2").await);
    assert_eq!(before, (texts("1 2 3 5", "R1 R2 R3"), texts("6", "")));

    tell(&store, &north, &moved("E1", VisitKind::Visit, ann(), "neodin/A1", "V1")).await;
    assert_eq!(chart(&store, "A1").await, texts("2 3 5", "R2 R3"));
    assert_eq!(chart(&store, "A2").await, texts("1 6", "R1"));
    assert_eq!(chart(&store, "A9").await, texts("4", ""), "another patient's visit of that number is theirs");
    assert_eq!(found(&store, "PatientName=DOE-SMITH^ANN").await, "1 6", "under the right name");
    assert_eq!(found(&store, "PatientID=A1").await, "2 3 5");
    let queue = store.conflicts(10, false).await.unwrap();
    let left = |conflict: &Conflict| match &conflict.what {
        Contradiction::Visit(left) => Some(left.clone()),
        _ => None,
    };
    let left = queue.iter().find_map(left).unwrap();
    assert_eq!((left.studies[0].as_str(), left.studies.len(), left.reports.len()), ("1.5", 1, 1));

    // The same, told the other way round, takes it back.
    tell(&store, &north, &moved("E2", VisitKind::Visit, jane(), "neodin/A2", "V1")).await;
    assert_eq!((chart(&store, "A1").await, chart(&store, "A2").await), before);
    assert_eq!(found(&store, "PatientName=DOE^JANE").await, "1 2 3 5");
    index(&store, &north, &study("1.7", ann(), "20260101")).await;
    let is_listed = || async {
        let queue = store.conflicts(10, false).await.unwrap();
        queue.iter().any(|one| matches!(one.what, Contradiction::Visit(_)))
    };
    assert!(!is_listed().await, "it went back, and nothing is left behind of a visit that was never hers");
    tell(&store, &north, &moved("E3", VisitKind::Visit, ann(), "neodin/A1", "V1")).await;
    assert_eq!(chart(&store, "A2").await, texts("1 6 7", "R1"), "and once more");
    assert!(is_listed().await);
}

async fn what_comes_late_of_a_moved_visit_is_the_other_patients(store: Store) {
    let (north, _) = two(&store).await;
    tell(&store, &north, &moved("E1", VisitKind::Visit, ann(), "neodin/A1", "V1")).await;
    let late = of_visit("1.1", jane(), "V1");
    store.index_instances(&[instance(&north, &late, "1.1.1", "1.1.1.1", "b1")], NOW).await.unwrap();
    store.index_instances(&[instance(&north, &late, "1.1.1", "1.1.1.2", "b2")], NOW).await.unwrap();
    let described = StudyRecord { study_description: Some("Chest".into()), ..late.clone() };
    store.index_instances(&[instance(&north, &described, "1.1.2", "1.1.2.1", "b3")], NOW).await.unwrap();
    index(&store, &north, &of_visit("1.2", jane(), "V2")).await;
    let report = written("R1", jane(), numbers("V1", ""));
    write(&store, &north, &report).await;
    assert_eq!(chart(&store, "A2").await, texts("1", "R1"));
    assert_eq!(chart(&store, "A1").await, texts("2", ""));
    let row = store.studies_by_uid(&late.study_instance_uid, &all()).await.unwrap().remove(0);
    assert_eq!((row.number_of_series, row.number_of_instances), (2, 3), "in one study");

    // A correction that names no visit is of the report that does.
    let corrected = ReportRecord {
        message_control_id: "R2".into(),
        message_sha256: "other".into(),
        status: ReportStatus::Corrected,
        visit: VisitNumbers::default(),
        issued_ms: Some(20),
        ..report
    };
    write(&store, &north, &corrected).await;
    assert_eq!((chart(&store, "A1").await, chart(&store, "A2").await), (texts("2", ""), texts("1", "R2")));
}

async fn what_an_order_says_of_its_visit_moves_its_study_and_its_report(store: Store) {
    let (north, _) = two(&store).await;
    let accession = |number: &str| Some(issued("neodin", number));
    let ordered = |control_id: &str, number: &str, visit: &str| OrderRecord {
        placer_order_number: Some(issued("his", control_id)),
        accession_number: accession(number),
        visit: numbers(visit, ""),
        ..order(control_id, jane(), 10)
    };
    for (control_id, number, visit) in
        [("O1", "N1", "V1"), ("O2", "N2", "V2"), ("O3", "N3", "V1"), ("O4", "N3", "V2"), ("O5", "N5", "")]
    {
        store.store_order(&north, &ordered(control_id, number, visit), b"MSH", NOW).await.unwrap();
    }
    for (number, name) in [(1, "N1"), (2, "N2"), (3, "N3"), (5, "N5")] {
        let known = StudyRecord { accession_number: accession(name), ..of_visit(&format!("1.{number}"), jane(), "") };
        index(&store, &north, &known).await;
    }
    let of_order = ReportRecord { accession_number: accession("N1"), ..written("R1", jane(), numbers("", "")) };
    write(&store, &north, &of_order).await;
    tell(&store, &north, &moved("E1", VisitKind::Visit, ann(), "neodin/A1", "V1")).await;
    assert_eq!(chart(&store, "A2").await, texts("1", "R1"));
    assert_eq!(chart(&store, "A1").await, texts("2 3 5", ""), "two orders of two visits prove nothing");
    let report = store.reports_of_person(person(&store, "A2").await).await.unwrap().remove(0);
    assert_eq!(report.links.len(), 1, "the report stands beside its study");
}

async fn person(store: &Store, id: &str) -> i64 {
    store.persons_by_patient_id(Some("neodin"), id).await.unwrap().remove(0).person_key
}

async fn a_moved_account_takes_all_its_visits(store: Store) {
    let (north, _) = two(&store).await;
    write(&store, &north, &written("R1", jane(), numbers("V1", "ACC"))).await;
    write(&store, &north, &written("R2", jane(), numbers("V2", "OTHER"))).await;
    index(&store, &north, &of_visit("1.1", jane(), "V1")).await;
    index(&store, &north, &of_visit("1.2", jane(), "V2")).await;
    // Where visits have no number, AdmissionID is the account's.
    index(&store, &north, &of_visit("1.3", jane(), "ACC")).await;
    tell(&store, &north, &moved("E1", VisitKind::Account, ann(), "neodin/A1", "ACC")).await;
    assert_eq!((chart(&store, "A1").await, chart(&store, "A2").await), (texts("2", "R2"), texts("1 3", "R1")));
}

async fn a_moved_visit_follows_merges_of_both_patients_and_their_ends(store: Store) {
    let (north, _) = two(&store).await;
    index(&store, &north, &of_visit("1.1", jane(), "V1")).await;
    index(&store, &north, &of_visit("1.2", jane(), "V2")).await;
    write(&store, &north, &written("R1", jane(), numbers("V1", ""))).await;
    tell(&store, &north, &moved("E1", VisitKind::Visit, ann(), "neodin/A1", "V1")).await;
    // Demographics of either change nothing of it.
    tell(&store, &north, &event("E2", Change::Update, jane(), "")).await;
    tell(&store, &north, &event("E3", Change::Update, ann(), "")).await;
    let apart = (texts("2", ""), texts("1", "R1"));
    assert_eq!((chart(&store, "A1").await, chart(&store, "A2").await), apart);
    let third = || patient("neodin/A3", "LEE^LIN", "19800808");
    for (step, (survivor, other)) in [(third(), "neodin/A2"), (third(), "neodin/A1")].into_iter().enumerate() {
        tell(&store, &north, &event(&format!("M{step}"), Change::Merge, survivor.clone(), other)).await;
        assert_eq!(chart(&store, "A3").await, [texts("1", "R1"), texts("2", "")][step], "what is theirs, step {step}");
        tell(&store, &north, &event(&format!("U{step}"), Change::Unmerge, survivor, other)).await;
        assert_eq!((chart(&store, "A1").await, chart(&store, "A2").await), apart, "step {step}");
    }
    let late = of_visit("1.7", jane(), "V1");
    index(&store, &north, &late).await;
    assert_eq!(chart(&store, "A2").await.0, "1 7");
}

async fn a_move_without_sense_is_refused_and_changes_nothing(store: Store) {
    let (north, _) = two(&store).await;
    index(&store, &north, &of_visit("1.1", jane(), "V1")).await;
    let sound = moved("E1", VisitKind::Visit, ann(), "neodin/A1", "V1");
    let number = |id: Option<IssuedId>| PatientEvent { visit: id, ..sound.clone() };
    for wrong in [
        number(None),
        number(Some(issued("neodin", "UNKNOWN"))),
        moved("E1", VisitKind::Visit, jane(), "neodin/A1", "V1"),
        moved("E1", VisitKind::Visit, ann(), "swodin/A1", "V1"),
    ] {
        let told = store.tell_patient(&north, &wrong, b"MSH", NOW).await.unwrap();
        assert!(matches!(told, PatientTold::Refused { .. }), "{told:?}");
    }
    assert_eq!(chart(&store, "A1").await.0, "1");
}

pub(crate) mod contract {
    crate::contract!(
        a_moved_visit_takes_what_carries_its_number_and_its_issuer_and_gives_it_back,
        what_comes_late_of_a_moved_visit_is_the_other_patients,
        what_an_order_says_of_its_visit_moves_its_study_and_its_report,
        a_moved_account_takes_all_its_visits,
        a_moved_visit_follows_merges_of_both_patients_and_their_ends,
        a_move_without_sense_is_refused_and_changes_nothing,
    );
}
