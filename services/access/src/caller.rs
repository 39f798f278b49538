//! Who calls.

use serde::{Deserialize, Serialize};

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

/// An authenticated caller. Made by [`crate::Access`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    pub(crate) user: User,
    pub(crate) authority: Authority,
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
}
