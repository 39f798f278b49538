//! Information models and SOP classes: PS3.4 §C.6, and their extended negotiation, §C.5.

use dimse::identifier::Level;
use dimse::message::Operation;
use dimse::uids;

/// A query/retrieve information model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// PS3.4 §C.6.1.
    PatientRoot,
    /// PS3.4 §C.6.2.
    StudyRoot,
}

impl Model {
    /// Its levels, from the top down.
    pub fn levels(self) -> &'static [Level] {
        match self {
            Self::PatientRoot => &Level::ALL,
            Self::StudyRoot => &Level::ALL[1..],
        }
    }
}

/// What a SOP class is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction {
    /// C-FIND.
    Find,
    /// C-MOVE.
    Move,
    /// C-GET.
    Get,
}

impl Transaction {
    /// The operation of its requests.
    pub const fn operation(self) -> Operation {
        match self {
            Self::Find => Operation::Find,
            Self::Move => Operation::Move,
            Self::Get => Operation::Get,
        }
    }
}

/// A SOP class that is served here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SopClass {
    /// Its UID.
    pub uid: &'static str,
    /// Its information model.
    pub model: Model,
    /// What it is for.
    pub transaction: Transaction,
}

const fn class(uid: &'static str, model: Model, transaction: Transaction) -> SopClass {
    SopClass { uid, model, transaction }
}

/// All of them.
pub const SOP_CLASSES: [SopClass; 6] = [
    class(uids::PATIENT_ROOT_FIND, Model::PatientRoot, Transaction::Find),
    class(uids::PATIENT_ROOT_MOVE, Model::PatientRoot, Transaction::Move),
    class(uids::PATIENT_ROOT_GET, Model::PatientRoot, Transaction::Get),
    class(uids::STUDY_ROOT_FIND, Model::StudyRoot, Transaction::Find),
    class(uids::STUDY_ROOT_MOVE, Model::StudyRoot, Transaction::Move),
    class(uids::STUDY_ROOT_GET, Model::StudyRoot, Transaction::Get),
];

/// What of tables C.5-1 and C.5-2 is supported for C-FIND, byte by byte: relational queries, not combined date and time matching, fuzzy
/// matching of person names, not time zone adjustment, not conversion of multi-frame images, empty value matching, multiple value matching.
const FIND_EXTENSIONS: [u8; 7] = [1, 0, 1, 0, 0, 1, 1];
/// The same for C-MOVE and C-GET (tables C.5-3 and C.5-4): neither relational retrieval nor conversion of multi-frame images.
const RETRIEVE_EXTENSIONS: [u8; 2] = [0, 0];

impl SopClass {
    /// The one of this UID.
    pub fn of(uid: &str) -> Option<Self> {
        SOP_CLASSES.into_iter().find(|class| class.uid == uid)
    }

    /// The answer to extended negotiation: of what is asked for, what is supported.
    pub fn extend(self, asked: &[u8]) -> Vec<u8> {
        let supported: &[u8] = match self.transaction {
            Transaction::Find => &FIND_EXTENSIONS,
            Transaction::Move | Transaction::Get => &RETRIEVE_EXTENSIONS,
        };
        asked.iter().zip(supported).map(|(asked, supported)| asked & supported).collect()
    }
}

/// What was agreed on for the queries of one association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extensions {
    /// Keys of any level may be asked for and left out (PS3.4 §C.4.1.2.2.2).
    pub relational: bool,
    /// Person names match by sound and word (PS3.4 §C.2.2.2.1.1).
    pub fuzzy: bool,
    /// Two quotes match what is empty (PS3.4 §C.2.2.2.7).
    pub empty: bool,
    /// Of several values of a key each must be there (PS3.4 §C.2.2.2.8).
    pub multiple: bool,
}

impl Extensions {
    /// From what extended negotiation came to.
    pub fn of(agreed: &[u8]) -> Self {
        let at = |index: usize| agreed.get(index) == Some(&1);
        Self { relational: at(0), fuzzy: at(2), empty: at(5), multiple: at(6) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Extensions, SOP_CLASSES, SopClass, Transaction};

    #[test]
    fn only_what_is_asked_for_and_supported_is_agreed_on() {
        for class in SOP_CLASSES {
            let all = class.extend(&[1; 9]);
            if class.transaction == Transaction::Find {
                assert_eq!(all, [1, 0, 1, 0, 0, 1, 1]);
                let agreed = |asked: &[u8]| Extensions::of(&class.extend(asked));
                assert_eq!(agreed(&[1]), Extensions { relational: true, ..Extensions::default() });
                assert_eq!(agreed(&[0, 1, 1]), Extensions { fuzzy: true, ..Extensions::default() });
                assert_eq!(agreed(&[0, 0, 0, 0, 0, 1]), Extensions { empty: true, ..Extensions::default() });
                assert_eq!(agreed(&[0, 0, 0, 0, 0, 0, 1]), Extensions { multiple: true, ..Extensions::default() });
            } else {
                assert_eq!(all, [0, 0]);
            }
            assert_eq!(SopClass::of(class.uid), Some(class));
        }
        assert_eq!(SopClass::of("1.2.840.10008.5.1.4.31"), None);
    }
}
