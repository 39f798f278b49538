//! A small archive: two studies, one of twelve CT slices with a French name, one compressed.

use std::path::Path;
use std::time::Duration;

use adapter_dimse::{DimseOptions, DimseSource};
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::text::SpecificCharacterSet;
use dicom_object::InMemDicomObject;
use dimse::part10::{self, Meta};
use fixtures::simulators::dimse::{DimseArchive, Manners, Running};
use index_model::{AeTitle, RepositoryDefinition, RetrieveBy, Uid};
use runtime::Ctx;

pub(crate) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub(crate) const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";

pub(crate) const STUDY: &str = "2.25.100";
pub(crate) const SERIES: &str = "2.25.100.1";
pub(crate) const OTHER_STUDY: &str = "2.25.200";
pub(crate) const OTHER_SERIES: &str = "2.25.200.1";
/// Slices in `SERIES`.
pub(crate) const SLICES: usize = 12;

pub(crate) fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

pub(crate) fn ae(text: &str) -> AeTitle {
    AeTitle::parse(text).unwrap()
}

pub(crate) fn ctx() -> Ctx {
    Ctx::within(Duration::from_secs(30))
}

/// One slice of the French study.
pub(crate) fn slice(number: usize) -> Vec<u8> {
    object(CT, EXPLICIT, STUDY, SERIES, number, &[("Lefèbvre^Renée", "20240131", "CT", "Tête sans contraste")], 512)
}

/// One slice, compressed (its pixels are two fragments of nothing in particular).
pub(crate) fn compressed(number: usize) -> Vec<u8> {
    object(MR, JPEG_LOSSLESS, OTHER_STUDY, OTHER_SERIES, number, &[("Doe^Jane", "20240315", "MR", "Knee")], 300)
}

/// A Part 10 object with `pixel_bytes` of pixels.
pub(crate) fn object(
    class: &str,
    syntax: &str,
    study: &str,
    series: &str,
    number: usize,
    [(name, date, modality, description)]: &[(&str, &str, &str, &str); 1],
    pixel_bytes: usize,
) -> Vec<u8> {
    let instance = format!("{series}.{number}");
    let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    let header = InMemDicomObject::from_element_iter([
        text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
        text(tags::SOP_CLASS_UID, VR::UI, class),
        text(tags::SOP_INSTANCE_UID, VR::UI, &instance),
        text(tags::STUDY_DATE, VR::DA, date),
        text(tags::STUDY_TIME, VR::TM, "101500"),
        text(tags::ACCESSION_NUMBER, VR::SH, "A1"),
        text(tags::MODALITY, VR::CS, modality),
        text(tags::STUDY_DESCRIPTION, VR::LO, description),
        text(tags::SERIES_DESCRIPTION, VR::LO, "Axial"),
        text(tags::PATIENT_NAME, VR::PN, name),
        text(tags::PATIENT_ID, VR::LO, "P1"),
        text(tags::PATIENT_BIRTH_DATE, VR::DA, "19600229"),
        text(tags::PATIENT_SEX, VR::CS, "F"),
        text(tags::STUDY_INSTANCE_UID, VR::UI, study),
        text(tags::SERIES_INSTANCE_UID, VR::UI, series),
        text(tags::STUDY_ID, VR::SH, "S1"),
        text(tags::SERIES_NUMBER, VR::IS, "1"),
        text(tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
        DataElement::new(tags::ROWS, VR::US, PrimitiveValue::from(16_u16)),
        DataElement::new(tags::COLUMNS, VR::US, PrimitiveValue::from(16_u16)),
        DataElement::new(tags::BITS_ALLOCATED, VR::US, PrimitiveValue::from(16_u16)),
    ]);
    let meta = Meta { sop_class: uid(class), sop_instance: uid(&instance), transfer_syntax: syntax.into() };
    let mut file = part10::header(&meta, &ae("CORPUS"));
    let explicit = dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN.erased();
    header.write_dataset_with_ts_cs(&mut file, &explicit, SpecificCharacterSet::ISO_IR_100).unwrap();
    pixels(&mut file, syntax == EXPLICIT, pixel_bytes);
    file
}

fn pixels(file: &mut Vec<u8>, native: bool, bytes: usize) {
    let length = u32::try_from(bytes).unwrap().to_le_bytes();
    file.extend_from_slice(&[0xE0, 0x7F, 0x10, 0x00, b'O', if native { b'W' } else { b'B' }, 0, 0]);
    if native {
        file.extend_from_slice(&length);
        file.extend((0..bytes).map(|at| at.to_le_bytes()[0]));
        return;
    }
    file.extend_from_slice(&[0xFF; 4]);
    let item = [0xFE, 0xFF, 0x00, 0xE0];
    file.extend_from_slice(&item);
    file.extend_from_slice(&[0; 4]);
    file.extend_from_slice(&item);
    file.extend_from_slice(&length);
    file.resize(file.len() + bytes, 0x5A);
    file.extend_from_slice(&[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
}

/// Writes the corpus as `{study}/{series}/{instance}.dcm`.
pub(crate) fn write(folder: &Path) {
    let put = |study: &str, series: &str, number: usize, bytes: &[u8]| {
        let folder = folder.join(study).join(series);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{series}.{number}.dcm")), bytes).unwrap();
    };
    for number in 1..=SLICES {
        put(STUDY, SERIES, number, &slice(number));
    }
    for number in 1..=2 {
        put(OTHER_STUDY, OTHER_SERIES, number, &compressed(number));
    }
}

/// A simulated archive over the corpus.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) running: Running,
    _folder: tempfile::TempDir,
}

pub(crate) async fn archive(manners: Manners) -> Archive {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let archive = DimseArchive::new(ae("PACS"), folder.path().to_owned(), [].into());
    let archive = archive.known_to([ae("DICS")]).behaving(manners);
    let running = archive.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    Archive { running, _folder: folder }
}

/// How the archive would be registered.
pub(crate) fn definition(port: u16, retrieve: RetrieveBy) -> RepositoryDefinition {
    let written = serde_json::json!({
        "code": "west",
        "name": "West",
        "region": "west",
        "protocol": "dimse",
        "patientIdIssuer": "WEST",
        "dimse": { "host": "127.0.0.1", "port": port, "aeTitle": "PACS", "retrieve": retrieve },
    });
    serde_json::from_value(written).unwrap()
}

/// Options for peers that are expected to fail soon.
pub(crate) fn impatient() -> DimseOptions {
    DimseOptions {
        association: Duration::from_secs(5),
        first_response: Duration::from_millis(300),
        inactivity: Duration::from_millis(600),
        most_matches: 200,
        most_idle_responses: 200,
        ..DimseOptions::default()
    }
}

impl Archive {
    pub(crate) fn source(&self, retrieve: RetrieveBy) -> DimseSource {
        DimseSource::new(definition(self.running.addr.port(), retrieve), ae("DICS"), DimseOptions::default()).unwrap()
    }

    pub(crate) fn impatient_source(&self, retrieve: RetrieveBy) -> DimseSource {
        DimseSource::new(definition(self.running.addr.port(), retrieve), ae("DICS"), impatient()).unwrap()
    }
}
