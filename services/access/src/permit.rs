//! Leave to do one thing, with the limits it comes with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Caller;
use crate::view::View;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Search at any level.
    Search,
    /// Read headers.
    RetrieveMetadata,
    /// Read whole objects.
    RetrieveInstances,
    /// Look at images: frames, rendered images, thumbnails, bulk data.
    View,
    /// Store instances.
    Store,
    /// Open one person's record.
    OpenPatient,
    /// Read a report.
    ReadReport,
    /// Open the viewer in context.
    Launch,
    /// Register, test, pause repositories; see jobs and quarantine.
    Administer,
    /// A repository's content is brought into the registry.
    Synchronise,
    /// A rejection note, or the withdrawal or hold of the report that they are, withdraws instances.
    Reject,
    /// Objects of a report that was withdrawn come back with its correction, or of one that was held when the hold ends.
    Reinstate,
    /// Instances whose retention has expired are deleted.
    Delete,
    /// Studies are brought here for an order, before anybody asks to see them.
    Prefetch,
    /// Who a patient is: numbers are merged, merges undone, demographics changed.
    Identify,
    /// Something endangers somebody, and a person must look (DCM 110113, Security Alert, PS3.15 §A.5.3.11).
    SecurityAlert,
    /// The trail itself is read: who opened a study, a report or a record.
    ReviewAudit,
}

impl Action {
    /// Whether many requests are one act: a viewer asks for each frame, a workstation or an algorithm for each instance, and who sends
    /// images, by whatever protocol, sends them one by one.
    pub(crate) const fn is_shared(self) -> bool {
        matches!(self, Self::View | Self::RetrieveMetadata | Self::RetrieveInstances | Self::Synchronise | Self::Store)
    }

    /// Whether somebody saw something of one study, report or record by it. A search says nothing of what it found.
    pub(crate) const fn is_reading(self) -> bool {
        matches!(
            self,
            Self::View | Self::RetrieveMetadata | Self::RetrieveInstances | Self::OpenPatient | Self::ReadReport
        )
    }
}

/// What it is done to, by our own keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "key")]
pub enum Subject {
    /// The whole registry, limited by the filter of the permit.
    Registry,
    /// A union study.
    Study(i64),
    /// A person.
    Person(i64),
    /// A report.
    Report(String),
    /// A repository.
    Repository(String),
    /// Something that contradicts itself, as the administrators' list names it.
    Conflict(String),
}

/// What of the registry a permit lets through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// These regions only.
    pub regions: Option<Vec<String>>,
    /// These persons only.
    pub person_keys: Option<Vec<i64>>,
}

/// The answer is no. What a caller may not know of is told as "not found" by the faces.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refused {
    /// Nobody is calling, or the sign-on is not valid here.
    #[error("not signed on")]
    NotSignedOn,
    /// The caller may not do this.
    #[error("not permitted")]
    NotPermitted,
    /// The audit line could not be written, so nothing is disclosed.
    #[error("the audit record can't be written")]
    NoAudit(#[source] crate::AuditError),
}

/// Leave to do one action on one subject. It can't be made outside this crate, and its audit line is already durable.
#[derive(Debug, Clone)]
pub struct Permit {
    pub(crate) action: Action,
    pub(crate) subject: Subject,
    pub(crate) filter: Filter,
    pub(crate) caller: Caller,
    pub(crate) view: Option<Arc<View>>,
}

impl Permit {
    /// What it is for.
    pub fn action(&self) -> Action {
        self.action
    }

    /// What it is for.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What it lets through.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whose it is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Counts frames or objects that went out under it; they are summed up in the audit line that closes the view.
    pub fn count(&self, items: u64, bytes: u64) {
        if let Some(view) = &self.view {
            view.count(items, bytes);
        }
    }
}
