//! What is asked for at each level, and what is left out for peers that choke on it (PS3.4 §C.6.2.1).

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dimse::identifier::{Identifier, Level};

/// How much of what a level offers is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    /// Everything.
    All,
    /// No sequences.
    Flat,
    /// What every peer must know.
    Required,
}

impl Tier {
    pub(super) const fn less(self) -> Option<Self> {
        match self {
            Self::All => Some(Self::Flat),
            Self::Flat => Some(Self::Required),
            Self::Required => None,
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::All => 0,
            Self::Flat => 1,
            Self::Required => 2,
        }
    }

    pub(super) const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::All,
            1 => Self::Flat,
            _ => Self::Required,
        }
    }
}

const ISSUER: &[Tag] = &[tags::LOCAL_NAMESPACE_ENTITY_ID, tags::UNIVERSAL_ENTITY_ID, tags::UNIVERSAL_ENTITY_ID_TYPE];
const QUALIFIERS: &[Tag] = &[tags::UNIVERSAL_ENTITY_ID, tags::UNIVERSAL_ENTITY_ID_TYPE, tags::IDENTIFIER_TYPE_CODE];
const OTHER_ID: &[Tag] = &[tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID, tags::TYPE_OF_PATIENT_ID];
const REQUEST: &[Tag] = &[tags::SCHEDULED_PROCEDURE_STEP_ID, tags::REQUESTED_PROCEDURE_ID];

/// Return keys of one level.
struct Keys {
    required: &'static [Tag],
    optional: &'static [Tag],
    sequences: &'static [(Tag, &'static [Tag])],
}

const STUDY: Keys = Keys {
    required: &[
        tags::STUDY_DATE,
        tags::STUDY_TIME,
        tags::ACCESSION_NUMBER,
        tags::PATIENT_NAME,
        tags::PATIENT_ID,
        tags::STUDY_INSTANCE_UID,
        tags::STUDY_ID,
    ],
    optional: &[
        tags::MODALITIES_IN_STUDY,
        tags::INSTITUTION_NAME,
        tags::REFERRING_PHYSICIAN_NAME,
        tags::TIMEZONE_OFFSET_FROM_UTC,
        tags::STUDY_DESCRIPTION,
        tags::ISSUER_OF_PATIENT_ID,
        tags::PATIENT_BIRTH_DATE,
        tags::PATIENT_SEX,
        tags::NUMBER_OF_STUDY_RELATED_SERIES,
        tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
    ],
    sequences: &[
        (tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE, ISSUER),
        (tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE, QUALIFIERS),
        (tags::OTHER_PATIENT_I_DS_SEQUENCE, OTHER_ID),
    ],
};

const SERIES: Keys = Keys {
    required: &[tags::MODALITY, tags::SERIES_NUMBER, tags::SERIES_INSTANCE_UID],
    optional: &[
        tags::SERIES_DESCRIPTION,
        tags::BODY_PART_EXAMINED,
        tags::PERFORMED_PROCEDURE_STEP_START_DATE,
        tags::PERFORMED_PROCEDURE_STEP_START_TIME,
        tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
    ],
    sequences: &[(tags::REQUEST_ATTRIBUTES_SEQUENCE, REQUEST)],
};

const INSTANCE: Keys = Keys {
    required: &[tags::INSTANCE_NUMBER, tags::SOP_INSTANCE_UID],
    optional: &[tags::SOP_CLASS_UID],
    sequences: &[],
};

/// The identifier of a query: matching keys and return keys.
pub(super) fn identifier(level: Level, tier: Tier, matching: &[(Tag, String)]) -> Identifier {
    let keys = match level {
        // Study Root begins at the study.
        Level::Patient | Level::Study => STUDY,
        Level::Series => SERIES,
        Level::Instance => INSTANCE,
    };
    let start = Identifier::new(level);
    let mut identifier = matching.iter().fold(start, |identifier, (tag, value)| identifier.key(*tag, value.as_str()));
    identifier = identifier.wanted(keys.required);
    if tier != Tier::Required {
        identifier = identifier.wanted(keys.optional);
    }
    if tier == Tier::All {
        let all = keys.sequences.iter();
        identifier = all.fold(identifier, |identifier, (sequence, tags)| identifier.wanted_item(*sequence, tags));
    }
    identifier
}
