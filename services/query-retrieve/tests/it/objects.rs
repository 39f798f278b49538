//! Small objects with known attributes.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dimse::identifier::{Identifier, Value};
use dimse::part10::{self, Meta};
use index_model::{AeTitle, Uid};

pub(crate) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub(crate) const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const IMPLICIT: &str = "1.2.840.10008.1.2";

pub(crate) fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

pub(crate) fn ae(text: &str) -> AeTitle {
    AeTitle::parse(text).unwrap()
}

/// One object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) class: &'static str,
    pub(crate) patient: (&'static str, &'static str, &'static str),
    /// The last component of its StudyInstanceUID; series and instance follow from it.
    pub(crate) study: u32,
    pub(crate) series: u32,
    pub(crate) number: u32,
    pub(crate) date: &'static str,
    pub(crate) modality: &'static str,
}

impl Object {
    pub(crate) fn study_uid(&self) -> String {
        format!("2.25.{}", self.study)
    }

    pub(crate) fn series_uid(&self) -> String {
        format!("2.25.{}.{}", self.study, self.series)
    }

    pub(crate) fn instance_uid(&self) -> String {
        format!("2.25.{}.{}.{}", self.study, self.series, self.number)
    }

    fn identifier(&self) -> Identifier {
        let (issuer, id, name) = self.patient;
        let number = |value: u16| (VR::US, Value::Binary(value.to_le_bytes().to_vec()));
        let mut whole = Identifier::default()
            .key(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192")
            .key(tags::SOP_CLASS_UID, self.class)
            .key(tags::SOP_INSTANCE_UID, self.instance_uid())
            .key(tags::STUDY_DATE, self.date)
            .key(tags::STUDY_TIME, "103000")
            .key(tags::ACCESSION_NUMBER, format!("ACC{}", self.study))
            .key(tags::MODALITY, self.modality)
            .key(tags::PROTOCOL_NAME, "Routine")
            .key(tags::PATIENT_NAME, name)
            .key(tags::PATIENT_ID, id)
            .key(tags::ISSUER_OF_PATIENT_ID, issuer)
            .key(tags::STUDY_INSTANCE_UID, self.study_uid())
            .key(tags::SERIES_INSTANCE_UID, self.series_uid())
            .key(tags::SERIES_NUMBER, self.series.to_string())
            .key(tags::INSTANCE_NUMBER, self.number.to_string())
            .key(tags::SLICE_THICKNESS, "2.5")
            .key(tags::BODY_PART_EXAMINED, "HEAD")
            .key(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
        for (tag, value) in [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, 4),
            (tags::COLUMNS, 8),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, 16),
            (tags::HIGH_BIT, 15),
            (tags::PIXEL_REPRESENTATION, 0),
        ] {
            whole.0.insert(tag, number(value));
        }
        if self.class == MR {
            let request = |n: u32| {
                let (step, procedure) = (format!("S{n}"), format!("P{n}"));
                let item = Identifier::default().key(tags::SCHEDULED_PROCEDURE_STEP_ID, step);
                item.key(tags::REQUESTED_PROCEDURE_ID, procedure).0
            };
            whole.0.insert(tags::REQUEST_ATTRIBUTES_SEQUENCE, (VR::SQ, Value::Items(vec![request(1), request(2)])));
        }
        let pixels = (0..64u8).map(|at| at.wrapping_add(self.number as u8)).collect();
        whole.0.insert(Tag(0x7FE0, 0x0010), (VR::OW, Value::Binary(pixels)));
        whole
    }

    /// Its data set in a transfer syntax.
    pub(crate) fn data_set(&self, transfer_syntax: &str) -> Vec<u8> {
        self.identifier().encode(transfer_syntax)
    }

    /// As a Part 10 file, Explicit VR Little Endian.
    pub(crate) fn file(&self) -> Vec<u8> {
        let meta = Meta {
            sop_class: uid(self.class),
            sop_instance: uid(&self.instance_uid()),
            transfer_syntax: EXPLICIT.to_owned(),
        };
        let mut file = part10::header(&meta, &ae("MODALITY"));
        file.extend_from_slice(&self.data_set(EXPLICIT));
        file
    }
}

/// Two patients: one with a CT of two series and an MR, one with a CT; and a third who has the first one's PatientID of another issuer.
pub(crate) fn corpus() -> Vec<Object> {
    let jane = ("NORTH", "A1", "Doe^Jane");
    let zoe = ("NORTH", "A2", "Lefèbvre^Zoé");
    let other = ("SOUTH", "A1", "Roe^Richard");
    let ct = |patient, study, series, number, date| Object {
        class: CT,
        patient,
        study,
        series,
        number,
        date,
        modality: "CT",
    };
    let mut all = Vec::new();
    all.extend((1..=3).map(|number| ct(jane, 1, 1, number, "20260103")));
    all.extend((1..=2).map(|number| ct(jane, 1, 2, number, "20260103")));
    all.push(Object { class: MR, modality: "MR", ..ct(jane, 2, 1, 1, "20260104") });
    all.push(ct(zoe, 3, 1, 1, "20250101"));
    all.push(ct(other, 4, 1, 1, "20240101"));
    all
}
