//! Patient data that can't be printed by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that identifies a patient. It can be matched and sent, never printed.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Wraps a value at the edge where it is read.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the wire and the database only.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, by move.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Phi<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[phi]")
    }
}

#[cfg(test)]
mod tests {
    use super::Phi;

    #[test]
    fn a_protected_value_is_never_printed() {
        assert_eq!(format!("{:?}", Some(Phi::new("Doe^Jane"))), "Some([phi])");
    }
}
