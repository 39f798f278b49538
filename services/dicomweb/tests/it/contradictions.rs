//! Two objects of one SOPInstanceUID: one instance with another header around it, or two that contradict each other.

use access::{Action, Subject};
use index_store::{Conflict, Contradiction};

use crate::app::{Answer, TestApp, related};
use crate::objects::{BIG, IMPLICIT, Object, STUDY, image, pdf, report, rle};

/// An object with some bytes of it written anew.
fn rewritten(object: &Object, old: &str, new: &str) -> Vec<u8> {
    let (mut bytes, old, new) = (object.to_bytes(), old.as_bytes(), new.as_bytes());
    assert_eq!(old.len(), new.len());
    let at = memchr::memmem::find(&bytes, old).unwrap();
    bytes[at..at + old.len()].copy_from_slice(new);
    bytes
}

async fn store(app: &TestApp, bytes: Vec<u8>) -> Answer {
    app.post("/studies", &related(&[bytes])).await
}

async fn conflicts(app: &TestApp) -> Vec<Conflict> {
    let access = app.registry.access();
    let permit = access.permit(&access.service(), Action::Administer, Subject::Registry).await.unwrap();
    app.registry.conflicts(&permit, 10, false).await.unwrap()
}

#[tokio::test]
async fn a_header_written_anew_or_another_transfer_syntax_is_the_same_instance() {
    let first = Object { syntax: crate::objects::EXPLICIT, ..image(91) };
    let app = TestApp::holding(std::slice::from_ref(&first)).await;
    store(&app, rewritten(&first, "Maker", "Other")).await.expect(202);
    for other in [Object { syntax: IMPLICIT, ..first.clone() }, Object { syntax: BIG, ..first.clone() }, rle()] {
        store(&app, other.to_bytes()).await.expect(200);
    }
    store(&app, rewritten(&first, "Maker", "Other")).await.expect(202);
    assert!(conflicts(&app).await.is_empty(), "nobody has to look");
    assert_eq!(app.stored_instances().await, 5, "what was sent to us is kept, each once");
    let shown = app.get_as(&first.path(), "application/dicom; transfer-syntax=*").await.expect(200);
    assert_eq!(shown.body, first.to_bytes());
    assert_eq!(app.get(&format!("/studies/{STUDY}/instances")).await.expect(200).json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn other_pixels_under_one_identifier_are_kept_and_listed_and_the_first_is_shown_at_every_look() {
    let first = image(1);
    let other = Object { frames: vec![[9, 1].repeat(32)], ..image(1) };
    let app = TestApp::holding(std::slice::from_ref(&first)).await;
    for _ in 0..2 {
        store(&app, other.to_bytes()).await.expect(409);
        let listed = conflicts(&app).await;
        let [Conflict { what: Contradiction::Instance(differing), .. }] = listed.as_slice() else {
            panic!("one conflict, however often it comes: {listed:?}")
        };
        assert!(differing.is_compared);
        assert_eq!(differing.sop_instance_uid.as_str(), first.instance);
        let frame = app.get(&format!("{}/frames/1", first.path())).await.expect(200);
        assert!(memchr::memmem::find(&frame.body, &first.frames[0]).is_some());
    }
    assert_eq!(app.stored_instances().await, 2, "both are kept");
}

/// Identity is more than pixels: the same picture under another patient's name is another instance.
#[tokio::test]
async fn the_same_pixels_of_somebody_else_are_no_repeat() {
    let app = TestApp::holding(&[image(1)]).await;
    app.store(&[Object { patient: "Somebody^Else", ..image(1) }]).await.expect(409);
    assert_eq!(conflicts(&app).await.len(), 1);
    app.store(&[Object { patient: "TREMBLAY^ZOE", ..image(2) }]).await.expect(200);
    app.store(&[Object { patient: "Tremblay^Zo\u{e9}^A", ..image(2) }]).await.expect(202);
}

#[tokio::test]
async fn documents_are_the_same_when_all_is_that_does_not_tell_of_who_passed_them_on() {
    let app = TestApp::holding(&[pdf(), report()]).await;
    for (document, own, content, other) in
        [(pdf(), "Maker", "small", "SMALL"), (report(), "Maker", "Clear lungs", "Clean lungs")]
    {
        store(&app, rewritten(&document, own, "Other")).await.expect(202);
        assert!(conflicts(&app).await.iter().all(|one| !of(one, &document)));
        store(&app, rewritten(&document, content, other)).await.expect(409);
        assert!(conflicts(&app).await.iter().any(|one| of(one, &document)));
    }
}

fn of(conflict: &Conflict, object: &Object) -> bool {
    matches!(&conflict.what, Contradiction::Instance(one) if one.sop_instance_uid.as_str() == object.instance)
}
