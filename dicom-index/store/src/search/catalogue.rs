//! Which attributes have columns, and how each is compared.

use dicom_core::Tag;
use index_query::Level;

use crate::engine::dialect::TextColumn;

/// How an attribute is compared. Column names are of alias `s` (study) or `r` (series).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// As it is, character by character.
    Exact(&'static str),
    /// Folded; with an index for any part of it when it has a text column.
    Folded(&'static str, Option<TextColumn>),
    /// A person name: its columns of groups, and the column of words.
    Name(&'static [&'static str], &'static str, TextColumn),
    /// `YYYYMMDD`.
    Date(&'static str),
    /// Twelve digits.
    Time(&'static str),
    /// A whole number.
    Number(&'static str),
    /// Any of a study's modalities.
    Modalities,
    /// A study copy's column or its source patient's: PatientID, issuer, accession number and issuer go together.
    Copy(CopyColumn),
    /// An identifier that the same person has somewhere, and its issuer.
    Person(PersonColumn),
    /// An item of a series' RequestAttributesSequence.
    Request(RequestColumn),
    /// Who has it.
    Repository,
    /// An instance that is held or known.
    Instance,
}

/// What is compared within one copy of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyColumn {
    PatientId,
    IssuerOfPatientId,
    AccessionNumber,
    IssuerOfAccessionNumber,
}

/// What is compared within one identifier of the person that a study is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PersonColumn {
    PatientId,
    IssuerOfPatientId,
}

/// What is compared within one request that a series answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestColumn {
    ScheduledProcedureStepId,
    RequestedProcedureId,
}

const fn tag(group: u16, element: u16) -> Tag {
    Tag(group, element)
}

const REQUEST: Tag = tag(0x0040, 0x0275);
const ISSUER_OF_ACCESSION: Tag = tag(0x0008, 0x0051);
const ISSUER_QUALIFIERS: Tag = tag(0x0010, 0x0024);
const OTHER_PATIENT_IDS: Tag = tag(0x0010, 0x1002);

const PATIENT_NAME: How = How::Name(
    &["s.patient_name", "s.patient_name_ideographic", "s.patient_name_phonetic"],
    "s.patient_words",
    TextColumn::PatientWords,
);
const REFERRING_NAME: How = How::Name(&["s.referring_name"], "s.referring_words", TextColumn::ReferringWords);
const STUDY_DESCRIPTION: How = How::Folded("s.study_description", Some(TextColumn::StudyDescription));
const INSTITUTION_NAME: How = How::Folded("s.institution_name", Some(TextColumn::InstitutionName));

/// The time that belongs to a column of dates.
pub(crate) fn time_beside(column: &'static str) -> Option<&'static str> {
    match column {
        "s.study_date" => Some("s.study_time"),
        "r.step_start_date" => Some("r.step_start_time"),
        _ => None,
    }
}

/// The level of an attribute and how it is compared; `None` when no column has it.
pub(crate) fn find(path: &[Tag]) -> Option<(Level, How)> {
    use CopyColumn as C;
    use PersonColumn as P;
    use RequestColumn as R;
    let study = |how| Some((Level::Study, how));
    let series = |how| Some((Level::Series, how));
    match path {
        [Tag(0x0020, 0x000D)] => study(How::Exact("s.study_instance_uid")),
        [Tag(0x0008, 0x0020)] => study(How::Date("s.study_date")),
        [Tag(0x0008, 0x0030)] => study(How::Time("s.study_time")),
        [Tag(0x0008, 0x0050)] => study(How::Copy(C::AccessionNumber)),
        [ISSUER_OF_ACCESSION, Tag(0x0040, 0x0031 | 0x0032)] => study(How::Copy(C::IssuerOfAccessionNumber)),
        [Tag(0x0008, 0x0061)] => study(How::Modalities),
        [Tag(0x0008, 0x0090)] => study(REFERRING_NAME),
        [Tag(0x0008, 0x0080)] => study(INSTITUTION_NAME),
        [Tag(0x0008, 0x1030)] => study(STUDY_DESCRIPTION),
        [Tag(0x0010, 0x0010)] => study(PATIENT_NAME),
        [Tag(0x0010, 0x0020)] => study(How::Copy(C::PatientId)),
        [Tag(0x0010, 0x0021)] | [ISSUER_QUALIFIERS, Tag(0x0040, 0x0032)] => study(How::Copy(C::IssuerOfPatientId)),
        [OTHER_PATIENT_IDS, Tag(0x0010, 0x0020)] => study(How::Person(P::PatientId)),
        [OTHER_PATIENT_IDS, Tag(0x0010, 0x0021)] | [OTHER_PATIENT_IDS, ISSUER_QUALIFIERS, Tag(0x0040, 0x0032)] => {
            study(How::Person(P::IssuerOfPatientId))
        }
        [Tag(0x0010, 0x0030)] => study(How::Date("s.patient_birth_date")),
        [Tag(0x0010, 0x0040)] => study(How::Exact("s.patient_sex")),
        [Tag(0x0020, 0x0010)] => study(How::Exact("s.study_id")),
        [Tag(0x0020, 0x1206)] => study(How::Number("s.number_of_series")),
        [Tag(0x0020, 0x1208)] => study(How::Number("s.number_of_instances")),
        [Tag(0x0008, 0x0054) | Tag(0x0040, 0xE011)] => study(How::Repository),
        [Tag(0x0020, 0x000E)] => series(How::Exact("r.series_instance_uid")),
        [Tag(0x0008, 0x0060)] => series(How::Exact("r.modality")),
        [Tag(0x0020, 0x0011)] => series(How::Number("r.series_number")),
        [Tag(0x0008, 0x103E)] => series(How::Folded("r.series_description", None)),
        [Tag(0x0018, 0x0015)] => series(How::Exact("r.body_part_examined")),
        [Tag(0x0040, 0x0244)] => series(How::Date("r.step_start_date")),
        [Tag(0x0040, 0x0245)] => series(How::Time("r.step_start_time")),
        [Tag(0x0020, 0x1209)] => series(How::Number("r.number_of_instances")),
        [REQUEST, Tag(0x0040, 0x0009)] => series(How::Request(R::ScheduledProcedureStepId)),
        [REQUEST, Tag(0x0040, 0x1001)] => series(How::Request(R::RequestedProcedureId)),
        [Tag(0x0008, 0x0018)] => Some((Level::Instance, How::Instance)),
        _ => None,
    }
}
