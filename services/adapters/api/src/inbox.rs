//! What is pushed at us.

use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use index_model::{AeTitle, OrderRecord, PatientEvent, ReportRecord, RepositoryCode, Uid};

use crate::Object;

/// Who pushes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// A storage user, by its calling AE title (authenticated by TLS where configured), and where it calls from.
    AeTitle {
        /// As it calls itself.
        ae_title: AeTitle,
        /// Where the connection comes from.
        address: IpAddr,
    },
    /// A repository that is already known, for instance by the folder or port it uses.
    Repository(RepositoryCode),
    /// An HL7 sender, by MSH-4.1.
    Facility(String),
}

/// What became of a stored instance. Given only after it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAnswer {
    /// Held and indexed (also for an exact repeat).
    Stored,
    /// An object of this SOPInstanceUID that shows the same under another header is stored and stays; this one is held beside it.
    OtherHeader,
    /// Held and indexed, and another patient has a study of its StudyInstanceUID: neither opens unless the patient is named.
    Disputed,
    /// Kept aside; the attribute and rule are given. The sender need not send it again.
    Quarantined {
        /// Keyword of the attribute.
        attribute: String,
        /// The rule in words.
        rule: String,
    },
    /// Another object of this SOPInstanceUID is stored and stays; this one is held beside it and shown to nobody.
    Duplicate,
    /// It was rejected before it came (IHE RAD IOCM): held, and shown to nobody.
    Rejected,
    /// Nobody registered this sender.
    NotAuthorised,
    /// Try again later: no room, or no database.
    OutOfResources,
}

impl StoreAnswer {
    /// Whether the object is here, as its sender meant it.
    pub const fn is_taken(&self) -> bool {
        matches!(self, Self::Stored | Self::OtherHeader | Self::Disputed | Self::Rejected)
    }
}

/// What became of a report, or of an order. Given only after it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportAnswer {
    /// Stored, or an exact repeat.
    Accepted,
    /// The control id was used before for another message.
    DuplicateControlId,
    /// Nobody registered this sender.
    NotAuthorised,
    /// Try again later.
    OutOfResources,
}

/// What became of an event of a patient. Given only after it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatientAnswer {
    /// Done, or an exact repeat.
    Accepted,
    /// What it says can't be.
    Refused {
        /// The rule in words.
        rule: &'static str,
    },
    /// The control id was used before for another message.
    DuplicateControlId,
    /// Nobody registered this sender.
    NotAuthorised,
    /// Try again later.
    OutOfResources,
}

/// Takes what is pushed. Answers only after the commit.
#[async_trait]
pub trait Inbox: std::fmt::Debug + Send + Sync + 'static {
    /// Whether this calling AE title may open an association to store.
    async fn knows(&self, calling: &AeTitle, from: IpAddr) -> bool;

    /// One instance, as a whole Part 10 object. A path to it is scanned before any parser sees it.
    async fn store(&self, from: &Sender, object: Object) -> StoreAnswer;

    /// Which of these instances we have for good, each with its SOP class: durable, and not to be let go. An inbox that promises nothing has
    /// none.
    async fn commit_to(&self, from: &Sender, instances: &[Uid]) -> Result<BTreeMap<Uid, Uid>, StoreAnswer> {
        let _ = (from, instances);
        Ok(BTreeMap::new())
    }

    /// The definition of the repository whose messages carry this MSH-4.1; `None` when nobody registered it.
    async fn facility(&self, sending_facility: &str) -> Option<index_model::RepositoryDefinition>;

    /// A message of that repository says that it was sent at this moment (MSH-7), Unix milliseconds, and has come now: its clock may be
    /// compared with ours.
    fn sent(&self, from: &RepositoryCode, sent_ms: i64) {
        let _ = (from, sent_ms);
    }

    /// One report version of the repository that [`Inbox::facility`] named, and the message that it was read from, which is kept; empty for
    /// the further reports of one message.
    async fn accept_report(&self, from: &RepositoryCode, report: ReportRecord, message: &[u8]) -> ReportAnswer;

    /// What that repository tells of one requested procedure, and the message that it was read from, which is kept. An inbox that keeps no
    /// orders takes none.
    async fn accept_order(&self, from: &RepositoryCode, order: OrderRecord, message: &[u8]) -> ReportAnswer {
        let _ = (from, order, message);
        ReportAnswer::NotAuthorised
    }

    /// One event of a patient of that repository, and the message that it was read from, which is kept. An inbox that keeps no patients
    /// takes none.
    async fn accept_patient(&self, from: &RepositoryCode, event: PatientEvent, message: &[u8]) -> PatientAnswer {
        let _ = (from, event, message);
        PatientAnswer::NotAuthorised
    }
}
