//! Reports, their versions and their studies.

use index_model::{
    DocumentKind, LinkEvidence, ObjectReference, PatientRecord, PersonName, Phi, ReportDocument, ReportRecord,
    ReportStatus, RepositoryCode, StudyRecord,
};
use index_store::{ChangeKind, Conflict, Contradiction, Doubt, NewReport, ReportStored, Store, Unconfirmed};

use crate::build::{NOW, all, issued, jane, patient, study, two, uid};

pub(crate) fn report(control_id: &str, patient: PatientRecord, status: ReportStatus, issued_ms: i64) -> ReportRecord {
    ReportRecord {
        message_control_id: control_id.into(),
        message_sha256: format!("sha of {control_id}"),
        patient,
        study_instance_uids: Vec::new(),
        accession_number: Some(issued("neodin", "A1001")),
        filler_order_number: Some(issued("neodin", "F1")),
        placer_order_number: None,
        visit: index_model::VisitNumbers::default(),
        document_ids: Vec::new(),
        predecessor_ids: Vec::new(),
        parent_order_number: None,
        object: None,
        status,
        title: "CT head".into(),
        text: Phi::new("FINDINGS: none.".into()),
        documents: Vec::new(),
        language: "en".into(),
        observed_ms: None,
        issued_ms: Some(issued_ms),
        interpreter: PersonName::default(),
    }
}

pub(crate) fn id_of(stored: &ReportStored) -> String {
    match stored {
        ReportStored::Stored { public_id, .. } => public_id.clone(),
        _ => panic!("it was not stored"),
    }
}

async fn a_message_is_taken_once_and_its_control_id_is_its_own(store: Store) {
    let (north, south) = two(&store).await;
    let message = report("M1", jane(), ReportStatus::Final, 10);
    let first = store.store_report(&north, &message, b"MSH", NOW).await.unwrap();
    let ReportStored::Stored { report_key, version: 1, current: true, .. } = first else { panic!("it was not stored") };
    assert_eq!(store.store_report(&north, &message, b"MSH", NOW).await.unwrap(), ReportStored::Repeat { report_key });
    let reused = ReportRecord { message_sha256: "other".into(), ..message.clone() };
    assert_eq!(store.store_report(&north, &reused, b"MSH", NOW).await.unwrap(), ReportStored::ControlIdReused);
    let listed = async || {
        let [one] = store.conflicts(10, false).await.unwrap().try_into().ok()?;
        let Conflict { key, what: Contradiction::Message { repository, control_id, messages }, since_ms, .. } = one
        else {
            panic!("it is another conflict")
        };
        Some((key, repository, control_id, messages, since_ms))
    };
    let (key, repository, control_id, messages, since_ms) = listed().await.unwrap();
    assert_eq!((&repository, control_id.as_str(), messages, since_ms), (&north, "M1", 1, Some(NOW)));
    // A sender that tries the same again and again is one message; another is another.
    store.store_report(&north, &reused, b"MSH", NOW + 1).await.unwrap();
    assert_eq!(listed().await.unwrap().3, 1);
    assert!(store.dismiss(&key, "its counter was put right", "somebody", NOW).await.unwrap());
    assert_eq!(listed().await, None);
    let another = ReportRecord { message_sha256: "a third".into(), ..message.clone() };
    store.store_report(&north, &another, b"MSH", NOW + 2).await.unwrap();
    assert_eq!(listed().await, Some((key, repository, control_id, 2, since_ms)), "it is another case");
    assert!(matches!(store.store_report(&south, &message, b"MSH", NOW).await.unwrap(), ReportStored::Stored { .. }));
    assert_eq!(store.repositories().await.unwrap()[0].counts.reports, 1);
}

async fn the_latest_verified_version_is_shown_and_all_are_kept(store: Store) {
    use ReportStatus as S;
    let (north, _) = two(&store).await;
    let messages = [(S::Preliminary, 10), (S::Final, 20), (S::Preliminary, 15), (S::Corrected, 40)];
    let mut shown = Vec::new();
    let mut id = String::new();
    for (n, (status, issued_ms)) in messages.into_iter().enumerate() {
        let message = report(&format!("M{n}"), jane(), status, issued_ms);
        let stored = store.store_report(&north, &message, b"MSH", NOW + 1).await.unwrap();
        id = id_of(&stored);
        shown.push(matches!(stored, ReportStored::Stored { current: true, .. }));
    }
    assert_eq!(shown, [true, true, false, true]);
    let row = store.report(&id).await.unwrap().unwrap();
    assert_eq!((row.status, row.version), (S::Corrected, 4));
    assert_eq!(row.versions.iter().map(|version| version.record.status).collect::<Vec<_>>(), messages.map(|(s, _)| s));
    let listed = store.reports_of_person(row.person_key).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].current.text.expose().is_empty(), "lists have no texts");
    assert_eq!(row.current.text.expose(), "FINDINGS: none.");
    assert!(store.report("nothing").await.unwrap().is_none());
}

async fn a_final_of_other_words_after_a_final_is_amended(store: Store) {
    use ReportStatus as S;
    let (north, _) = two(&store).await;
    let said = |id: &str, issued_ms, words: &str| {
        let mut message = report(id, jane(), S::Final, issued_ms);
        message.text = Phi::new(words.into());
        message
    };
    let mut status = Vec::new();
    let messages = [
        said("M1", 20, "No nodule."),
        said("M2", 30, "No  nodule."),
        said("M3", 10, "A nodule of 4 mm."),
        said("M4", 40, "No nodule."),
    ];
    for message in messages {
        let id = id_of(&store.store_report(&north, &message, b"MSH", NOW).await.unwrap());
        status.push(store.report(&id).await.unwrap().unwrap().status);
    }
    assert_eq!(status, [S::Final, S::Final, S::Amended, S::Amended], "the older one of other words came late");
}

async fn documents_are_kept_with_their_version_and_not_read_with_it(store: Store) {
    let (north, _) = two(&store).await;
    let pdf = |content: &[u8]| ReportDocument::new(DocumentKind::Pdf, "Report".into(), content.to_vec());
    let mut first = report("M1", jane(), ReportStatus::Preliminary, 10);
    first.documents = vec![pdf(b"%PDF-one"), pdf(b"%PDF-two")];
    let mut second = report("M2", jane(), ReportStatus::Final, 20);
    second.documents = vec![pdf(b"%PDF-three")];
    store.store_report(&north, &first, b"MSH", NOW).await.unwrap();
    let id = id_of(&store.store_report(&north, &second, b"MSH", NOW).await.unwrap());
    let row = store.report(&id).await.unwrap().unwrap();
    let listed: Vec<_> = row.versions.iter().map(|version| version.record.documents.len()).collect();
    assert_eq!(listed, [2, 1]);
    let known = &row.versions[0].record.documents[1];
    assert_eq!((known.size_bytes, known.content.expose().len()), (8, 0));
    for (version, number, content) in [(1, 1, "%PDF-one"), (1, 2, "%PDF-two"), (2, 1, "%PDF-three")] {
        let found = store.report_document(row.report_key, version, number).await.unwrap().unwrap();
        assert_eq!(found.expose(), content.as_bytes());
    }
    assert!(store.report_document(row.report_key, 2, 2).await.unwrap().is_none());
}

async fn a_report_finds_its_study_by_issuer_and_accession_and_only_there(store: Store) {
    let (north, south) = two(&store).await;
    let mut here = study("1.1", jane(), "20260101");
    here.accession_number = Some(issued("neodin", "A1001"));
    let mut there = study("1.2", patient("swodin/B7", "ROE^RICHARD", "19500505"), "20260101");
    there.accession_number = Some(issued("swodin", "A1001"));
    store.index_study(&north, &here, &[], NOW).await.unwrap();
    store.index_study(&south, &there, &[], NOW).await.unwrap();
    let message = report("M1", jane(), ReportStatus::Final, 10);
    let id = id_of(&store.store_report(&north, &message, b"MSH", NOW).await.unwrap());
    let row = store.report(&id).await.unwrap().unwrap();
    let links: Vec<_> = row.links.iter().map(|link| (link.study_instance_uid.as_str(), link.evidence)).collect();
    assert_eq!(links, [("1.1", LinkEvidence::Accession)]);
    assert_eq!(store.reports_of_study(row.links[0].study_key).await.unwrap().len(), 1);
    let last = store.changes_after(0, 100).await.unwrap().pop().unwrap();
    assert_eq!((last.kind, last.study_key), (ChangeKind::ReportChanged, row.links[0].study_key));
}

async fn a_report_of_another_patient_is_not_tied_to_the_study(store: Store) {
    let (north, _) = two(&store).await;
    let mut here = study("1.1", jane(), "20260101");
    here.accession_number = Some(issued("neodin", "A1001"));
    store.index_study(&north, &here, &[], NOW).await.unwrap();
    let mut message = report("M1", patient("neodin/A2", "ROE^RICHARD", "19500505"), ReportStatus::Final, 10);
    message.study_instance_uids = vec![uid("1.1")];
    let id = id_of(&store.store_report(&north, &message, b"MSH", NOW).await.unwrap());
    assert!(store.report(&id).await.unwrap().unwrap().links.is_empty());
}

/// Numbers of orders are used again, and mistyped: neither record loses its report, and none shows the other's words.
async fn a_report_under_the_order_number_of_anothers_is_one_of_its_own_and_listed(store: Store) {
    let (north, _) = two(&store).await;
    let first =
        id_of(&store.store_report(&north, &report("M1", jane(), ReportStatus::Final, 10), b"", NOW).await.unwrap());
    let richard = patient("neodin/A2", "ROE^RICHARD", "19500505");
    let wrong = report("M2", richard.clone(), ReportStatus::Corrected, 20);
    let second = id_of(&store.store_report(&north, &wrong, b"", NOW).await.unwrap());
    assert_ne!(first, second);
    // What follows goes where its patient is.
    store.store_report(&north, &report("M3", richard, ReportStatus::Corrected, 30), b"", NOW).await.unwrap();
    store.store_report(&north, &report("M4", jane(), ReportStatus::Corrected, 40), b"", NOW).await.unwrap();
    let (janes, richards) =
        (store.report(&first).await.unwrap().unwrap(), store.report(&second).await.unwrap().unwrap());
    assert_ne!(janes.person_key, richards.person_key);
    assert_eq!((janes.versions.len(), richards.versions.len()), (2, 2));
    let listed = store.conflicts(10, false).await.unwrap();
    let is_it = |what: &Contradiction| matches!(what, Contradiction::Report { doubt: Doubt::OtherPatient, .. });
    assert_eq!(listed.iter().filter(|one| is_it(&one.what)).count(), 1);
}

/// A correction of the order number under the right patient: what was said of the wrong one is a line of the history, without its words.
async fn what_came_under_another_patient_is_no_word_of_the_corrected_report(store: Store) {
    use ReportStatus as S;
    let (north, _) = two(&store).await;
    let richard = patient("neodin/A2", "ROE^RICHARD", "19500505");
    let said = |control_id: &str, whose: PatientRecord, status, at, words: &str| ReportRecord {
        text: Phi::new(words.into()),
        documents: vec![ReportDocument::new(DocumentKind::Pdf, String::new(), words.into())],
        ..report(control_id, whose, status, at)
    };
    for one in [
        said("M1", richard.clone(), S::Final, 10, "RICHARD's kidney"),
        said("M2", richard, S::EnteredInError, 20, ""),
        said("M3", jane(), S::Corrected, 30, "JANE's liver"),
        said("M4", jane(), S::Corrected, 40, "JANE's liver, again"),
    ] {
        store.store_report(&north, &one, b"", NOW).await.unwrap();
    }
    let person = store.persons_by_patient_id(Some("neodin"), "A1").await.unwrap().remove(0);
    let id = store.reports_of_person(person.person_key).await.unwrap().remove(0).public_id;
    let row = store.report(&id).await.unwrap().unwrap();
    let told: Vec<_> = row
        .versions
        .iter()
        .map(|it| (it.record.text.expose().as_str(), it.record.documents.len(), it.record.status))
        .collect();
    assert_eq!(
        told,
        [
            ("", 0, S::EnteredInError),
            ("", 0, S::EnteredInError),
            ("JANE's liver", 1, S::Corrected),
            ("JANE's liver, again", 1, S::Corrected)
        ]
    );
    // Numbers of one person are no other patient.
    let married = PatientRecord { patient_id: Some(issued("neodin", "A9")), ..jane() };
    let merge = crate::identity::event("E1", index_model::PatientChange::Merge, married, "neodin/A1");
    store.tell_patient(&north, &merge, b"", NOW).await.unwrap();
    let row = store.report(&id).await.unwrap().unwrap();
    assert_eq!(row.versions[2].record.text.expose(), "JANE's liver");
}

/// The words of two families that one name could stand for.
async fn an_order_number_of_any_words_is_its_own_family(store: Store) {
    let (north, _) = two(&store).await;
    let person = |n: u32| patient(&format!("neodin/P{n}"), &format!("N{n}^P"), &format!("1970010{n}"));
    let of = |control_id: &str, whose, filler: &str| ReportRecord {
        filler_order_number: Some(issued("neodin", filler)),
        ..report(control_id, whose, ReportStatus::Final, 10)
    };
    let first = id_of(&store.store_report(&north, &of("M1", person(1), "F1"), b"", NOW).await.unwrap());
    let again = id_of(&store.store_report(&north, &of("M2", person(2), "F1"), b"", NOW).await.unwrap());
    let key = store.report(&again).await.unwrap().unwrap().patient_key;
    let odd = of("M3", person(2), &format!("F1 used again for {key}"));
    let odd = id_of(&store.store_report(&north, &odd, b"", NOW).await.unwrap());
    assert!(first != again && again != odd);
    assert_eq!(store.report(&again).await.unwrap().unwrap().versions.len(), 1);
}

/// HL7 v2.5 §4.5.3.29: a parent's order number makes it an addendum; both are read together, whichever comes first, and each is corrected by itself.
async fn an_addendum_under_a_number_of_its_own_is_read_with_its_parent(store: Store) {
    use ReportStatus as S;
    let (north, _) = two(&store).await;
    let under = |control_id: &str, filler: &str, parent: Option<&str>, status, at, words: &str| ReportRecord {
        filler_order_number: Some(issued("neodin", filler)),
        parent_order_number: parent.map(|parent| issued("neodin", parent)),
        text: Phi::new(words.into()),
        ..report(control_id, jane(), status, at)
    };
    let words = |id: String| {
        let store = &store;
        async move {
            let row = store.report(&id).await.unwrap().unwrap();
            let shown = row.versions.iter().find(|it| it.version == row.version).unwrap();
            assert_eq!(shown.record.text, row.current.text);
            (row.status, row.current.text.expose().clone())
        }
    };
    for (parent, added, is_late) in [("F1", "F2", false), ("F3", "F4", true)] {
        let mut both = [
            under(&format!("M{parent}"), parent, None, S::Final, 10, "Clear lungs."),
            under(&format!("M{added}"), added, Some(parent), S::Appended, 20, "A nodule."),
        ];
        if is_late {
            both.reverse();
        }
        let mut ids = Vec::new();
        for one in &both {
            ids.push(id_of(&store.store_report(&north, one, b"", NOW).await.unwrap()));
        }
        assert_eq!(ids[0], ids[1], "one report");
        let (status, text) = words(ids[0].clone()).await;
        assert_eq!(text, "Clear lungs.\n\nADDENDUM / ADDENDA\nA nodule.");
        assert!(is_late || status == S::Appended);
        // A correction of either takes its own place, though it names no parent.
        let corrected = under(&format!("C{parent}"), parent, None, S::Corrected, 30, "Clear right lung.");
        store.store_report(&north, &corrected, b"", NOW).await.unwrap();
        let added = under(&format!("C{added}"), added, None, S::Corrected, 40, "Two nodules.");
        assert_eq!(id_of(&store.store_report(&north, &added, b"", NOW).await.unwrap()), ids[0]);
        assert_eq!(words(ids[0].clone()).await.1, "Clear right lung.\n\nADDENDUM / ADDENDA\nTwo nodules.");
    }
    // Withdrawn, it is no longer read; and of somebody else it is none of hers.
    let withdrawn = under("W2", "F2", Some("F1"), S::EnteredInError, 50, "");
    let id = id_of(&store.store_report(&north, &withdrawn, b"", NOW).await.unwrap());
    assert_eq!(words(id.clone()).await.1, "Clear right lung.");
    let strangers = ReportRecord {
        patient: patient("neodin/A2", "ROE^RICHARD", "19500505"),
        ..under("M9", "F9", Some("F1"), S::Appended, 60, "Of another.")
    };
    assert_ne!(id_of(&store.store_report(&north, &strangers, b"", NOW).await.unwrap()), id);
    assert_eq!(words(id).await.1, "Clear right lung.");
}

/// A sender that names its authority by an OID that nobody configured: the report is in the record of the study that it is about.
async fn a_report_that_is_tied_to_a_study_is_in_the_record_of_that_study(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    let person = store.persons_by_patient_id(Some("neodin"), "A1").await.unwrap().remove(0);
    let before = store.state_of_person(person.person_key, &all()).await.unwrap();
    let by_oid = |control_id: &str, filler: &str, whose: PatientRecord| ReportRecord {
        study_instance_uids: vec![uid("1.1")],
        filler_order_number: Some(issued("neodin", filler)),
        ..report(control_id, whose, ReportStatus::Final, 10)
    };
    let same = by_oid("M1", "F1", patient("2.16.840.1/A1", "DOE^JANE", "19700101"));
    store.store_report(&north, &same, b"", NOW).await.unwrap();
    let listed = store.reports_of_person(person.person_key).await.unwrap();
    assert_eq!((listed.len(), listed[0].unconfirmed), (1, None));
    assert_ne!(store.state_of_person(person.person_key, &all()).await.unwrap(), before, "an open page is told");
    // Another birth date: not certain, and said so. Another name and birth date: not tied, and not there.
    let alike = by_oid("M2", "F2", patient("2.16.840.1/A7", "DOE^JANE", "19710202"));
    let id = id_of(&store.store_report(&north, &alike, b"", NOW).await.unwrap());
    let other = by_oid("M3", "F3", patient("2.16.840.1/A8", "ROE^RICHARD", "19500505"));
    store.store_report(&north, &other, b"", NOW).await.unwrap();
    let listed = store.reports_of_person(person.person_key).await.unwrap();
    assert_eq!(listed.len(), 2);
    let unconfirmed = listed.iter().find(|row| row.public_id == id).unwrap().unconfirmed;
    assert_eq!(unconfirmed, Some(Unconfirmed::OtherNumber));
    assert_eq!(store.report(&id).await.unwrap().unwrap().unconfirmed, Some(Unconfirmed::OtherNumber));
}

/// The report would be in neither record until both numbers are merged; then it is.
async fn a_report_is_not_tied_to_the_study_of_another_number_of_its_issuer_though_the_name_is_the_same(store: Store) {
    let (north, _) = two(&store).await;
    let mut here = study("1.1", jane(), "20260101");
    here.accession_number = Some(issued("neodin", "A1001"));
    store.index_study(&north, &here, &[], NOW).await.unwrap();
    let namesake = PatientRecord { patient_id: Some(issued("neodin", "A9")), ..jane() };
    let stored = store.store_report(&north, &report("M1", namesake, ReportStatus::Final, 10), b"", NOW).await.unwrap();
    let id = id_of(&stored);
    assert!(store.report(&id).await.unwrap().unwrap().links.is_empty());
    let listed = store.conflicts(10, false).await.unwrap();
    assert!(listed.iter().any(|one| matches!(one.what, Contradiction::Report { doubt: Doubt::OtherPatient, .. })));
}

async fn a_report_of_somebody_else_under_a_known_number_renames_nobody_and_is_tied_to_nothing(store: Store) {
    let (north, _) = two(&store).await;
    let mut here = study("1.1", jane(), "20260101");
    here.accession_number = Some(issued("neodin", "A1001"));
    let indexed = store.index_study(&north, &here, &[], NOW).await.unwrap();
    let wrong = report("M1", patient("neodin/A1", "QUIMBY^ZELDA", "19500505"), ReportStatus::Final, 10);
    let id = id_of(&store.store_report(&north, &wrong, b"MSH", NOW).await.unwrap());
    let row = store.report(&id).await.unwrap().unwrap();
    assert!(row.links.is_empty());
    assert_eq!((row.unconfirmed, row.versions[0].names_another), (Some(Unconfirmed::NamesAnother), true));
    let listed = store.reports_of_person(row.person_key).await.unwrap();
    assert_eq!(listed[0].unconfirmed, Some(Unconfirmed::NamesAnother), "where it stands, it is said");
    let name = |person: index_store::PersonRow| person.name.alphabetic;
    assert_eq!(
        name(store.person(row.person_key).await.unwrap().unwrap()),
        "DOE^JANE",
        "a report keeps no demographics"
    );
    let why = |doubt| matches!(doubt, Contradiction::Report { doubt: Doubt::OtherPatient, .. });
    assert!(store.conflicts(10, false).await.unwrap().into_iter().any(|one| why(one.what)));
    // A study that comes later ties nothing either; an operator does.
    store.index_study(&north, &StudyRecord { study_instance_uid: uid("1.2"), ..here }, &[], NOW).await.unwrap();
    assert!(store.report(&id).await.unwrap().unwrap().links.is_empty());
    store.rule_report(&id, &uid("1.1"), true, "ann", NOW).await.unwrap();
    let links = store.report(&id).await.unwrap().unwrap().links;
    assert_eq!(links.iter().map(|link| link.study_key).collect::<Vec<_>>(), [indexed.study_key]);
    assert_eq!(store.report(&id).await.unwrap().unwrap().unconfirmed, None, "somebody has looked");
    assert!(store.conflicts(10, false).await.unwrap().is_empty());
}

async fn a_report_waits_for_its_study(store: Store) {
    let (north, _) = two(&store).await;
    let mut message = report("M1", jane(), ReportStatus::Final, 10);
    message.study_instance_uids = vec![uid("1.1")];
    let id = id_of(&store.store_report(&north, &message, b"MSH", NOW).await.unwrap());
    assert!(store.report(&id).await.unwrap().unwrap().links.is_empty());

    let mut by_accession = study("1.9", jane(), "20260101");
    by_accession.accession_number = Some(issued("neodin", "A1001"));
    store.index_study(&north, &by_accession, &[], NOW).await.unwrap();
    let links = store.report(&id).await.unwrap().unwrap().links;
    assert_eq!(links.iter().map(|link| link.evidence).collect::<Vec<_>>(), [LinkEvidence::Accession]);

    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    let row = store.report(&id).await.unwrap().unwrap();
    let links: Vec<_> = row.links.iter().map(|link| (link.study_instance_uid.as_str(), link.evidence)).collect();
    assert_eq!(links, [("1.1", LinkEvidence::StudyUid)], "stronger evidence takes the place of weaker");
    assert_eq!(row.person_key, store.studies_by_uid(&uid("1.1"), &all()).await.unwrap()[0].person_key);
}

async fn a_report_on_several_studies_of_one_accession_is_tied_to_all_of_its_patient_and_to_no_other(store: Store) {
    let (north, south) = two(&store).await;
    for (study_uid, whose) in
        [("1.1", jane()), ("1.2", jane()), ("1.3", patient("neodin/A2", "ROE^RICHARD", "19500505"))]
    {
        let mut one = study(study_uid, whose, "20260101");
        one.accession_number = Some(issued("neodin", "A1001"));
        store.index_study(&north, &one, &[], NOW).await.unwrap();
    }
    let mut elsewhere = study("1.4", jane(), "20260101");
    elsewhere.accession_number = Some(issued("swodin", "A1001"));
    store.index_study(&south, &elsewhere, &[], NOW).await.unwrap();
    let message = report("M1", jane(), ReportStatus::Final, 10);
    let id = id_of(&store.store_report(&north, &message, b"MSH", NOW).await.unwrap());
    let row = store.report(&id).await.unwrap().unwrap();
    let links: Vec<_> = row.links.iter().map(|link| link.study_instance_uid.as_str()).collect();
    assert_eq!(links, ["1.1", "1.2"]);
    for link in &row.links {
        assert_eq!(store.reports_of_study(link.study_key).await.unwrap().len(), 1, "it is seen from each of them");
    }
}

async fn reports_without_images_and_images_without_report_are_both_in_the_record(store: Store) {
    let (north, _) = two(&store).await;
    store.index_study(&north, &study("1.1", jane(), "20260101"), &[], NOW).await.unwrap();
    store.store_report(&north, &report("M1", jane(), ReportStatus::Final, 10), b"MSH", NOW).await.unwrap();
    let person = store.persons_by_patient_id(Some("neodin"), "A1").await.unwrap().remove(0);
    let studies = store.studies_of_person(person.person_key, &all()).await.unwrap();
    let reports = store.reports_of_person(person.person_key).await.unwrap();
    assert_eq!((studies.len(), reports.len()), (1, 1));
    assert!(reports[0].links.is_empty() && store.reports_of_study(studies[0].study_key).await.unwrap().is_empty());
}

/// A version that is an object, with the documents whose place it takes.
pub(crate) fn object(sop: &str, status: ReportStatus, issued_ms: i64, predecessors: &[&str]) -> ReportRecord {
    ReportRecord {
        document_ids: vec![sop.into()],
        predecessor_ids: predecessors.iter().map(|&sop| sop.to_owned()).collect(),
        object: Some(ObjectReference {
            study_instance_uid: uid("1.1"),
            series_instance_uid: uid("1.1.1"),
            sop_instance_uid: uid(sop),
        }),
        ..report(sop, jane(), status, issued_ms)
    }
}

async fn an_object_and_a_message_of_the_same_numbers_are_one_report_whichever_comes_first(store: Store) {
    use ReportStatus as S;
    let (north, south) = two(&store).await;
    let first = store.store_report(&north, &object("1.9.1", S::Preliminary, 10, &[]), b"", NOW).await.unwrap();
    let message = store.store_report(&north, &report("M1", jane(), S::Final, 20), b"MSH", NOW).await.unwrap();
    assert_eq!(id_of(&first), id_of(&message));
    let corrected = store.store_report(&north, &report("M2", jane(), S::Corrected, 30), b"MSH", NOW).await.unwrap();
    assert_eq!(id_of(&corrected), id_of(&first), "later messages find it as well");
    let again = object("1.9.1", S::Preliminary, 10, &[]);
    assert!(matches!(store.store_report(&south, &again, b"", NOW).await.unwrap(), ReportStored::Repeat { .. }));
    // Which of two objects a message means is not sure: each is shown.
    let other = ReportRecord {
        accession_number: Some(issued("neodin", "A2")),
        filler_order_number: Some(issued("neodin", "F2")),
        ..again
    };
    for sop in ["1.9.2", "1.9.3"] {
        let one = ReportRecord {
            document_ids: vec![sop.into()],
            message_control_id: sop.into(),
            ..object(sop, S::Final, 10, &[])
        };
        let one = ReportRecord {
            accession_number: other.accession_number.clone(),
            filler_order_number: other.filler_order_number.clone(),
            ..one
        };
        store.store_report(&north, &one, b"", NOW).await.unwrap();
    }
    let third = ReportRecord {
        accession_number: other.accession_number,
        filler_order_number: other.filler_order_number,
        ..report("M3", jane(), S::Final, 20)
    };
    store.store_report(&north, &third, b"MSH", NOW).await.unwrap();
    assert_eq!(store.repositories().await.unwrap()[0].counts.reports, 4);
}

async fn a_chain_of_objects_is_one_report_in_whatever_order_and_never_anothers(store: Store) {
    use ReportStatus as S;
    let (north, _) = two(&store).await;
    let alone = |sop: &str, status, issued_ms, before: &[&str]| ReportRecord {
        accession_number: None,
        filler_order_number: None,
        ..object(sop, status, issued_ms, before)
    };
    let last = store.store_report(&north, &alone("1.9.3", S::Amended, 30, &["1.9.2"]), b"", NOW).await.unwrap();
    let first = store.store_report(&north, &alone("1.9.1", S::Preliminary, 10, &[]), b"", NOW).await.unwrap();
    assert_ne!(id_of(&last), id_of(&first));
    store.store_report(&north, &alone("1.9.2", S::Final, 20, &["1.9.1"]), b"", NOW).await.unwrap();
    let one = store.report(&id_of(&last)).await.unwrap().unwrap();
    assert_eq!((one.versions.len(), one.status), (3, S::Amended));
    assert_eq!(one.current.message_control_id, "1.9.3");
    let other = store.report(&id_of(&first)).await.unwrap().unwrap();
    assert_eq!(other.public_id, one.public_id, "an address that was given out leads there still");
    assert_eq!(store.repositories().await.unwrap()[0].counts.reports, 1);
    let stranger = ReportRecord {
        patient: patient("neodin/B2", "ROE^RICHARD", "19600101"),
        ..alone("1.9.4", S::Final, 40, &["1.9.3"])
    };
    let stranger = store.store_report(&north, &stranger, b"", NOW).await.unwrap();
    assert_ne!(id_of(&stranger), one.public_id, "never across patients");
}

async fn a_batch_of_reports_keeps_their_order(store: Store) {
    let (north, south) = two(&store).await;
    let new = |repository: &RepositoryCode, control_id: &str, issued_ms| NewReport {
        repository: repository.clone(),
        report: report(control_id, jane(), ReportStatus::Final, issued_ms),
        raw: b"MSH".as_slice().into(),
    };
    let batch = [new(&north, "M1", 10), new(&south, "M1", 10), new(&north, "M2", 20), new(&north, "M1", 10)];
    let stored = store.store_reports(&batch, NOW).await.unwrap();
    assert!(matches!(stored[2], ReportStored::Stored { version: 2, current: true, .. }));
    assert!(matches!(stored[3], ReportStored::Repeat { .. }));
    assert_eq!(store.report(&id_of(&stored[0])).await.unwrap().unwrap().versions.len(), 2);
}

pub(crate) mod contract {
    crate::contract!(
        a_message_is_taken_once_and_its_control_id_is_its_own,
        the_latest_verified_version_is_shown_and_all_are_kept,
        a_final_of_other_words_after_a_final_is_amended,
        documents_are_kept_with_their_version_and_not_read_with_it,
        a_report_finds_its_study_by_issuer_and_accession_and_only_there,
        a_report_of_another_patient_is_not_tied_to_the_study,
        a_report_of_somebody_else_under_a_known_number_renames_nobody_and_is_tied_to_nothing,
        a_report_under_the_order_number_of_anothers_is_one_of_its_own_and_listed,
        what_came_under_another_patient_is_no_word_of_the_corrected_report,
        an_order_number_of_any_words_is_its_own_family,
        an_addendum_under_a_number_of_its_own_is_read_with_its_parent,
        a_report_that_is_tied_to_a_study_is_in_the_record_of_that_study,
        a_report_is_not_tied_to_the_study_of_another_number_of_its_issuer_though_the_name_is_the_same,
        a_report_waits_for_its_study,
        a_report_on_several_studies_of_one_accession_is_tied_to_all_of_its_patient_and_to_no_other,
        reports_without_images_and_images_without_report_are_both_in_the_record,
        an_object_and_a_message_of_the_same_numbers_are_one_report_whichever_comes_first,
        a_chain_of_objects_is_one_report_in_whatever_order_and_never_anothers,
        a_batch_of_reports_keeps_their_order,
    );
}
