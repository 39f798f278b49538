//! How associations begin, wait and make room: PS3.8 to the letter.

use std::time::Duration;

use adapter_api::StoreAnswer;
use dimse::ListenerOptions;
use dimse::association::{Association, AssociationError, Prompt, Proposal, ProposedContext};
use dimse::message::{Operation, Request, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::corpus::{CT, EXPLICIT, ae};
use crate::inbox::{Options, Receiver, receiver};

const LIMIT: Duration = Duration::from_secs(10);
const VERIFICATION: &str = "1.2.840.10008.1.1";

async fn listening(listener: ListenerOptions) -> Receiver {
    receiver(StoreAnswer::Stored, Options { listener, ..Options::default() }).await
}

async fn verifier(to: &Receiver, calling: &str) -> Result<Association<Prompt>, AssociationError> {
    let contexts = [VERIFICATION, CT].map(|class| ProposedContext::scu(class, &[EXPLICIT])).to_vec();
    let proposal = Proposal { calling: ae(calling), called: ae("DICS"), contexts };
    Association::connect(&("127.0.0.1", to.addr.port()).into(), &proposal, LIMIT).await
}

async fn echo(association: &mut Association<Prompt>, class: &str) -> Result<Status, AssociationError> {
    let context = association.context_for(class).unwrap().id;
    association.ask(context, Request::Echo { message_id: 1 }, None).await?;
    Ok(association.response(Operation::Echo, 1).await?.1.status)
}

#[tokio::test]
async fn a_peer_may_be_idle_for_longer_than_a_message_may_stall() {
    let idle = Duration::from_millis(300);
    let to = listening(ListenerOptions { idle, ..ListenerOptions::default() }).await;
    let mut waiting = verifier(&to, "PACS").await.unwrap();
    assert_eq!(echo(&mut waiting, VERIFICATION).await.unwrap(), Status::SUCCESS);
    // One who came later begins a PDU and says no more: it is gone while the first, who said nothing all the time, is served.
    let mut stalling = TcpStream::connect(to.addr).await.unwrap();
    stalling.write_all(&request(&[(1, CT)], 16 << 10)).await.unwrap();
    assert_eq!(first_pdu(&mut stalling).await, 2);
    stalling.write_all(&[4, 0, 0, 0, 1, 0, 0]).await.unwrap();
    assert_eq!(first_pdu(&mut stalling).await, 7);
    assert_eq!(echo(&mut waiting, VERIFICATION).await.unwrap(), Status::SUCCESS);
    waiting.release().await;
}

#[tokio::test]
async fn the_longest_idle_association_makes_room() {
    let options = ListenerOptions { associations: 2, idle: Duration::from_millis(50), ..ListenerOptions::default() };
    let to = listening(options).await;
    let mut first = verifier(&to, "PACS").await.unwrap();
    assert_eq!(echo(&mut first, VERIFICATION).await.unwrap(), Status::SUCCESS);
    let mut second = verifier(&to, "MODALITY").await.unwrap();
    let newcomer = async {
        loop {
            // The second is not idle: the place is the first one's.
            assert_eq!(echo(&mut second, VERIFICATION).await.unwrap(), Status::SUCCESS);
            match verifier(&to, "STORESCU").await {
                Err(AssociationError::Rejected(_)) => {}
                other => return other.unwrap(),
            }
        }
    };
    let mut third = tokio::time::timeout(LIMIT, newcomer).await.unwrap();
    assert!(matches!(first.receive().await.unwrap_err(), AssociationError::Aborted { .. }));
    assert_eq!(echo(&mut second, VERIFICATION).await.unwrap(), Status::SUCCESS);
    assert_eq!(echo(&mut third, VERIFICATION).await.unwrap(), Status::SUCCESS);
}

/// Connections that ask for nothing have a time of their own (ARTIM, PS3.8 §9.1.5), and hold no place against those that do.
#[tokio::test]
async fn who_connects_and_says_nothing_keeps_nobody_out() {
    let (associations, association) = (2, Duration::from_mins(5));
    let to = listening(ListenerOptions { associations, association, ..ListenerOptions::default() }).await;
    let mut served = verifier(&to, "PACS").await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(to.addr).await.unwrap());
    }
    let mut other = verifier(&to, "MODALITY").await.unwrap();
    assert_eq!(echo(&mut other, VERIFICATION).await.unwrap(), Status::SUCCESS);
    assert_eq!(echo(&mut served, VERIFICATION).await.unwrap(), Status::SUCCESS);
    // The first of the silent ones has left.
    let left = tokio::time::timeout(LIMIT, silent[0].read(&mut [0; 1])).await.unwrap();
    assert!(matches!(left, Ok(0) | Err(_)));
}

#[tokio::test]
async fn presentation_contexts_that_can_not_be_told_apart_are_aborted() {
    let to = listening(ListenerOptions::default()).await;
    for contexts in [[(1, CT), (1, VERIFICATION)], [(1, CT), (2, VERIFICATION)], [(1, CT), (0, VERIFICATION)]] {
        assert_eq!(answer(&to, &request(&contexts, 16 << 10)).await, [7, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
    }
    // Neither is what begins with something else, or is none of PS3.8.
    for bytes in [&[5, 0, 0, 0, 0, 4, 0, 0, 0, 0][..], &[9, 0, 0, 0, 0, 0], &[1, 0, 0, 0, 0, 2, 0, 1]] {
        assert_eq!(answer(&to, bytes).await, [7, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
    }
}

#[tokio::test]
async fn a_maximum_length_that_holds_nothing_is_rejected_and_none_is_no_limit() {
    let to = listening(ListenerOptions::default()).await;
    for largest in [1, 6, 12, 127] {
        let rejected = answer(&to, &request(&[(1, CT)], largest)).await;
        assert_eq!(rejected, [3, 0, 0, 0, 0, 4, 0, 1, 2, 1], "{largest}");
    }
    for largest in [0, 128, u32::MAX] {
        let mut stream = TcpStream::connect(to.addr).await.unwrap();
        stream.write_all(&request(&[(1, CT)], largest)).await.unwrap();
        assert_eq!(first_pdu(&mut stream).await, 2, "{largest}");
    }
}

#[tokio::test]
async fn an_echo_is_answered_in_the_context_of_verification_alone() {
    let to = listening(ListenerOptions::default()).await;
    let mut association = verifier(&to, "PACS").await.unwrap();
    assert_eq!(echo(&mut association, CT).await.unwrap(), Status::SOP_CLASS_NOT_SUPPORTED);
    assert_eq!(echo(&mut association, VERIFICATION).await.unwrap(), Status::SUCCESS);
    association.release().await;
}

/// What comes back until the connection is closed.
async fn answer(to: &Receiver, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(to.addr).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    answer
}

/// Reads one PDU and tells its type.
async fn first_pdu(stream: &mut TcpStream) -> u8 {
    let mut header = [0; 6];
    let whole = async {
        stream.read_exact(&mut header).await.unwrap();
        let length = u32::from_be_bytes([header[2], header[3], header[4], header[5]]);
        let mut body = vec![0; length as usize];
        stream.read_exact(&mut body).await.unwrap();
    };
    tokio::time::timeout(LIMIT, whole).await.unwrap();
    header[0]
}

/// An A-ASSOCIATE-RQ (PS3.8 §9.3.2), written by hand so that it can be wrong.
fn request(contexts: &[(u8, &str)], largest: u32) -> Vec<u8> {
    let item = |kind: u8, body: &[u8]| {
        let mut item = vec![kind, 0];
        item.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
        item.extend_from_slice(body);
        item
    };
    let mut body = vec![0, 1, 0, 0];
    body.extend_from_slice(b"DICS            PACS            ");
    body.extend_from_slice(&[0; 32]);
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    for (id, class) in contexts {
        let mut context = vec![*id, 0, 0, 0];
        context.extend(item(0x30, class.as_bytes()));
        context.extend(item(0x40, EXPLICIT.as_bytes()));
        body.extend(item(0x20, &context));
    }
    let mut user = item(0x51, &largest.to_be_bytes());
    user.extend(item(0x52, b"1.2.3"));
    body.extend(item(0x50, &user));
    let mut pdu = vec![1, 0];
    pdu.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    pdu.extend(body);
    pdu
}
