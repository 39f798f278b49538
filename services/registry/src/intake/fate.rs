//! What became of an object, and what its sender is told.

use adapter_api::{Object, StoreAnswer};
use index_extract::Extracted;
use index_model::{Uid, sop_class, transfer_syntax};

use crate::RegistryError;

/// What became of one object.
#[derive(Debug, Clone)]
pub struct StoredInstance {
    /// SOPClassUID, where it could be read.
    pub sop_class_uid: Option<Uid>,
    /// SOPInstanceUID, where it could be read.
    pub sop_instance_uid: Option<Uid>,
    /// StudyInstanceUID, where it could be read.
    pub study_instance_uid: Option<Uid>,
    /// SeriesInstanceUID, where it could be read.
    pub series_instance_uid: Option<Uid>,
    /// What is told to the sender.
    pub fate: Fate,
}

/// What became of an object, told apart by what its sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Held and indexed (also for an exact repeat).
    Stored,
    /// Held beside an instance of the same SOPInstanceUID that shows the same under another header and stays the one that is shown.
    OtherHeader,
    /// Held and indexed as its data set says; its File Meta Information names another instance or class.
    Misnamed,
    /// Held and indexed, and somebody else has a study of its StudyInstanceUID: neither opens unless the patient is named.
    Disputed,
    /// Held and given to nobody: a rejection note or a manifest.
    Withheld,
    /// Held and given to nobody: it was rejected before it came (IHE RAD IOCM).
    Rejected,
    /// Held beside an instance of the same SOPInstanceUID that has other bytes and stays the one that is shown.
    Conflict,
    /// Of another study than the request names. Not kept.
    OtherStudy,
    /// Of a SOP class that is no storage of a patient's instances. Not kept.
    NoStorageClass,
    /// In a transfer syntax whose pixels are somewhere else. Not kept.
    PixelsElsewhere,
    /// Nothing that could be read as an object at all. Not kept.
    Unreadable {
        /// The rule in words.
        rule: String,
    },
    /// Kept aside, for this attribute and rule.
    Quarantined {
        /// Keyword of the attribute.
        attribute: String,
        /// The rule in words.
        rule: String,
    },
    /// Nothing is kept until somebody makes room.
    NoRoom,
    /// Try again later: the database does not answer.
    OutOfResources,
}

impl Fate {
    /// Whether the object is here for good, shown or not.
    pub(crate) const fn is_held(&self) -> bool {
        matches!(
            self,
            Self::Stored
                | Self::OtherHeader
                | Self::Misnamed
                | Self::Disputed
                | Self::Withheld
                | Self::Rejected
                | Self::Conflict
        )
    }

    /// What is told of a fault of ours.
    pub(super) fn of(error: &RegistryError) -> Self {
        if matches!(error, RegistryError::NoRoom(_)) { Self::NoRoom } else { Self::OutOfResources }
    }
}

impl From<Fate> for StoreAnswer {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Stored | Fate::Misnamed | Fate::Withheld => Self::Stored,
            Fate::Disputed => Self::Disputed,
            Fate::OtherHeader => Self::OtherHeader,
            Fate::Rejected => Self::Rejected,
            Fate::Conflict => Self::Duplicate,
            Fate::Quarantined { attribute, rule } => Self::Quarantined { attribute, rule },
            Fate::NoRoom | Fate::OutOfResources => Self::OutOfResources,
            // Asked of web callers alone.
            Fate::OtherStudy | Fate::NoStorageClass | Fate::PixelsElsewhere | Fate::Unreadable { .. } => {
                Self::NotAuthorised
            }
        }
    }
}

impl StoredInstance {
    /// An object of which no more is known than what its meta header says.
    pub(super) fn unread(object: &Object, fate: Fate) -> Self {
        let (class, instance) = index_guard::media_storage(object);
        let uid = |text: Option<&str>| Uid::parse(text?).ok();
        Self {
            sop_class_uid: uid(class),
            sop_instance_uid: uid(instance),
            study_instance_uid: None,
            series_instance_uid: None,
            fate,
        }
    }

    pub(super) fn read(extracted: &Extracted, fate: Fate) -> Self {
        Self {
            sop_class_uid: Some(extracted.entry.instance.sop_class_uid.clone()),
            sop_instance_uid: Some(extracted.entry.instance.sop_instance_uid.clone()),
            study_instance_uid: Some(extracted.study.study_instance_uid.clone()),
            series_instance_uid: Some(extracted.series.series_instance_uid.clone()),
            fate,
        }
    }
}

/// Why a web caller's object is not kept, though it can be read.
pub(super) fn refusal(extracted: &Extracted, study: Option<&Uid>) -> Option<Fate> {
    let instance = &extracted.entry.instance;
    match study {
        Some(study) if extracted.study.study_instance_uid != *study => Some(Fate::OtherStudy),
        _ if !sop_class::is_storage(instance.sop_class_uid.as_str()) => Some(Fate::NoStorageClass),
        _ if transfer_syntax::is_referenced(&instance.transfer_syntax_uid) => Some(Fate::PixelsElsewhere),
        _ => None,
    }
}
