//! Short codes: repositories and application entities.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A code that can't be used, and the rule it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidCode(pub &'static str);

/// Names one repository in the registry, in URLs and in logs: 1 to 32 lower-case letters, digits, `-` or `_`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryCode(Box<str>);

impl RepositoryCode {
    /// Parses a code; upper case is folded to lower.
    ///
    /// # Errors
    /// [`InvalidCode`] when empty, longer than 32 characters, or with other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        let fits =
            (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(InvalidCode("a repository code has 1 to 32 letters, digits, - or _"))
        }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An application entity title, VR AE: 1 to 16 printable characters without backslash, padding dropped (PS3.5 §6.2).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AeTitle(Box<str>);

impl AeTitle {
    /// Parses a title, trimming leading and trailing spaces, which are not significant.
    ///
    /// # Errors
    /// [`InvalidCode`] when blank, longer than 16 characters, or with control characters or a backslash.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        let text = text.trim_matches([' ', '\0']);
        let fits = (1..=16).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'\\');
        if fits { Ok(Self(text.into())) } else { Err(InvalidCode("an AE title has 1 to 16 printable characters")) }
    }

    /// The title as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_code {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidCode;

            fn try_from(text: String) -> Result<Self, InvalidCode> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(code: $type) -> Self {
                code.0.into()
            }
        }
    };
}

text_code!(RepositoryCode);
text_code!(AeTitle);
