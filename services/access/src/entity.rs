//! Application entities: who calls over DIMSE, by AE title.

use index_model::AeTitle;
use serde::{Deserialize, Serialize};

use crate::Action;

/// What an application entity may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// C-FIND.
    Query,
    /// C-GET, and C-MOVE to a registered destination.
    Retrieve,
    /// C-STORE.
    Store,
}

impl Right {
    /// Whether an action is part of it.
    pub(crate) const fn covers(self, action: Action) -> bool {
        match self {
            Self::Query => matches!(action, Action::Search),
            // What is retrieved by patient is looked for first.
            Self::Retrieve => matches!(action, Action::Search | Action::RetrieveInstances),
            Self::Store => matches!(action, Action::Store | Action::Synchronise),
        }
    }
}

/// An application entity that an administrator registered, and what it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationEntity {
    /// As it calls itself. A title tells callers apart and proves nothing; TLS with client certificates does.
    pub ae_title: AeTitle,
    /// What it may.
    pub may: Vec<Right>,
}
