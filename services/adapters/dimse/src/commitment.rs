//! Storage commitment: Storage Commitment Push Model as SCP (PS3.4 annex J), one service of our listener.
//!
//! A modality asks whether what it stored is here for good before it deletes its own. It is told by N-EVENT-REPORT: on an association of
//! our own where it is configured where the peer is, else on the same one. Only what is durable and not to be let go is committed to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapter_api::{Inbox, Sender, StoreAnswer};
use async_trait::async_trait;
use dimse::association::{Address, Answer, Association, AssociationError, Proposal, Proposed, ProposedContext, Roles};
use dimse::message::{Operation, Request, Response, Status};
use dimse::uids::{PLAIN_TRANSFER_SYNTAXES, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE};
use dimse::{Peer, Service, Serving};
use index_guard::{Limits, Tag, scan_data_set};
use index_model::{AeTitle, Uid, transfer_syntax};
use tokio::io::{AsyncRead, AsyncWrite};

/// Largest request, in bytes: about 100,000 instances.
const REQUEST_BYTES: usize = 16 << 20;
/// The one action, and the two events (PS3.4 §J.3.2, §J.3.3).
const REQUEST_COMMITMENT: u16 = 1;
const ALL_COMMITTED: u16 = 1;
const SOME_FAILED: u16 = 2;
/// To open an association of our own, and how long before it is tried again, each time.
const ASSOCIATION: Duration = Duration::from_secs(10);
const AGAIN: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(15), Duration::from_secs(120)];

const TRANSACTION_UID: Tag = Tag(0x0008, 0x1195);
const REFERENCED_SOP_SEQUENCE: Tag = Tag(0x0008, 0x1199);
const FAILED_SOP_SEQUENCE: Tag = Tag(0x0008, 0x1198);
const REFERENCED_SOP_CLASS_UID: Tag = Tag(0x0008, 0x1150);
const REFERENCED_SOP_INSTANCE_UID: Tag = Tag(0x0008, 0x1155);
const FAILURE_REASON: Tag = Tag(0x0008, 0x1197);

/// Where peers are that ask for commitment.
#[derive(Clone)]
pub struct CommitmentOptions {
    /// Our AE title.
    pub own_ae: AeTitle,
    /// By AE title.
    pub peers: Vec<(AeTitle, Address)>,
}

impl std::fmt::Debug for CommitmentOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommitmentOptions").field("peers", &self.peers.len()).finish_non_exhaustive()
    }
}

/// Answers whether what was stored is here for good.
#[derive(Debug)]
pub struct CommitmentService {
    inbox: Arc<dyn Inbox>,
    options: Arc<CommitmentOptions>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    transaction: Uid,
    /// SOP class and instance, in the order of the request.
    instances: Vec<(Uid, Uid)>,
}

/// What is told.
#[derive(Debug, Clone)]
struct Outcome {
    asked: Asked,
    /// What is here for good, and its SOP class.
    held: BTreeMap<Uid, Uid>,
}

impl CommitmentService {
    /// Commits to what `inbox` has.
    pub fn new(inbox: Arc<dyn Inbox>, options: CommitmentOptions) -> Self {
        Self { inbox, options: Arc::new(options) }
    }

    /// Looks up what is here, or says why nothing can be told.
    async fn outcome(&self, peer: &Peer, asked: Result<Asked, Status>) -> Result<Outcome, Status> {
        let asked = asked?;
        let from = Sender::AeTitle { ae_title: peer.ae_title.clone(), address: peer.address };
        let instances: Vec<Uid> = asked.instances.iter().map(|(_, instance)| instance.clone()).collect();
        let held = self.inbox.commit_to(&from, &instances).await.map_err(|answer| match answer {
            StoreAnswer::NotAuthorised => Status::NOT_AUTHORISED,
            _ => Status::PROCESSING_FAILURE,
        })?;
        Ok(Outcome { asked, held })
    }

    fn address_of(&self, peer: &AeTitle) -> Option<Address> {
        self.options.peers.iter().find(|(title, _)| title == peer).map(|(_, address)| address.clone())
    }

    /// On an association of our own, which is tried more than once. A peer that never hears of it asks again: that is the standard's way.
    fn call(&self, peer: &AeTitle, address: Address, outcome: Outcome) {
        let (options, peer) = (Arc::clone(&self.options), peer.clone());
        tokio::spawn(async move {
            for pause in AGAIN {
                tokio::time::sleep(pause).await;
                match call_and_tell(&options.own_ae, &peer, &address, &outcome).await {
                    Ok(()) => return,
                    Err(error) => {
                        tracing::warn!(ae_title = %peer, error = %error, "a peer could not be told of its commitment")
                    }
                }
            }
        });
    }
}

async fn call_and_tell(own: &AeTitle, peer: &AeTitle, to: &Address, outcome: &Outcome) -> Result<(), AssociationError> {
    let contexts = vec![ProposedContext::scp(STORAGE_COMMITMENT, &PLAIN_TRANSFER_SYNTAXES)];
    let proposal = Proposal { calling: own.clone(), called: peer.clone(), contexts };
    let mut association = Association::connect(to, &proposal, ASSOCIATION).await?;
    let context = association.context_for(STORAGE_COMMITMENT).map(|context| context.id);
    let context = context.ok_or(AssociationError::Broken("storage commitment is not accepted (PS3.4 annex J)"))?;
    tell(&mut association, context, outcome).await?;
    association.release().await;
    Ok(())
}

/// N-EVENT-REPORT: PS3.4 §J.3.3.
async fn tell<S: AsyncRead + AsyncWrite + Unpin>(
    association: &mut Association<S>,
    context: u8,
    outcome: &Outcome,
) -> Result<(), AssociationError> {
    let syntax = association.context(context).map(|context| context.transfer_syntax.to_string());
    let data_set = outcome.encode(syntax.as_deref() == Some(transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN));
    let broken = |_| AssociationError::Broken("a UID of PS3.6");
    let request = Request::EventReport {
        message_id: 1,
        sop_class: Uid::parse(STORAGE_COMMITMENT).map_err(broken)?,
        sop_instance: Uid::parse(STORAGE_COMMITMENT_INSTANCE).map_err(broken)?,
        event_type: if outcome.is_whole() { ALL_COMMITTED } else { SOME_FAILED },
    };
    association.ask(context, request, Some(&data_set)).await?;
    let (_, response) = association.response(Operation::EventReport, 1).await?;
    if response.has_data {
        association.skip_data_set(context, 1 << 20).await?;
    }
    Ok(())
}

#[async_trait]
impl Service for CommitmentService {
    async fn admits(&self, peer: &Peer) -> bool {
        self.inbox.knows(&peer.ae_title, peer.address).await
    }

    fn serves(&self, sop_class: &str) -> bool {
        sop_class == STORAGE_COMMITMENT
    }

    fn choose(&self, proposed: Proposed<'_>) -> Answer {
        if !self.serves(proposed.abstract_syntax) {
            return Answer::UnknownAbstractSyntax;
        }
        proposed.first_of(&PLAIN_TRANSFER_SYNTAXES, Roles { scu: true, scp: false })
    }

    async fn serve(&self, request: Request, on: Serving<'_>) -> Result<(), AssociationError> {
        let Serving { association, context, peer } = on;
        let Request::Action { message_id, sop_class, sop_instance, action_type } = request else {
            association.skip_data_set(context, 1 << 20).await?;
            let refused = Response::to(request.operation(), request.message_id(), Status::UNRECOGNISED_OPERATION);
            return association.answer(context, refused, None).await;
        };
        let data_set = association.data_set(context, REQUEST_BYTES).await?;
        let syntax =
            association.context(context).map(|context| context.transfer_syntax.to_string()).unwrap_or_default();
        let asked = match (action_type, sop_instance.as_str()) {
            (_, instance) if instance != STORAGE_COMMITMENT_INSTANCE => Err(Status::NO_SUCH_INSTANCE),
            (REQUEST_COMMITMENT, _) => Asked::read(&data_set, &syntax),
            _ => Err(Status::NO_SUCH_ACTION),
        };
        let outcome = self.outcome(peer, asked).await;
        let status = outcome.as_ref().err().copied().unwrap_or(Status::SUCCESS);
        metrics::counter!("dics_storage_commitments_total", "status" => format!("{:04X}", status.0)).increment(1);
        let response = Response {
            sop_class: Some(sop_class),
            sop_instance: Some(sop_instance),
            ..Response::to(Operation::Action, message_id, status)
        };
        association.answer(context, response, None).await?;
        let Ok(outcome) = outcome else { return Ok(()) };
        let Some(address) = self.address_of(&peer.ae_title) else {
            return tell(association, context, &outcome).await;
        };
        self.call(&peer.ae_title, address, outcome);
        Ok(())
    }
}

impl Asked {
    /// Reads Table J.3-1.
    fn read(data_set: &[u8], transfer_syntax_uid: &str) -> Result<Self, Status> {
        let limits = Limits { depth: 8, elements: 1_000_000, ..Limits::default() };
        let wrong = Status::INVALID_ARGUMENT;
        let structure = scan_data_set(data_set, transfer_syntax_uid, &limits).map_err(|_| wrong)?;
        let root = structure.data_set(data_set);
        let uid = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).ok()?;
            Uid::parse(text.trim_end_matches(['\0', ' '])).ok()
        };
        let transaction = root.find(TRANSACTION_UID).and_then(|node| uid(node.bytes())).ok_or(wrong)?;
        let sequence = root.find(REFERENCED_SOP_SEQUENCE).ok_or(wrong)?;
        let mut instances = Vec::new();
        for item in sequence.items() {
            let value = |tag| item.find(tag).and_then(|node| uid(node.bytes())).ok_or(wrong);
            instances.push((value(REFERENCED_SOP_CLASS_UID)?, value(REFERENCED_SOP_INSTANCE_UID)?));
        }
        if instances.is_empty() { Err(wrong) } else { Ok(Self { transaction, instances }) }
    }
}

impl Outcome {
    /// Why a reference is not committed to, if it is not (PS3.4 §J.3.3.1.2): whoever names another SOP class has another object in mind.
    fn failure(&self, (class, instance): &(Uid, Uid)) -> Option<Status> {
        match self.held.get(instance) {
            None => Some(Status::NO_SUCH_INSTANCE),
            Some(held) => (held != class).then_some(Status::CLASS_INSTANCE_CONFLICT),
        }
    }

    fn is_whole(&self) -> bool {
        self.asked.instances.iter().all(|reference| self.failure(reference).is_none())
    }

    /// Table J.3-2.
    fn encode(&self, implicit: bool) -> Vec<u8> {
        let told = self.asked.instances.iter().map(|reference| (reference, self.failure(reference)));
        let (held, failed): (Vec<_>, Vec<_>) = told.partition(|(_, failure)| failure.is_none());
        let mut writer = Writer { bytes: Vec::new(), implicit };
        writer.element(TRANSACTION_UID, *b"UI", &padded(self.asked.transaction.as_str()));
        // Sequences without items may not be there; ascending by tag.
        writer.sequence(FAILED_SOP_SEQUENCE, &failed);
        writer.sequence(REFERENCED_SOP_SEQUENCE, &held);
        writer.bytes
    }
}

fn padded(uid: &str) -> Vec<u8> {
    let mut bytes = uid.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// A data set in little endian.
struct Writer {
    bytes: Vec<u8>,
    implicit: bool,
}

impl Writer {
    fn tag(&mut self, Tag(group, element): Tag) {
        self.bytes.extend(group.to_le_bytes());
        self.bytes.extend(element.to_le_bytes());
    }

    fn element(&mut self, tag: Tag, vr: [u8; 2], value: &[u8]) {
        self.tag(tag);
        match (self.implicit, vr) {
            (true, _) => self.bytes.extend((value.len() as u32).to_le_bytes()),
            (false, [b'S', b'Q']) => {
                self.bytes.extend(vr);
                self.bytes.extend([0, 0]);
                self.bytes.extend((value.len() as u32).to_le_bytes());
            }
            (false, _) => {
                self.bytes.extend(vr);
                self.bytes.extend((value.len() as u16).to_le_bytes());
            }
        }
        self.bytes.extend_from_slice(value);
    }

    /// References, each with the reason for which it is not committed to, if it is not.
    fn sequence(&mut self, tag: Tag, references: &[(&(Uid, Uid), Option<Status>)]) {
        if references.is_empty() {
            return;
        }
        let mut items = Writer { bytes: Vec::new(), implicit: self.implicit };
        for ((class, instance), failure) in references {
            let mut item = Writer { bytes: Vec::new(), implicit: self.implicit };
            item.element(REFERENCED_SOP_CLASS_UID, *b"UI", &padded(class.as_str()));
            item.element(REFERENCED_SOP_INSTANCE_UID, *b"UI", &padded(instance.as_str()));
            if let Some(reason) = failure {
                item.element(FAILURE_REASON, *b"US", &reason.0.to_le_bytes());
            }
            items.tag(Tag(0xfffe, 0xe000));
            items.bytes.extend((item.bytes.len() as u32).to_le_bytes());
            items.bytes.extend(item.bytes);
        }
        self.element(tag, *b"SQ", &items.bytes);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn uid(text: &str) -> Uid {
        Uid::parse(text).unwrap()
    }

    #[test]
    fn what_is_not_here_and_what_is_of_another_class_is_not_committed_to() {
        let references = [("1.2.3", "1.2.3.4"), ("1.2.3", "1.2.3.45"), ("1.2.9", "1.2.3.46")];
        let instances = references.map(|(class, instance)| (uid(class), uid(instance))).to_vec();
        let asked = Asked { transaction: uid("2.25.1"), instances };
        // The last is here, and is of another class.
        let held = ["1.2.3.45", "1.2.3.46"].map(|instance| (uid(instance), uid("1.2.3"))).into();
        let outcome = Outcome { asked, held };
        for (implicit, syntax) in
            [(true, transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN), (false, transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN)]
        {
            let bytes = outcome.encode(implicit);
            let read = Asked::read(&bytes, syntax).unwrap();
            assert_eq!(read, Asked { transaction: uid("2.25.1"), instances: vec![(uid("1.2.3"), uid("1.2.3.45"))] });
            let structure = scan_data_set(&bytes, syntax, &Limits::default()).unwrap();
            let failed: Vec<_> = structure.data_set(&bytes).find(FAILED_SOP_SEQUENCE).unwrap().items().collect();
            let reasons: Vec<_> = failed.iter().map(|item| item.find(FAILURE_REASON).unwrap().bytes()).collect();
            assert_eq!(reasons, [[0x12, 0x01], [0x19, 0x01]], "no such instance; class-instance conflict");
        }
        assert!(!outcome.is_whole());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for bytes in [&b""[..], b"\x08\0\x95\x11UI\x04\x001.2\0", &[0xff; 64]] {
            assert_eq!(Asked::read(bytes, transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN), Err(Status::INVALID_ARGUMENT));
        }
    }
}
