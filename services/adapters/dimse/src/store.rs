//! The storage receiver: Storage as SCP (PS3.4 annex B), one service of our listener.

use std::path::PathBuf;
use std::sync::Arc;

use adapter_api::{Inbox, Object, Sender, StoreAnswer};
use async_trait::async_trait;
use dimse::association::{Answer, AssociationError, Proposed, Roles};
use dimse::message::{Operation, Request, Response, Status, StoreRequest};
use dimse::uids::{OBJECT_TRANSFER_SYNTAXES, is_storage};
use dimse::{Peer, Service, Serving};
use index_guard::{Limits, Tag, scan_file};
use index_model::Uid;

use crate::deliveries::Deliveries;
use crate::intake::{Intake, receive_object};

/// What the receiver takes.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Largest object, in bytes.
    pub object_bytes: u64,
    /// Where objects too large for memory lie on their way in. It exists.
    pub spool_folder: PathBuf,
    /// Told of every part of an object that comes; the sources whose C-MOVE ends here share it.
    pub deliveries: Deliveries,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { object_bytes: 8 << 30, spool_folder: std::env::temp_dir(), deliveries: Deliveries::default() }
    }
}

const OTHER: &str = "the request names another SOP class or instance";
const DUPLICATE: &str = "another object of this SOP Instance UID is stored and stays";
const ANOTHER_PATIENT: &str = "another patient has a study of this StudyInstanceUID";
const OTHER_HEADER: &str = "this instance is here with another header, which stays";
const REJECTED: &str = "kept and shown to nobody: it was rejected before it came";
/// The remedy, as long as an ErrorComment may be.
const LATER: &str = "no room or no database: send it again later";

/// Whether a data set is what the request says it is. What can't be read is for the inbox to judge.
fn names_itself(object: &[u8], request: &StoreRequest) -> bool {
    let Ok(structure) = scan_file(object, &Limits::default()) else { return true };
    let data_set = structure.data_set(object);
    let is = |element, named: &Uid| {
        let found = data_set.find(Tag(0x0008, element)).map(|node| node.bytes());
        let is_named = |value: &[u8]| {
            let end = value.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last + 1);
            value[..end] == *named.as_str().as_bytes()
        };
        found.is_none_or(is_named)
    };
    is(0x0016, &request.sop_class) && is(0x0018, &request.sop_instance)
}

/// Takes what storage users send: it goes to the inbox, and is answered when the inbox has it safe.
#[derive(Debug)]
pub struct StoreService {
    inbox: Arc<dyn Inbox>,
    options: StoreOptions,
}

impl StoreService {
    /// A receiver for `inbox`.
    pub fn new(inbox: Arc<dyn Inbox>, options: StoreOptions) -> Self {
        Self { inbox, options }
    }

    /// Hands the object over and turns what became of it into a response: PS3.4 §B.2.3.
    async fn store(&self, peer: &Peer, request: &StoreRequest, received: Result<Object, Status>) -> Response {
        let (status, comment) = match received {
            Err(status) => (status, None),
            // The sender would look for what it named, and nobody would find it.
            Ok(object) if !names_itself(&object, request) => (Status::DOES_NOT_MATCH_SOP_CLASS, Some(OTHER.to_owned())),
            Ok(object) => {
                let from = Sender::AeTitle { ae_title: peer.ae_title.clone(), address: peer.address };
                match self.inbox.store(&from, object).await {
                    StoreAnswer::Stored => (Status::SUCCESS, None),
                    // A success would have its sender believe that what was corrected in it is seen.
                    StoreAnswer::OtherHeader => (Status::ELEMENTS_DISCARDED, Some(OTHER_HEADER.to_owned())),
                    // It is here, and opens for nobody who does not name the patient.
                    StoreAnswer::Disputed => (Status::DISPUTED, Some(ANOTHER_PATIENT.to_owned())),
                    // Kept aside for an administrator; the sender learns that nobody will find it.
                    StoreAnswer::Quarantined { attribute, rule } => {
                        (Status::CANNOT_UNDERSTAND, Some(format!("kept aside: {attribute} {rule}")))
                    }
                    // The sender keeps what nobody will be shown.
                    StoreAnswer::Duplicate => (Status::DUPLICATE_SOP_INSTANCE, Some(DUPLICATE.to_owned())),
                    // Kept: a failure would have it sent again. A success would have it looked for.
                    StoreAnswer::Rejected => (Status::REJECTED_BEFORE, Some(REJECTED.to_owned())),
                    StoreAnswer::NotAuthorised => (Status::NOT_AUTHORISED, None),
                    StoreAnswer::OutOfResources => (Status::OUT_OF_RESOURCES, Some(LATER.to_owned())),
                }
            }
        };
        metrics::counter!("dics_dimse_objects_total", "status" => format!("{:04X}", status.0)).increment(1);
        Response {
            sop_class: Some(request.sop_class.clone()),
            sop_instance: Some(request.sop_instance.clone()),
            comment,
            ..Response::to(Operation::Store, request.message_id, status)
        }
    }
}

#[async_trait]
impl Service for StoreService {
    async fn admits(&self, peer: &Peer) -> bool {
        self.inbox.knows(&peer.ae_title, peer.address).await
    }

    fn serves(&self, sop_class: &str) -> bool {
        is_storage(sop_class)
    }

    /// Every storage class there is or will be, in the first syntax of the peer's that an object may be stored in.
    fn choose(&self, proposed: Proposed<'_>) -> Answer {
        if !is_storage(proposed.abstract_syntax) {
            return Answer::UnknownAbstractSyntax;
        }
        proposed.first_of(&OBJECT_TRANSFER_SYNTAXES, Roles { scu: true, scp: false })
    }

    async fn serve(&self, request: Request, on: Serving<'_>) -> Result<(), AssociationError> {
        let Serving { association, context, peer } = on;
        let Request::Store(store) = request else {
            association.skip_data_set(context, 1 << 20).await?;
            let refused = Response::to(request.operation(), request.message_id(), Status::UNRECOGNISED_OPERATION);
            return association.answer(context, refused, None).await;
        };
        let beat = self.options.deliveries.of(&peer.ae_title);
        let intake = Intake {
            source: &peer.ae_title,
            spool_folder: &self.options.spool_folder,
            limit_bytes: self.options.object_bytes,
            beat: &beat,
        };
        let received = receive_object(association, context, &store, intake).await?;
        let response = self.store(peer, &store, received).await;
        association.answer(context, response, None).await
    }
}
