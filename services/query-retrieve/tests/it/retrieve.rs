//! C-GET and C-MOVE: PS3.4 §C.4.2, §C.4.3.

use dicom_dictionary_std::tags;
use dimse::association::{Association, Prompt, ProposedContext};
use dimse::identifier::{Identifier, Level};
use dimse::message::{Operation, Request, Response, Status};
use dimse::uids::{PATIENT_ROOT_GET, PATIENT_ROOT_MOVE, STUDY_ROOT_GET, STUDY_ROOT_MOVE};

use crate::app::{App, Outcome, Stored, ask, scu, until_last};
use crate::objects::{CT, EXPLICIT, IMPLICIT, MR, Object, corpus, uid};

const GET: (&str, Operation) = (STUDY_ROOT_GET, Operation::Get);
const MOVE: (&str, Operation) = (STUDY_ROOT_MOVE, Operation::Move);

fn study(uid: &str) -> Identifier {
    Identifier::new(Level::Study).key(tags::STUDY_INSTANCE_UID, uid)
}

async fn getter(app: &App, classes: &[&str], syntaxes: &[&str]) -> Association<Prompt> {
    let storage = classes.iter().map(|class| ProposedContext::scp(class, syntaxes));
    let contexts = [scu(STUDY_ROOT_GET), scu(PATIENT_ROOT_GET)].into_iter().chain(storage).collect();
    app.associate("READER", contexts).await.unwrap()
}

async fn get(app: &App, class: &str, identifier: Identifier) -> Outcome {
    let mut association = getter(app, &[CT, MR], &[EXPLICIT]).await;
    let outcome = ask(&mut association, (class, Operation::Get), "", &identifier, |_| Status::SUCCESS).await;
    association.release().await;
    outcome
}

fn names(stored: &[Stored]) -> Vec<&str> {
    let mut names: Vec<_> = stored.iter().map(|stored| stored.instance.as_str()).collect();
    names.sort_unstable();
    names
}

fn counts(response: &Response) -> [Option<u16>; 4] {
    let all = response.suboperations;
    [all.remaining, all.completed, all.failed, all.warning]
}

fn data_set_of(instance: &str, syntax: &str) -> Vec<u8> {
    let objects = corpus();
    objects.iter().find(|object| object.instance_uid() == instance).unwrap().data_set(syntax)
}

#[tokio::test]
async fn every_level_of_both_models_comes_as_it_is_stored() {
    let app = App::start().await;
    let at = |level| Identifier::new(level);
    let (first, second) = (["2.25.1.1.1", "2.25.1.1.2", "2.25.1.1.3"], ["2.25.1.2.1", "2.25.1.2.2"]);
    let whole = [&first[..], &second].concat();
    let in_study = |level| at(level).key(tags::STUDY_INSTANCE_UID, "2.25.1");
    for (class, identifier, expected) in [
        (STUDY_ROOT_GET, in_study(Level::Study), &whole[..]),
        (STUDY_ROOT_GET, study("2.25.2\\2.25.3"), &["2.25.2.1.1", "2.25.3.1.1"]),
        (STUDY_ROOT_GET, in_study(Level::Series).key(tags::SERIES_INSTANCE_UID, "2.25.1.2"), &second),
        (
            STUDY_ROOT_GET,
            in_study(Level::Instance)
                .key(tags::SERIES_INSTANCE_UID, "2.25.1.1")
                .key(tags::SOP_INSTANCE_UID, "2.25.1.1.1\\2.25.1.1.3"),
            &["2.25.1.1.1", "2.25.1.1.3"],
        ),
        (PATIENT_ROOT_GET, at(Level::Patient).key(tags::PATIENT_ID, "A2"), &["2.25.3.1.1"]),
        (
            PATIENT_ROOT_GET,
            at(Level::Patient).key(tags::PATIENT_ID, "A1").key(tags::ISSUER_OF_PATIENT_ID, "SOUTH"),
            &["2.25.4.1.1"],
        ),
        (PATIENT_ROOT_GET, study("2.25.3").key(tags::PATIENT_ID, "A2"), &["2.25.3.1.1"]),
        // Another patient's study is not this patient's.
        (PATIENT_ROOT_GET, study("2.25.1").key(tags::PATIENT_ID, "A2"), &[]),
        (STUDY_ROOT_GET, study("2.25.99"), &[]),
    ] {
        let outcome = get(&app, class, identifier).await;
        assert_eq!(outcome.last.status, Status::SUCCESS);
        assert_eq!(names(&outcome.stored), expected);
        let total = u16::try_from(expected.len()).unwrap();
        assert_eq!(counts(&outcome.last), [None, Some(total), Some(0), Some(0)]);
        let told: Vec<_> = outcome.pending.iter().map(|response| counts(response)[0].unwrap()).collect();
        assert_eq!(told, (0..total).rev().collect::<Vec<_>>());
        for stored in &outcome.stored {
            assert_eq!(stored.data_set, data_set_of(&stored.instance, EXPLICIT));
        }
    }
}

/// A worklist that names an entity twice means it once (PS3.4 §C.4.2.1.4).
#[tokio::test]
async fn what_is_named_twice_is_sent_once_and_counted_once() {
    let app = App::start().await;
    let series = |uids: &str| {
        Identifier::new(Level::Series).key(tags::STUDY_INSTANCE_UID, "2.25.1").key(tags::SERIES_INSTANCE_UID, uids)
    };
    let images = Identifier::new(Level::Instance)
        .key(tags::STUDY_INSTANCE_UID, "2.25.1")
        .key(tags::SERIES_INSTANCE_UID, "2.25.1.1")
        .key(tags::SOP_INSTANCE_UID, "2.25.1.1.2\\2.25.1.1.1\\2.25.1.1.2");
    for (identifier, expected) in [
        (study("2.25.3\\2.25.2\\2.25.3"), ["2.25.2.1.1", "2.25.3.1.1"]),
        (series("2.25.1.2\\2.25.1.2"), ["2.25.1.2.1", "2.25.1.2.2"]),
        (images, ["2.25.1.1.1", "2.25.1.1.2"]),
    ] {
        let outcome = get(&app, STUDY_ROOT_GET, identifier).await;
        assert_eq!(names(&outcome.stored), expected);
        assert_eq!(counts(&outcome.last), [None, Some(2), Some(0), Some(0)]);
        assert_eq!(counts(&outcome.pending[0])[0], Some(1), "and one more was expected after the first");
    }
}

#[tokio::test]
async fn a_patient_id_of_two_patients_sends_nobody_the_others_images() {
    let app = App::start().await;
    let ambiguous = Identifier::new(Level::Patient).key(tags::PATIENT_ID, "A1");
    let outcome = get(&app, PATIENT_ROOT_GET, ambiguous).await;
    assert_eq!(outcome.last.status, Status::CANNOT_UNDERSTAND);
    assert_eq!(outcome.last.offending, [tags::ISSUER_OF_PATIENT_ID]);
    assert!(outcome.stored.is_empty());
}

/// One study of a patient has another's StudyInstanceUID: it is nobody's until that is mended, and the others are this patient's all the same.
#[tokio::test]
async fn a_disputed_study_is_withheld_and_counted_and_the_others_are_sent() {
    let mut all = corpus();
    let (zoe, other) = (all[6].patient, all[7].patient);
    for (patient, series) in [(zoe, 1), (zoe, 1), (other, 2)] {
        let number = all.len() as u32;
        all.push(Object { patient, study: 5, series, number, ..all[6].clone() });
    }
    let app = App::holding(&all, 2).await;
    let outcome = get(&app, PATIENT_ROOT_GET, Identifier::new(Level::Patient).key(tags::PATIENT_ID, "A2")).await;
    assert_eq!(outcome.last.status, Status::SOME_FAILED);
    assert_eq!(counts(&outcome.last), [None, Some(1), Some(2), Some(0)]);
    assert_eq!(names(&outcome.stored), ["2.25.3.1.1"]);
    // Of a list it is one that fails; alone it is refused.
    let outcome = get(&app, STUDY_ROOT_GET, study("2.25.3\\2.25.5")).await;
    assert_eq!((outcome.last.status, counts(&outcome.last)), (Status::SOME_FAILED, [None, Some(1), Some(1), Some(0)]));
    let outcome = get(&app, STUDY_ROOT_GET, study("2.25.5")).await;
    assert_eq!(outcome.last.status, Status::CANNOT_UNDERSTAND);
    assert!(outcome.stored.is_empty());
}

#[tokio::test]
async fn a_peer_that_knows_implicit_vr_alone_gets_it() {
    let app = App::start().await;
    let mut association = getter(&app, &[CT], &[IMPLICIT]).await;
    let outcome = ask(&mut association, GET, "", &study("2.25.3"), |_| Status::SUCCESS).await;
    assert_eq!(outcome.last.status, Status::SUCCESS);
    assert_eq!(outcome.stored[0].transfer_syntax, IMPLICIT);
    assert_eq!(outcome.stored[0].data_set, data_set_of("2.25.3.1.1", IMPLICIT));
    association.release().await;
}

#[tokio::test]
async fn what_failed_is_counted_and_listed() {
    let app = App::start().await;
    // No context for MR: of two studies one can't be sent.
    let mut association = getter(&app, &[CT], &[EXPLICIT]).await;
    let outcome = ask(&mut association, GET, "", &study("2.25.2\\2.25.3"), |_| Status::SUCCESS).await;
    assert_eq!((outcome.last.status, outcome.failed), (Status::SOME_FAILED, vec!["2.25.2.1.1".to_owned()]));
    assert_eq!(counts(&outcome.last), [None, Some(1), Some(1), Some(0)]);
    let outcome = ask(&mut association, GET, "", &study("2.25.2"), |_| Status::SUCCESS).await;
    assert_eq!((outcome.last.status, outcome.failed), (Status::NO_SUBOPERATIONS, vec!["2.25.2.1.1".to_owned()]));
    // The peer's own answers count as they are.
    let answers = [Status::SUCCESS, Status(0xB007), Status::OUT_OF_RESOURCES, Status::SUCCESS, Status::SUCCESS];
    let outcome = ask(&mut association, GET, "", &study("2.25.1"), |at| answers[at]).await;
    assert_eq!((outcome.last.status, outcome.failed), (Status::SOME_FAILED, vec!["2.25.1.1.3".to_owned()]));
    assert_eq!(counts(&outcome.last), [None, Some(3), Some(1), Some(1)]);
    association.release().await;
}

#[tokio::test]
async fn a_retrieval_without_its_unique_keys_is_refused() {
    let app = App::start().await;
    let at = |level| Identifier::new(level);
    for (class, identifier, offending) in [
        (STUDY_ROOT_GET, at(Level::Study), tags::STUDY_INSTANCE_UID),
        (STUDY_ROOT_GET, study("2.25.*"), tags::STUDY_INSTANCE_UID),
        (STUDY_ROOT_GET, at(Level::Series).key(tags::SERIES_INSTANCE_UID, "2.25.1.1"), tags::STUDY_INSTANCE_UID),
        (STUDY_ROOT_GET, at(Level::Patient).key(tags::PATIENT_ID, "A1"), tags::QUERY_RETRIEVE_LEVEL),
        (PATIENT_ROOT_GET, study("2.25.1"), tags::PATIENT_ID),
        (PATIENT_ROOT_GET, at(Level::Patient), tags::PATIENT_ID),
    ] {
        let outcome = get(&app, class, identifier).await;
        let (status, element) = (outcome.last.status, &outcome.last.offending[..]);
        assert_eq!((status, element), (Status::DOES_NOT_MATCH_SOP_CLASS, &[offending][..]));
    }
}

#[tokio::test]
async fn a_cancelled_retrieval_says_how_far_it_came() {
    let objects: Vec<_> = (1..=40).map(|number| Object { number, ..corpus().remove(0) }).collect();
    let app = App::holding(&objects, 10).await;
    let mut association = getter(&app, &[CT], &[EXPLICIT]).await;
    let context = association.context_for(STUDY_ROOT_GET).unwrap().clone();
    let request = Request::Get { message_id: 7, sop_class: uid(STUDY_ROOT_GET) };
    let identifier = study("2.25.1").encode(&context.transfer_syntax);
    association.ask(context.id, request, Some(&identifier)).await.unwrap();
    association.ask(context.id, Request::Cancel { message_id: 7 }, None).await.unwrap();
    let outcome = until_last(&mut association, Operation::Get, |_| Status::SUCCESS).await;
    assert_eq!(outcome.last.status, Status::CANCELLED);
    assert!(outcome.stored.len() < 40);
    let [remaining, completed, ..] = counts(&outcome.last);
    assert_eq!(usize::from(completed.unwrap()), outcome.stored.len());
    assert!(remaining.unwrap() == 40 - completed.unwrap() || completed == Some(0));
    association.release().await;
}

async fn r#move(app: &App, class: &str, destination: &str, identifier: Identifier) -> Outcome {
    let mut association = app.associate("READER", vec![scu(class)]).await.unwrap();
    let asked = (class, Operation::Move);
    let outcome = ask(&mut association, asked, destination, &identifier, |_| Status::SUCCESS).await;
    association.release().await;
    outcome
}

#[tokio::test]
async fn a_registered_destination_gets_what_was_moved_and_learns_who_asked() {
    let app = App::start().await;
    let outcome = r#move(&app, MOVE.0, "TAKER", study("2.25.1\\2.25.2")).await;
    assert_eq!(outcome.last.status, Status::SUCCESS);
    assert_eq!(counts(&outcome.last), [None, Some(6), Some(0), Some(0)]);
    assert_eq!(outcome.pending.len(), 6);
    let stored = app.taker.stored.lock().unwrap().clone();
    assert_eq!(stored.len(), 6);
    for stored in stored {
        assert_eq!(stored.originator, Some(("READER".to_owned(), 7)));
        assert_eq!(stored.data_set, data_set_of(&stored.instance, &stored.transfer_syntax));
    }
    // The trail says who got it.
    assert!(app.audit().contains(r#""user":"READER","authority":"dimse","recipient":"TAKER""#), "{}", app.audit());
}

#[tokio::test]
async fn what_a_destination_refuses_is_counted_and_listed() {
    let app = App::start().await;
    *app.taker.statuses.lock().unwrap() = vec![Status::SUCCESS, Status::OUT_OF_RESOURCES];
    let identifier = Identifier::new(Level::Series)
        .key(tags::PATIENT_ID, "A1")
        .key(tags::STUDY_INSTANCE_UID, "2.25.1")
        .key(tags::SERIES_INSTANCE_UID, "2.25.1.2")
        .key(tags::ISSUER_OF_PATIENT_ID, "NORTH");
    let outcome = r#move(&app, PATIENT_ROOT_MOVE, "TAKER", identifier).await;
    assert_eq!((outcome.last.status, outcome.failed), (Status::SOME_FAILED, vec!["2.25.1.2.1".to_owned()]));
}

#[tokio::test]
async fn a_destination_that_is_unknown_or_gone_gets_nothing() {
    let app = App::start().await;
    let outcome = r#move(&app, MOVE.0, "STRANGER", study("2.25.1")).await;
    assert_eq!(outcome.last.status, Status::MOVE_DESTINATION_UNKNOWN);
    let outcome = r#move(&app, MOVE.0, "GONE", study("2.25.1")).await;
    assert_eq!(outcome.last.status, Status::NO_SUBOPERATIONS);
    assert_eq!(counts(&outcome.last), [None, Some(0), Some(5), Some(0)]);
    assert_eq!(outcome.failed.len(), 5, "who asked can ask for each again");
    assert!(app.taker.stored.lock().unwrap().is_empty());
}
