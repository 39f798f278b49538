//! Who calls.

use index_model::AeTitle;
use serde::{Deserialize, Serialize};

use crate::{Action, Right};

/// A person or system that signed on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct User {
    /// Login id, stable.
    pub id: String,
    /// What is shown.
    pub name: String,
}

/// The organisation or person under whose authority the user acts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Authority {
    /// Its identifier.
    pub id: String,
    /// What is shown.
    pub name: String,
}

/// How callers are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Every loopback caller is one configured user with all clinical rights.
    Development,
}

/// By which face a caller came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Face {
    /// DICOMweb, by which the viewer has its images too.
    Dicomweb,
    /// The viewer's record and reports.
    Portal,
    /// The administrators' API.
    Admin,
    /// C-FIND, C-MOVE, C-GET, C-STORE.
    Dimse,
    /// Nobody: the service by itself.
    Service,
}

/// An authenticated caller. Made by [`crate::Access`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    pub(crate) user: User,
    pub(crate) authority: Authority,
    /// All that a user's authority allows, where nothing narrower is registered.
    pub(crate) rights: Option<Vec<Right>>,
    /// Who gets what is disclosed, when that is not the caller.
    pub(crate) recipient: Option<AeTitle>,
    /// By which face, where it is told.
    pub(crate) face: Option<Face>,
}

impl Caller {
    /// Who.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// Under whose authority.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether this right is the caller's.
    pub fn may(&self, right: Right) -> bool {
        self.rights.as_ref().is_none_or(|rights| rights.contains(&right))
    }

    pub(crate) fn may_do(&self, action: Action) -> bool {
        self.rights.as_ref().is_none_or(|rights| rights.iter().any(|right| right.covers(action)))
    }

    /// The same caller, who has it sent to somebody else (C-MOVE): the audit line names both.
    #[must_use]
    pub fn sending_to(&self, recipient: &AeTitle) -> Self {
        Self { recipient: Some(recipient.clone()), ..self.clone() }
    }

    /// The same caller, who came by this face.
    #[must_use]
    pub fn by(self, face: Face) -> Self {
        Self { face: Some(face), ..self }
    }
}
