//! What was wrong with something that was read.

use serde::{Deserialize, Serialize};

/// What follows from a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The object is indexed and served; an administrator may want to know.
    Note,
    /// The object is kept aside and not served.
    Quarantine,
}

/// One rule that an object breaks. It names attribute and rule, never the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Keyword or `(gggg,eeee)` of the attribute; `file` for the whole.
    pub attribute: String,
    /// The rule in words, lower case, no full stop.
    pub rule: String,
    /// What follows.
    pub severity: Severity,
}

impl Finding {
    /// A remark on an object that is served all the same.
    pub fn note(attribute: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { attribute: attribute.into(), rule: rule.into(), severity: Severity::Note }
    }

    /// The reason why an object is kept aside.
    pub fn quarantine(attribute: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { attribute: attribute.into(), rule: rule.into(), severity: Severity::Quarantine }
    }
}
