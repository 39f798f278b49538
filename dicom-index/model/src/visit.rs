//! Visits and accounts: by which stay of a patient something is known.

use serde::{Deserialize, Serialize};

use crate::IssuedId;

/// What a patient administration system moves from one patient to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitKind {
    /// One visit (PV1-19, MRG-5; ADT A45).
    Visit,
    /// One account, which may have several visits (PID-18, MRG-3; ADT A44).
    Account,
}

impl VisitKind {
    /// The word in the registry's history.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Account => "account",
        }
    }
}

/// The numbers of the stay that a report or an order is of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitNumbers {
    /// PV1-19, or AdmissionID (0038,0010), with its issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<IssuedId>,
    /// PID-18 with its issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<IssuedId>,
}

impl VisitNumbers {
    /// Whether neither is told.
    pub const fn is_empty(&self) -> bool {
        self.visit.is_none() && self.account.is_none()
    }
}
