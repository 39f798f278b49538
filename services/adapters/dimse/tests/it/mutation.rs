//! Damaged bytes at every door: the association, command sets, data sets. They may be refused or read, but never panic, hang or grow.

use std::time::Duration;

use dimse::association::{Answer, Association, AssociationError, Invitation, Proposal, ProposedContext};
use dimse::message::{Command, Operation, Request, Response, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::corpus::{CT, EXPLICIT, ae, slice, uid};

const LIMIT: Duration = Duration::from_secs(5);
const ROUNDS: usize = 1_500;

/// A generator that is the same everywhere (PCG's multiplier).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }

    /// A few bytes changed, and sometimes the end cut off.
    fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            bytes[at] = match self.below(4) {
                0 => 0,
                1 => 0xFF,
                _ => u8::try_from(self.below(256)).unwrap(),
            };
        }
        if self.below(4) == 0 {
            bytes.truncate(self.below(bytes.len()));
        }
        bytes
    }
}

fn proposal() -> Proposal {
    let contexts = vec![
        ProposedContext::scu("1.2.840.10008.1.1", &[EXPLICIT, "1.2.840.10008.1.2"]),
        ProposedContext::scp(CT, &[EXPLICIT]),
    ];
    Proposal { calling: ae("MODALITY"), called: ae("DICS"), contexts }
}

/// Accepts, reads messages to the end, and answers requests.
async fn accept(stream: DuplexStream) -> Result<usize, AssociationError> {
    let invitation = Invitation::read(stream, LIMIT).await?;
    let mut association = invitation
        .accept(|proposed| match proposed.transfer_syntaxes.first() {
            Some(syntax) => Answer::Accept(syntax.clone(), proposed.roles),
            None => Answer::UnknownTransferSyntaxes,
        })
        .await?;
    let mut messages = 0;
    while let Some((context, command)) = association.receive().await? {
        if command.has_data() {
            association.data_set(context, 1 << 20).await?;
        }
        if let Command::Request(Request::Echo { message_id } | Request::Cancel { message_id }) = command {
            let answer = Response::to(Operation::Echo, message_id, Status::SUCCESS);
            association.answer(context, answer, None).await?;
        }
        messages += 1;
    }
    Ok(messages)
}

/// All that each side sends in a short, good conversation.
async fn conversation() -> (Vec<u8>, Vec<u8>) {
    let (ours, mut outer) = tokio::io::duplex(1 << 20);
    let (mut inner, theirs) = tokio::io::duplex(1 << 20);
    let relay = async {
        let (mut sent, mut answered) = (Vec::new(), Vec::new());
        let (mut a, mut b) = ([0; 4096], [0; 4096]);
        loop {
            tokio::select! {
                Ok(read) = outer.read(&mut a) => {
                    if read == 0 { return (sent, answered) }
                    sent.extend_from_slice(&a[..read]);
                    inner.write_all(&a[..read]).await.unwrap();
                }
                Ok(read) = inner.read(&mut b) => {
                    if read == 0 { return (sent, answered) }
                    answered.extend_from_slice(&b[..read]);
                    // The requestor may have gone.
                    let _ = outer.write_all(&b[..read]).await;
                }
            }
        }
    };
    let ask = async {
        let mut association = Association::request(ours, &proposal(), LIMIT).await.unwrap();
        association.ask(1, Request::Echo { message_id: 1 }, None).await.unwrap();
        association.response(Operation::Echo, 1).await.unwrap();
        let find = Request::Find { message_id: 2, sop_class: uid("1.2.840.10008.5.1.4.1.2.2.1") };
        association.ask(1, find, Some(&slice(1))).await.unwrap();
        association.release().await;
    };
    let (recorded, messages, ()) = tokio::join!(relay, accept(theirs), ask);
    assert_eq!(messages.unwrap(), 2);
    recorded
}

#[tokio::test]
async fn an_acceptor_survives_damaged_requests() {
    let (sent, _) = conversation().await;
    let mut random = Random(7);
    let mut refused = 0;
    for _ in 0..ROUNDS {
        let (stream, mut peer) = tokio::io::duplex(1 << 20);
        peer.write_all(&random.damage(&sent)).await.unwrap();
        peer.shutdown().await.unwrap();
        let (end, ()) = tokio::join!(accept(stream), async move {
            let mut answer = Vec::new();
            peer.read_to_end(&mut answer).await.unwrap();
        });
        refused += usize::from(end.is_err());
    }
    assert!(refused > ROUNDS / 4, "{refused}");
}

#[tokio::test]
async fn a_requestor_survives_damaged_answers() {
    let (_, answered) = conversation().await;
    let mut random = Random(11);
    let mut refused = 0;
    for _ in 0..ROUNDS {
        let (stream, mut peer) = tokio::io::duplex(1 << 20);
        peer.write_all(&random.damage(&answered)).await.unwrap();
        peer.shutdown().await.unwrap();
        let ask = async {
            let mut association = Association::request(stream, &proposal(), LIMIT).await?;
            let context = association.contexts()[0].id;
            association.ask(context, Request::Echo { message_id: 1 }, None).await?;
            association.response(Operation::Echo, 1).await?;
            Ok::<_, AssociationError>(())
        };
        let (end, ()) = tokio::join!(ask, async move {
            let mut request = Vec::new();
            peer.read_to_end(&mut request).await.unwrap();
        });
        refused += usize::from(end.is_err());
    }
    assert!(refused > ROUNDS / 4, "{refused}");
}

#[tokio::test]
async fn a_declared_length_costs_nothing_before_its_bytes_come() {
    for head in [[1, 0, 0xFF, 0xFF, 0xFF, 0xFF], [4, 0, 0x7F, 0xFF, 0xFF, 0xFF], [0x48, 0x54, 0x54, 0x50, 0x2F, 0x31]] {
        let (stream, mut peer) = tokio::io::duplex(1 << 10);
        peer.write_all(&head).await.unwrap();
        let end = Invitation::read(stream, LIMIT).await.unwrap_err();
        assert!(matches!(end, AssociationError::Broken(_)), "{end:?}");
    }
}
