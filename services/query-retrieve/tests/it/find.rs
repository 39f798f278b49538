//! C-FIND: PS3.4 §C.4.1.

use adapter_api::{Inbox, PatientAnswer};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dimse::identifier::{Identifier, Level, Value};
use dimse::message::{Operation, Request, Status};
use dimse::uids::{PATIENT_ROOT_FIND, STUDY_ROOT_FIND};
use index_model::{IssuedId, PatientChange, PatientEvent, PatientRecord, Phi, RepositoryCode};

use crate::app::{App, Outcome, ask, scu, until_last};
use crate::objects::{CT, MR, Object, corpus, uid};

const FIND: fn(&'static str) -> (&'static str, Operation) = |class| (class, Operation::Find);

async fn find(app: &App, class: &'static str, identifier: Identifier) -> Outcome {
    let mut association = app.associate("READER", vec![scu(class)]).await.unwrap();
    let outcome = ask(&mut association, FIND(class), "", &identifier, |_| Status::SUCCESS).await;
    association.release().await;
    outcome
}

/// The values of an attribute in all answers, in order of the alphabet.
fn column(outcome: &Outcome, tag: Tag) -> Vec<String> {
    let mut all: Vec<_> = outcome.matches.iter().map(|found| found.root().written(tag)).collect();
    all.sort();
    all
}

#[tokio::test]
async fn every_level_of_both_models_is_answered_page_by_page() {
    let app = App::start().await;
    let at = |level| Identifier::new(level);
    let (study, series) = ((tags::STUDY_INSTANCE_UID, "2.25.1"), (tags::SERIES_INSTANCE_UID, "2.25.1.1"));
    let patient = (tags::PATIENT_ID, "A1");
    for (class, identifier, unique, expected) in [
        (PATIENT_ROOT_FIND, at(Level::Patient), tags::PATIENT_ID, &["A1", "A1", "A2"][..]),
        (PATIENT_ROOT_FIND, at(Level::Patient).key(tags::PATIENT_NAME, "lef*"), tags::PATIENT_ID, &["A2"]),
        (
            PATIENT_ROOT_FIND,
            at(Level::Study).key(patient.0, patient.1),
            tags::STUDY_INSTANCE_UID,
            &["2.25.1", "2.25.2", "2.25.4"],
        ),
        (
            PATIENT_ROOT_FIND,
            at(Level::Series).key(patient.0, patient.1).key(study.0, study.1),
            tags::SERIES_INSTANCE_UID,
            &["2.25.1.1", "2.25.1.2"],
        ),
        (
            PATIENT_ROOT_FIND,
            at(Level::Instance).key(patient.0, patient.1).key(study.0, study.1).key(series.0, series.1),
            tags::SOP_INSTANCE_UID,
            &["2.25.1.1.1", "2.25.1.1.2", "2.25.1.1.3"],
        ),
        (STUDY_ROOT_FIND, at(Level::Study), tags::STUDY_INSTANCE_UID, &["2.25.1", "2.25.2", "2.25.3", "2.25.4"]),
        (
            STUDY_ROOT_FIND,
            at(Level::Study).key(tags::STUDY_DATE, "20260101-").key(tags::MODALITIES_IN_STUDY, "MR"),
            tags::STUDY_INSTANCE_UID,
            &["2.25.2"],
        ),
        (STUDY_ROOT_FIND, at(Level::Study).key(study.0, "2.25.1\\2.25.3"), study.0, &["2.25.1", "2.25.3"]),
        (
            STUDY_ROOT_FIND,
            at(Level::Series).key(study.0, study.1).key(tags::MODALITY, "CT"),
            tags::SERIES_NUMBER,
            &["1", "2"],
        ),
        (
            STUDY_ROOT_FIND,
            at(Level::Instance).key(study.0, study.1).key(series.0, series.1).key(tags::INSTANCE_NUMBER, "2"),
            tags::SOP_INSTANCE_UID,
            &["2.25.1.1.2"],
        ),
        (STUDY_ROOT_FIND, at(Level::Study).key(study.0, "2.25.99"), study.0, &[]),
    ] {
        let level = identifier.0[&tags::QUERY_RETRIEVE_LEVEL].clone();
        let outcome = find(&app, class, identifier.wanted(&[unique])).await;
        assert_eq!(outcome.last.status, Status::SUCCESS, "{class} {level:?}");
        assert_eq!(column(&outcome, unique), expected, "{class} {level:?}");
    }
}

/// An optional key of the study level (PS3.4 table C.6-2): a list of UIDs, one of which is enough.
#[tokio::test]
async fn studies_are_found_by_the_classes_of_their_objects() {
    const SR: &str = "1.2.840.10008.5.1.4.1.1.88.11";
    let mut objects = corpus();
    objects.push(Object { class: SR, series: 3, number: 1, modality: "SR", ..objects[0].clone() });
    let app = App::holding(&objects, 2).await;
    let classes = tags::SOP_CLASSES_IN_STUDY;
    for (asked, found) in [
        (String::new(), &["2.25.1", "2.25.2", "2.25.3", "2.25.4"][..]),
        (SR.to_owned(), &["2.25.1"]),
        (format!("{MR}\\{SR}"), &["2.25.1", "2.25.2"]),
        ("1.2.3".to_owned(), &[]),
    ] {
        let asked = Identifier::new(Level::Study).key(classes, asked).wanted(&[tags::STUDY_INSTANCE_UID]);
        let outcome = find(&app, STUDY_ROOT_FIND, asked).await;
        assert_eq!(outcome.last.status, Status::SUCCESS);
        assert!(outcome.pending.iter().all(|pending| pending.status == Status::PENDING));
        assert_eq!(column(&outcome, tags::STUDY_INSTANCE_UID), found);
        for one in &outcome.matches {
            let expected = match one.root().written(tags::STUDY_INSTANCE_UID).as_str() {
                "2.25.1" => format!("{CT}\\{SR}"),
                "2.25.2" => MR.to_owned(),
                _ => CT.to_owned(),
            };
            assert_eq!(one.root().written(classes), expected);
        }
    }
    // Below the study it is no key.
    let below = Identifier::new(Level::Series).key(tags::STUDY_INSTANCE_UID, "2.25.1").wanted(&[classes]);
    let outcome = find(&app, STUDY_ROOT_FIND, below).await;
    assert!(outcome.pending.iter().all(|pending| pending.status == Status::PENDING_WITHOUT_SOME_KEYS));
}

/// PS3.4 §C.2.2.2.1: only names are compared without regard to case.
#[tokio::test]
async fn codes_are_compared_character_by_character() {
    let app = App::start().await;
    let at = |level| {
        let series = Identifier::new(level).key(tags::STUDY_INSTANCE_UID, "2.25.2");
        if level == Level::Instance { series.key(tags::SERIES_INSTANCE_UID, "2.25.2.1") } else { series }
    };
    for (level, unique) in [(Level::Series, tags::SERIES_INSTANCE_UID), (Level::Instance, tags::SOP_INSTANCE_UID)] {
        for (asked, count) in [("HEAD", 1), ("head", 0), ("HE*", 1), ("he*", 0), ("NECK\\HEAD", 1)] {
            let asked_for = at(level).key(tags::BODY_PART_EXAMINED, asked).wanted(&[unique]);
            let outcome = find(&app, STUDY_ROOT_FIND, asked_for).await;
            assert_eq!(column(&outcome, unique).len(), count, "{asked} at {level:?}");
        }
    }
}

/// PS3.4 §C.2.2.2.6: an item of a sequence meets all keys, and the answer has all items.
#[tokio::test]
async fn a_series_is_found_by_each_request_that_it_answers() {
    let app = App::start().await;
    for (step, procedure, count) in [("", "P1", 1), ("", "P2", 1), ("S2", "P2", 1), ("S1", "P2", 0), ("S*", "P3", 0)] {
        for level in [Level::Series, Level::Instance] {
            let item = Identifier::default()
                .key(tags::SCHEDULED_PROCEDURE_STEP_ID, step)
                .key(tags::REQUESTED_PROCEDURE_ID, procedure);
            let mut asked = Identifier::new(level).key(tags::STUDY_INSTANCE_UID, "2.25.2");
            if level == Level::Instance {
                asked = asked.key(tags::SERIES_INSTANCE_UID, "2.25.2.1");
            }
            asked.0.insert(tags::REQUEST_ATTRIBUTES_SEQUENCE, (VR::SQ, Value::Items(vec![item.0])));
            let outcome = find(&app, STUDY_ROOT_FIND, asked).await;
            assert_eq!(outcome.last.status, Status::SUCCESS);
            assert_eq!(outcome.matches.len(), count, "{step} {procedure} at {level:?}");
            for found in &outcome.matches {
                let items = found.root().items(tags::REQUEST_ATTRIBUTES_SEQUENCE);
                let steps: Vec<_> = items.map(|item| item.written(tags::SCHEDULED_PROCEDURE_STEP_ID)).collect();
                assert_eq!(steps, ["S1", "S2"]);
            }
        }
    }
}

/// HL7 A40: a list of a workstation has the old number for years.
#[tokio::test]
async fn a_merged_number_finds_what_it_goes_by() {
    let app = App::start().await;
    let id = |value: &str| IssuedId { issuer: "NORTH".into(), value: Phi::new(value.into()) };
    let merge = PatientEvent {
        message_control_id: "E1".into(),
        message_sha256: "sha".into(),
        change: PatientChange::Merge,
        patient: PatientRecord { patient_id: Some(id("A1")), ..PatientRecord::default() },
        other: Some(id("A2")),
        visit: None,
        recorded_ms: None,
    };
    let from = RepositoryCode::parse("local").unwrap();
    assert_eq!(app.registry.accept_patient(&from, merge, b"MSH").await, PatientAnswer::Accepted);
    let asked = |level| Identifier::new(level).key(tags::PATIENT_ID, "A2").wanted(&[tags::ISSUER_OF_PATIENT_ID]);
    let patients = find(&app, PATIENT_ROOT_FIND, asked(Level::Patient)).await;
    assert_eq!(column(&patients, tags::PATIENT_ID), ["A1"]);
    for class in [PATIENT_ROOT_FIND, STUDY_ROOT_FIND] {
        let studies = find(&app, class, asked(Level::Study)).await;
        assert_eq!(column(&studies, tags::STUDY_INSTANCE_UID), ["2.25.1", "2.25.2", "2.25.3"]);
        assert_eq!(column(&studies, tags::PATIENT_ID), ["A1"; 3]);
    }
}

#[tokio::test]
async fn an_answer_has_what_was_asked_for_and_what_every_answer_has() {
    let app = App::start().await;
    let issuer = [tags::LOCAL_NAMESPACE_ENTITY_ID, tags::UNIVERSAL_ENTITY_ID];
    let asked = Identifier::new(Level::Study)
        .key(tags::STUDY_INSTANCE_UID, "2.25.3")
        .wanted(&[tags::PATIENT_NAME, tags::MODALITIES_IN_STUDY, tags::NUMBER_OF_STUDY_RELATED_INSTANCES])
        .wanted(&[tags::STUDY_DESCRIPTION])
        .wanted_item(tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE, &issuer);
    let outcome = find(&app, STUDY_ROOT_FIND, asked).await;
    assert_eq!(outcome.pending[0].status, Status::PENDING);
    let root = outcome.matches[0].root();
    let mut given: Vec<_> = root.attributes().map(|(tag, _)| tag).collect();
    given.sort();
    assert_eq!(
        given,
        [
            tags::SPECIFIC_CHARACTER_SET,
            tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE,
            tags::QUERY_RETRIEVE_LEVEL,
            tags::RETRIEVE_AE_TITLE,
            tags::INSTANCE_AVAILABILITY,
            tags::MODALITIES_IN_STUDY,
            tags::STUDY_DESCRIPTION,
            tags::PATIENT_NAME,
            tags::STUDY_INSTANCE_UID,
            tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
        ]
    );
    for (tag, value) in [
        (tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192"),
        (tags::QUERY_RETRIEVE_LEVEL, "STUDY"),
        (tags::RETRIEVE_AE_TITLE, "DICS"),
        (tags::INSTANCE_AVAILABILITY, "ONLINE"),
        (tags::MODALITIES_IN_STUDY, "CT"),
        (tags::STUDY_DESCRIPTION, ""),
        (tags::PATIENT_NAME, "Lefèbvre^Zoé"),
        (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, "1"),
    ] {
        assert_eq!(root.written(tag), value, "{tag}");
    }
    let issuer: Vec<_> = root.items(tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE).collect();
    assert_eq!(issuer[0].attributes().count(), 2);
}

#[tokio::test]
async fn any_attribute_of_an_image_can_be_asked_for_and_a_study_says_what_it_does_not_know() {
    let app = App::start().await;
    let image = Identifier::new(Level::Instance)
        .key(tags::STUDY_INSTANCE_UID, "2.25.1")
        .key(tags::SERIES_INSTANCE_UID, "2.25.1.1")
        .key(tags::SOP_INSTANCE_UID, "2.25.1.1.2")
        .wanted(&[tags::ROWS, tags::SLICE_THICKNESS, tags::PROTOCOL_NAME, tags::ECHO_TIME, tags::SOP_CLASS_UID]);
    let outcome = find(&app, STUDY_ROOT_FIND, image).await;
    let root = outcome.matches[0].root();
    let values = [tags::ROWS, tags::SLICE_THICKNESS, tags::PROTOCOL_NAME, tags::ECHO_TIME, tags::SOP_CLASS_UID];
    assert_eq!(values.map(|tag| root.written(tag)), ["4", "2.5", "Routine", "", CT]);
    assert_eq!(outcome.pending[0].status, Status::PENDING);

    let study = Identifier::new(Level::Study).key(tags::STUDY_INSTANCE_UID, "2.25.1").wanted(&[tags::PROTOCOL_NAME]);
    let outcome = find(&app, STUDY_ROOT_FIND, study).await;
    assert_eq!(outcome.pending[0].status, Status::PENDING_WITHOUT_SOME_KEYS);
    assert!(outcome.matches[0].root().attributes().any(|(tag, _)| tag == tags::PROTOCOL_NAME));
}

#[tokio::test]
async fn an_identifier_against_its_model_is_refused_with_element_and_rule() {
    let app = App::start().await;
    let at = |level| Identifier::new(level);
    let unfit = Status::DOES_NOT_MATCH_SOP_CLASS;
    for (class, identifier, status, offending) in [
        (STUDY_ROOT_FIND, Identifier::default(), unfit, tags::QUERY_RETRIEVE_LEVEL),
        (STUDY_ROOT_FIND, at(Level::Patient), unfit, tags::QUERY_RETRIEVE_LEVEL),
        (STUDY_ROOT_FIND, at(Level::Series), unfit, tags::STUDY_INSTANCE_UID),
        (
            STUDY_ROOT_FIND,
            at(Level::Series).key(tags::STUDY_INSTANCE_UID, "2.25.1\\2.25.2"),
            unfit,
            tags::STUDY_INSTANCE_UID,
        ),
        (
            STUDY_ROOT_FIND,
            at(Level::Instance).key(tags::STUDY_INSTANCE_UID, "2.25.1"),
            unfit,
            tags::SERIES_INSTANCE_UID,
        ),
        (PATIENT_ROOT_FIND, at(Level::Study), unfit, tags::PATIENT_ID),
        (PATIENT_ROOT_FIND, at(Level::Study).key(tags::PATIENT_ID, "A*"), unfit, tags::PATIENT_ID),
        (STUDY_ROOT_FIND, at(Level::Study).key(tags::SOP_INSTANCE_UID, "2.25.1"), unfit, tags::SOP_INSTANCE_UID),
        (
            STUDY_ROOT_FIND,
            at(Level::Study).key(tags::STUDY_DATE, "yesterday"),
            Status::CANNOT_UNDERSTAND,
            tags::STUDY_DATE,
        ),
        (
            STUDY_ROOT_FIND,
            at(Level::Study).key(tags::STUDY_INSTANCE_UID, "1.2.x"),
            Status::CANNOT_UNDERSTAND,
            tags::STUDY_INSTANCE_UID,
        ),
    ] {
        let outcome = find(&app, class, identifier).await;
        assert_eq!((outcome.last.status, &outcome.last.offending[..]), (status, &[offending][..]));
        assert!(outcome.matches.is_empty());
    }
}

#[tokio::test]
async fn a_cancelled_query_ends_and_the_association_goes_on() {
    let objects: Vec<_> = (10..160).map(|study| Object { study, ..corpus().remove(0) }).collect();
    let app = App::holding(&objects, 5).await;
    let mut association = app.associate("READER", vec![scu(STUDY_ROOT_FIND)]).await.unwrap();
    let context = association.contexts()[0].clone();
    let identifier = Identifier::new(Level::Study).encode(&context.transfer_syntax);
    let request = Request::Find { message_id: 7, sop_class: uid(STUDY_ROOT_FIND) };
    association.ask(context.id, request, Some(&identifier)).await.unwrap();
    association.ask(context.id, Request::Cancel { message_id: 7 }, None).await.unwrap();
    let outcome = until_last(&mut association, Operation::Find, |_| Status::SUCCESS).await;
    assert_eq!(outcome.last.status, Status::CANCELLED);
    assert!(outcome.matches.len() < objects.len());
    let all = Identifier::new(Level::Study);
    let outcome = ask(&mut association, FIND(STUDY_ROOT_FIND), "", &all, |_| Status::SUCCESS).await;
    assert_eq!((outcome.last.status, outcome.matches.len()), (Status::SUCCESS, objects.len()));
    association.release().await;
}

#[tokio::test]
async fn a_caller_has_the_rights_that_are_registered_and_its_title_is_in_the_trail() {
    let app = App::start().await;
    find(&app, STUDY_ROOT_FIND, Identifier::new(Level::Study)).await;
    assert!(app.audit().contains(r#""user":"READER""#) && app.audit().contains(r#""action":"search""#));

    let get = dimse::uids::STUDY_ROOT_GET;
    let mut association = app.associate("SEEKER", vec![scu(get)]).await.unwrap();
    let study = Identifier::new(Level::Study).key(tags::STUDY_INSTANCE_UID, "2.25.1");
    let refused = ask(&mut association, (get, Operation::Get), "", &study, |_| Status::SUCCESS).await;
    assert_eq!(refused.last.status, Status::NOT_AUTHORISED);
    association.release().await;
}

#[tokio::test]
async fn a_request_in_a_context_of_another_class_is_refused() {
    let app = App::start().await;
    let mut association = app.associate("READER", vec![scu(STUDY_ROOT_FIND)]).await.unwrap();
    let context = association.contexts()[0].clone();
    let identifier = Identifier::new(Level::Study).encode(&context.transfer_syntax);
    let other_class = Request::Find { message_id: 7, sop_class: uid(PATIENT_ROOT_FIND) };
    association.ask(context.id, other_class, Some(&identifier)).await.unwrap();
    let outcome = until_last(&mut association, Operation::Find, |_| Status::SUCCESS).await;
    assert_eq!(outcome.last.status, Status::SOP_CLASS_NOT_SUPPORTED);
    let other_operation = Request::Get { message_id: 7, sop_class: uid(STUDY_ROOT_FIND) };
    association.ask(context.id, other_operation, Some(&identifier)).await.unwrap();
    let outcome = until_last(&mut association, Operation::Get, |_| Status::SUCCESS).await;
    assert_eq!(outcome.last.status, Status::UNRECOGNISED_OPERATION);
    association
        .ask(context.id, Request::Find { message_id: 7, sop_class: uid(STUDY_ROOT_FIND) }, Some(&[8, 0, 0x52]))
        .await
        .unwrap();
    let outcome = until_last(&mut association, Operation::Find, |_| Status::SUCCESS).await;
    assert_eq!(outcome.last.status, Status::CANNOT_UNDERSTAND);
    association.release().await;
}

#[tokio::test]
async fn damaged_identifiers_are_answered_or_refused_and_never_more() {
    let app = App::start().await;
    let whole = Identifier::new(Level::Study)
        .key(tags::PATIENT_NAME, "Doe*")
        .key(tags::STUDY_DATE, "20260101-")
        .wanted(&[tags::STUDY_INSTANCE_UID, tags::ROWS, tags::MODALITIES_IN_STUDY])
        .wanted_item(tags::REQUEST_ATTRIBUTES_SEQUENCE, &[tags::REQUESTED_PROCEDURE_ID])
        .encode("1.2.840.10008.1.2.1");
    let mut association = app.associate("READER", vec![scu(STUDY_ROOT_FIND)]).await.unwrap();
    let context = association.contexts()[0].id;
    // A generator that is the same everywhere (PCG's multiplier).
    let mut state = 1u64;
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % end
    };
    for _ in 0..400 {
        let mut damaged = whole.clone();
        for _ in 0..=below(4) {
            let at = below(damaged.len());
            damaged[at] = u8::try_from(below(256)).unwrap();
        }
        if below(4) == 0 {
            damaged.truncate(1 + below(damaged.len() - 1));
        }
        let request = Request::Find { message_id: 7, sop_class: uid(STUDY_ROOT_FIND) };
        association.ask(context, request, Some(&damaged)).await.unwrap();
        let outcome = until_last(&mut association, Operation::Find, |_| Status::SUCCESS).await;
        assert!(outcome.matches.len() <= 4);
        assert!([0x0000, 0xA900, 0xC000].contains(&outcome.last.status.0), "{}", outcome.last.status);
    }
    association.release().await;
}

/// The corpus, and a study of a patient whose name has three groups.
async fn with_yamada() -> App {
    let name = "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう";
    let yamada = Object { patient: ("NORTH", "J1", name), study: 8, ..corpus()[0].clone() };
    App::holding(&[corpus(), vec![yamada]].concat(), 2).await
}

fn named(sets: &str, name: &[u8]) -> Identifier {
    let mut asked =
        Identifier::new(Level::Study).key(tags::SPECIFIC_CHARACTER_SET, sets).wanted(&[tags::STUDY_INSTANCE_UID]);
    asked.0.insert(tags::PATIENT_NAME, (VR::PN, Value::Binary(name.to_vec())));
    asked
}

/// PS3.3 §C.12.1.1.2, PS3.5 §6.1.2.5.3: the first set is in force at the start of each value and component, the others after their escapes.
#[tokio::test]
async fn keys_are_read_in_all_the_sets_that_their_identifier_names() {
    let app = with_yamada().await;
    let japanese = "ISO 2022 IR 13\\ISO 2022 IR 87";
    let ideographic = b"=\x1B$B;3ED\x1B(J^\x1B$BB@O:\x1B(J";
    let all = [b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3", &ideographic[..]].concat();
    for (sets, name, found) in [
        (japanese, &b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3"[..], "2.25.8"),
        (japanese, &all, "2.25.8"),
        (japanese, &ideographic[..], "2.25.8"),
        ("\\ISO 2022 IR 87\\ISO 2022 IR 149", b"=\x1B$B;3ED\x1B(B*", "2.25.8"),
        ("ISO 2022 IR 100\\ISO 2022 IR 144", b"Lef\xE8bvre^Zo\xE9", "2.25.3"),
        ("ISO 2022 IR 100\\ISO 2022 IR 126", b"lef\xE8bvre*", "2.25.3"),
        ("ISO_IR 192", "Lefèbvre*".as_bytes(), "2.25.3"),
    ] {
        let outcome = find(&app, STUDY_ROOT_FIND, named(sets, name)).await;
        assert_eq!(outcome.last.status, Status::SUCCESS, "{sets}");
        assert_eq!(column(&outcome, tags::STUDY_INSTANCE_UID), [found], "{sets}");
    }
}

/// Nobody of that name would be the wrong answer.
#[tokio::test]
async fn a_key_that_its_sets_do_not_explain_is_refused() {
    let app = with_yamada().await;
    for (sets, name) in [
        ("\\ISO 2022 IR 87", &b"Lef\xE8bvre^Zo\xE9"[..]),
        ("ISO 2022 IR 13\\ISO 2022 IR 87", b"\x1B$B;3E"),
        ("ISO_IR 192", b"Lef\xE8bvre^Zo\xE9"),
    ] {
        let outcome = find(&app, STUDY_ROOT_FIND, named(sets, name)).await;
        let told = (outcome.last.status, &outcome.last.offending[..]);
        assert_eq!(told, (Status::CANNOT_UNDERSTAND, &[tags::PATIENT_NAME][..]), "{sets}");
        assert!(outcome.matches.is_empty());
    }
}
