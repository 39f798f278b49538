//! Many studies in one transaction are what they are one by one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use index_model::{RepositoryCode, StudyRecord};
use index_store::{NewInstance, Outcome, Store};

use crate::build::{NOW, all, instance, issued, patient, study, two, uid, with_number};
use crate::reports::{id_of, report};

/// What one repository sends in a night: patients of every kind, below a prefix of their own.
fn night(repository: &RepositoryCode, prefix: &str, number: &str) -> Vec<NewInstance> {
    let id = |id: &str| format!("{repository}/{prefix}{id}");
    let who = |at: &str| patient(&id(at), &format!("DOE^N{prefix}"), "19700101");
    let mut told_more = who("A");
    told_more.patient_sex = Some("F".into());
    let numbered = |at: &str| with_number(who(at), number, "F");
    let stranger = patient("", &format!("STRANGER^{prefix}"), "");
    let placeholder = patient(&format!("{repository}/UNKNOWN"), "UNKNOWN", "");
    let patients = [
        who("A"),
        who("A"),
        told_more,
        who("A"),
        numbered("B"),
        numbered("B"),
        numbered("C"),
        stranger.clone(),
        stranger,
        placeholder.clone(),
        placeholder,
        who("D"),
        who("E"),
    ];
    let mut all: Vec<NewInstance> = Vec::new();
    for (n, patient) in patients.into_iter().enumerate() {
        let mut record: StudyRecord = study(&format!("{prefix}.{n}"), patient, "20260101");
        record.study_description = Some(format!("Study {n}"));
        record.accession_number = Some(issued(repository.as_str(), &format!("{prefix}A{n}")));
        for series in 0..=n % 2 {
            for of in 0..=n % 3 {
                let sop = format!("{prefix}.{n}.{series}.{of}");
                all.push(instance(repository, &record, &format!("{prefix}.{n}.{series}"), &sop, &format!("b{sop}")));
            }
        }
    }
    // Two patients under one UID, a repeat, and other bytes of an instance.
    let record = study(&format!("{prefix}.77"), who("D"), "20260102");
    let other = study(&format!("{prefix}.77"), patient(&id("Z"), "ROE^RICHARD", "19500505"), "20260102");
    all.push(instance(repository, &record, &format!("{prefix}.77.1"), &format!("{prefix}.77.1.1"), "x"));
    all.push(instance(repository, &other, &format!("{prefix}.77.1"), &format!("{prefix}.77.1.2"), "y"));
    all.push(all[0].clone());
    let mut conflict = all[1].clone();
    let entry = Arc::make_mut(&mut conflict.entry);
    entry.sha256 = "other".into();
    entry.object = Some("objects/other".into());
    all.push(conflict);
    all
}

/// All that can be asked of it, without its keys and its prefix.
async fn told(store: &Store, prefix: &str) -> String {
    let (mut out, mut persons, mut patients) = (String::new(), BTreeMap::new(), BTreeMap::new());
    for n in (0..13).chain([77]) {
        for row in store.studies_by_uid(&uid(&format!("{prefix}.{n}")), &all()).await.unwrap() {
            let (next, next_patient) = (persons.len(), patients.len());
            let person = *persons.entry(row.person_key).or_insert(next);
            let patient = *patients.entry(row.patient_key).or_insert(next_patient);
            let record = &row.study.patient;
            writeln!(
                out,
                "{n}: person {person} patient {patient} {:?} {:?} {} {} {:?} {}",
                record.patient_name.alphabetic,
                record.patient_sex,
                row.number_of_series,
                row.number_of_instances,
                row.modalities,
                row.conflict
            )
            .unwrap();
            for series in store.series_of_study(row.study_key).await.unwrap() {
                let state = store.manifest_state(series.series_key).await.unwrap().unwrap();
                let pending = store.pending_entries(series.series_key).await.unwrap().len();
                let copies = store.copies_of_series(series.series_key).await.unwrap();
                let copies: Vec<_> =
                    copies.iter().map(|copy| (copy.declared, copy.number_of_instances, copy.held)).collect();
                let uid = series.series.series_instance_uid.as_str();
                let (said, held) = (series.number_of_instances, series.held);
                writeln!(out, "  {uid}: {said} {held} {pending} {} {:?} {copies:?}", state.pending, state.state)
                    .unwrap();
            }
        }
    }
    out.replace(&format!("N{prefix}"), "N")
        .replace(&format!("STRANGER^{prefix}"), "STRANGER")
        .replace(&format!("{prefix}."), "")
}

async fn many_studies_in_one_batch_are_what_they_are_one_by_one(store: Store) {
    let (north, south) = two(&store).await;
    let together = night(&north, "1.7001", "1234567897");
    let apart = night(&south, "1.7002", "9876543217");
    let batch: Vec<Outcome> =
        store.index_instances(&together, NOW).await.unwrap().into_iter().map(|one| one.outcome).collect();
    let mut singly = Vec::new();
    for one in &apart {
        singly.extend(store.index_instances(std::slice::from_ref(one), NOW).await.unwrap());
    }
    assert_eq!(batch, singly.into_iter().map(|one| one.outcome).collect::<Vec<_>>());
    let (one, other) = (told(&store, "1.7001").await, told(&store, "1.7002").await);
    assert!(one.lines().count() > 30, "{one}");
    assert_eq!(one, other.replace("swodin", "neodin"));
    let counts: Vec<_> = store.repositories().await.unwrap().iter().map(|row| row.counts).collect();
    assert_eq!(
        (counts[0].studies, counts[0].series, counts[0].instances),
        (counts[1].studies, counts[1].series, counts[1].instances)
    );

    // The same night again changes nothing.
    let again = store.index_instances(&together, NOW + 1).await.unwrap();
    assert!(again.iter().all(|one| matches!(one.outcome, Outcome::Repeat | Outcome::Conflict)));
    assert_eq!(told(&store, "1.7001").await, one);
}

async fn a_report_that_waits_is_linked_when_its_study_comes_with_others(store: Store) {
    let (north, _) = two(&store).await;
    let who = patient("neodin/A", "DOE^N", "19700101");
    let mut waiting = report("M1", who.clone(), index_model::ReportStatus::Final, NOW);
    waiting.accession_number = Some(issued("neodin", "A2"));
    let id = id_of(&store.store_report(&north, &waiting, b"MSH", NOW).await.unwrap());
    let batch: Vec<NewInstance> = (0..5)
        .map(|n| {
            let mut record = study(&format!("1.{n}"), who.clone(), "20260101");
            record.accession_number = Some(issued("neodin", &format!("A{n}")));
            instance(&north, &record, &format!("1.{n}.1"), &format!("1.{n}.1.1"), &format!("b{n}"))
        })
        .collect();
    let indexed = store.index_instances(&batch, NOW).await.unwrap();
    let row = store.report(&id).await.unwrap().unwrap();
    assert_eq!(row.links.iter().map(|link| link.study_key).collect::<Vec<_>>(), [indexed[2].study_key]);
}

pub(crate) mod contract {
    crate::contract!(
        many_studies_in_one_batch_are_what_they_are_one_by_one,
        a_report_that_waits_is_linked_when_its_study_comes_with_others,
    );
}
