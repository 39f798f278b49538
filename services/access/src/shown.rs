//! What a line of the trail says of what was shown, so that it can be told afterwards who saw it: under which patient, in which version.

use index_model::Uid;
use serde::{Deserialize, Serialize};

/// What a permit is about to show. Our own keys and the standard's identifiers, nothing that is anybody's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Shown {
    /// StudyInstanceUID: our key of a study ends when it is rejected or moves, its identifier does not.
    #[serde(rename = "study", default, skip_serializing_if = "Option::is_none")]
    pub study_instance_uid: Option<Uid>,
    /// The source patient under whom it stood then.
    #[serde(rename = "patient", default, skip_serializing_if = "Option::is_none")]
    pub patient_key: Option<i64>,
    /// The version of a report that was shown as the current one, or whose document was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// It had been withdrawn or was held, so that neither words nor documents were given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
    /// Why an operator rules so, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
