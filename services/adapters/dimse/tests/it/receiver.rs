//! The storage receiver.

use std::time::Duration;

use adapter_api::{Sender, StoreAnswer};
use adapter_dimse::StoreOptions;
use dimse::association::{Association, AssociationError, Prompt, Proposal, ProposedContext, Rejection};
use dimse::message::{Operation, Outcome, Request, Status};
use dimse::part10::{self, Meta};
use dimse::{ListenerOptions, StoreError, StoreScu};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::corpus::{CT, EXPLICIT, SERIES, STUDY, ae, compressed, object, slice, uid};
use crate::inbox::{Options, Receiver, receiver};

const LIMIT: Duration = Duration::from_secs(10);

fn meta(file: &[u8]) -> Meta {
    part10::split(file).unwrap().0
}

async fn scu(to: &Receiver, calling: &str, called: &str, files: &[&[u8]]) -> Result<StoreScu, AssociationError> {
    let metas: Vec<_> = files.iter().map(|file| meta(file)).collect();
    StoreScu::open(("127.0.0.1", to.addr.port()), ae(calling), ae(called), metas, LIMIT).await
}

async fn associate(to: &Receiver, contexts: Vec<ProposedContext>) -> Result<Association<Prompt>, AssociationError> {
    let proposal = Proposal { calling: ae("MODALITY"), called: ae("DICS"), contexts };
    Association::connect(&("127.0.0.1", to.addr.port()).into(), &proposal, LIMIT).await
}

#[tokio::test]
async fn an_object_arrives_as_it_was_sent_under_a_header_that_names_its_sender() {
    let to = receiver(StoreAnswer::Stored, Options::default()).await;
    let files = [slice(1), compressed(2)];
    let mut scu = scu(&to, "MODALITY", "DICS", &[&files[0], &files[1]]).await.unwrap();
    for file in &files {
        assert_eq!(scu.store(file, None).await.unwrap(), Status::SUCCESS);
    }
    scu.release().await;
    let stored = to.inbox.objects.lock().unwrap();
    for ((from, object), file) in stored.iter().zip(&files) {
        assert_eq!(*from, Sender::AeTitle { ae_title: ae("MODALITY"), address: "127.0.0.1".parse().unwrap() });
        let (sent, start) = part10::split(file).unwrap();
        let (came, begins) = part10::split(object).unwrap();
        assert_eq!((came, &object[begins..]), (sent, &file[start..]));
    }
    assert_eq!(stored.len(), 2);
}

#[tokio::test]
async fn every_answer_of_the_inbox_has_its_status() {
    let quarantined = StoreAnswer::Quarantined { attribute: "StudyInstanceUID".into(), rule: "is missing".into() };
    for (answer, status) in [
        (StoreAnswer::Stored, Status::SUCCESS),
        (StoreAnswer::OtherHeader, Status::ELEMENTS_DISCARDED),
        (StoreAnswer::Disputed, Status::DISPUTED),
        (quarantined, Status::CANNOT_UNDERSTAND),
        (StoreAnswer::Duplicate, Status::DUPLICATE_SOP_INSTANCE),
        (StoreAnswer::Rejected, Status::REJECTED_BEFORE),
        (StoreAnswer::NotAuthorised, Status::NOT_AUTHORISED),
        (StoreAnswer::OutOfResources, Status::OUT_OF_RESOURCES),
    ] {
        let to = receiver(answer.clone(), Options::default()).await;
        let mut scu = scu(&to, "MODALITY", "DICS", &[&slice(1)]).await.unwrap();
        assert_eq!(scu.store(&slice(1), None).await.unwrap(), status, "{answer:?}");
    }
}

/// PS3.4 table B.2-1: who stores under one name what has another would look for it in vain.
#[tokio::test]
async fn an_object_under_another_name_than_its_own_is_refused() {
    let to = receiver(StoreAnswer::Stored, Options::default()).await;
    let mut file = slice(1);
    let instance = part10::split(&file).unwrap().0.sop_instance.as_str().to_owned();
    let at = file.windows(instance.len()).position(|bytes| bytes == instance.as_bytes()).unwrap();
    let last = at + instance.len() - 1;
    file[last] = if file[last] == b'1' { b'2' } else { b'1' };
    let mut scu = scu(&to, "MODALITY", "DICS", &[&file]).await.unwrap();
    assert_eq!(scu.store(&file, None).await.unwrap(), Status::DOES_NOT_MATCH_SOP_CLASS);
    assert!(to.inbox.objects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn strangers_and_wrong_numbers_are_rejected_with_the_reason() {
    let to = receiver(StoreAnswer::Stored, Options::default()).await;
    for (calling, called, expected) in
        [("STRANGER", "DICS", Rejection::CALLING_AE_TITLE), ("MODALITY", "OTHER", Rejection::CALLED_AE_TITLE)]
    {
        let error = scu(&to, calling, called, &[&slice(1)]).await.unwrap_err();
        assert!(matches!(error, AssociationError::Rejected(reason) if reason == expected), "{error:?}");
    }
}

#[tokio::test]
async fn associations_beyond_the_limit_are_put_off() {
    let options = Options {
        listener: ListenerOptions { associations: 2, associations_each: 1, ..ListenerOptions::default() },
        ..Options::default()
    };
    let to = receiver(StoreAnswer::Stored, options).await;
    let file = slice(1);
    let first = scu(&to, "MODALITY", "DICS", &[&file]).await.unwrap();
    let again = scu(&to, "MODALITY", "DICS", &[&file]).await.unwrap_err();
    assert!(matches!(again, AssociationError::Rejected(Rejection::LOCAL_LIMIT)), "{again:?}");
    let second = scu(&to, "PACS", "DICS", &[&file]).await.unwrap();
    let third = scu(&to, "STORESCU", "DICS", &[&file]).await.unwrap_err();
    assert!(matches!(third, AssociationError::Rejected(Rejection::CONGESTION)), "{third:?}");
    first.release().await;
    second.release().await;
}

#[tokio::test]
async fn every_storage_class_is_taken_and_nothing_else() {
    let to = receiver(StoreAnswer::Stored, Options::default()).await;
    let private = "1.3.12.2.1107.5.9.1";
    let find = "1.2.840.10008.5.1.4.1.2.2.1";
    let contexts = [CT, private, find, "1.2.840.10008.1.1"].map(|class| ProposedContext::scu(class, &[EXPLICIT]));
    let mut association = associate(&to, contexts.to_vec()).await.unwrap();
    assert!(association.context_for(CT).is_some() && association.context_for(private).is_some());
    assert!(association.context_for(find).is_none());

    let echo = association.context_for("1.2.840.10008.1.1").unwrap().id;
    association.ask(echo, Request::Echo { message_id: 1 }, None).await.unwrap();
    assert_eq!(association.response(Operation::Echo, 1).await.unwrap().1.status, Status::SUCCESS);
    // A query in a storage context is read past and refused, and the association goes on.
    let storage = association.context_for(CT).unwrap().id;
    let query = Request::Find { message_id: 2, sop_class: uid(find) };
    association.ask(storage, query, Some(&[8, 0, 0x52, 0, b'C', b'S', 0, 0])).await.unwrap();
    let refused = association.response(Operation::Find, 2).await.unwrap().1;
    assert_eq!(refused.status.outcome(), Outcome::Failure);
    association.ask(echo, Request::Echo { message_id: 3 }, None).await.unwrap();
    assert_eq!(association.response(Operation::Echo, 3).await.unwrap().1.status, Status::SUCCESS);
    association.release().await;
}

#[tokio::test]
async fn the_first_proposed_syntax_that_is_known_is_taken() {
    let to = receiver(StoreAnswer::Stored, Options::default()).await;
    let proposed = ["1.2.3.4", "1.2.840.10008.1.2.4.90", EXPLICIT];
    let association = associate(&to, vec![ProposedContext::scu(CT, &proposed)]).await.unwrap();
    assert_eq!(&*association.contexts()[0].transfer_syntax, "1.2.840.10008.1.2.4.90");
    association.release().await;
    let unknown = associate(&to, vec![ProposedContext::scu(CT, &["1.2.3.4"])]).await.unwrap_err();
    assert!(matches!(unknown, AssociationError::NoContext), "{unknown:?}");
}

#[tokio::test]
async fn a_large_object_goes_through_a_file_and_one_too_large_ends_the_association() {
    let options =
        Options { store: StoreOptions { object_bytes: 24 << 20, ..StoreOptions::default() }, ..Options::default() };
    let to = receiver(StoreAnswer::Stored, options).await;
    let of = |bytes| object(CT, EXPLICIT, STUDY, SERIES, 1, &[("Doe^Jane", "20240131", "CT", "Chest")], bytes);
    let (large, too_large) = (of(20 << 20), of(26 << 20));
    let mut first = scu(&to, "MODALITY", "DICS", &[&large]).await.unwrap();
    assert_eq!(first.store(&large, None).await.unwrap(), Status::SUCCESS);
    assert_eq!(*to.inbox.in_files.lock().unwrap(), 1);
    let end = first.store(&too_large, None).await.unwrap_err();
    assert!(matches!(end, StoreError::Association(_)), "{end:?}");
    assert_eq!(to.count(), 1);
    let mut second = scu(&to, "MODALITY", "DICS", &[&slice(1)]).await.unwrap();
    assert_eq!(second.store(&slice(1), None).await.unwrap(), Status::SUCCESS);
}

#[tokio::test]
async fn a_peer_that_goes_or_stops_in_the_middle_leaves_nothing_and_harms_nobody() {
    let soon = Duration::from_millis(300);
    let options = Options {
        listener: ListenerOptions { association: soon, idle: soon, lull: soon, ..ListenerOptions::default() },
        ..Options::default()
    };
    let to = receiver(StoreAnswer::Stored, options).await;
    let mut half = TcpStream::connect(to.addr).await.unwrap();
    half.write_all(&[1, 0, 0, 0, 1, 0, 0]).await.unwrap();
    let idle = associate(&to, vec![ProposedContext::scu(CT, &[EXPLICIT])]).await.unwrap();
    let leaving = associate(&to, vec![ProposedContext::scu(CT, &[EXPLICIT])]).await.unwrap();
    leaving.abort().await;

    let mut good = scu(&to, "PACS", "DICS", &[&slice(1)]).await.unwrap();
    assert_eq!(good.store(&slice(1), None).await.unwrap(), Status::SUCCESS);
    good.release().await;
    // Both are ended by the receiver: one closed, one aborted.
    let mut rest = Vec::new();
    half.read_to_end(&mut rest).await.unwrap();
    let mut idle = idle;
    let end = idle.receive().await.unwrap_err();
    assert!(matches!(end, AssociationError::Aborted { .. } | AssociationError::Closed), "{end:?}");
    assert_eq!(to.count(), 1);
}

#[tokio::test]
async fn shutdown_ends_associations_and_returns() {
    let mut to = receiver(StoreAnswer::Stored, Options::default()).await;
    let mut open = associate(&to, vec![ProposedContext::scu(CT, &[EXPLICIT])]).await.unwrap();
    to.stop.cancel();
    assert!(open.receive().await.is_err());
    drop(open);
    tokio::time::timeout(LIMIT, to.served.take().unwrap()).await.unwrap().unwrap();
    assert!(TcpStream::connect(to.addr).await.is_err());
}
