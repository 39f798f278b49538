//! Records of patients, studies, series and instances.

use index_model::{IssuedId, Phi};

use crate::build::{EXPLICIT_LE, Form, part10};
use crate::{image_with, notes, read, refused};

const LE: Form = Form::Explicit;

fn id(issuer: &str, value: &str) -> IssuedId {
    IssuedId { issuer: issuer.into(), value: Phi::new(value.into()) }
}

#[test]
fn an_instance_is_read_into_its_records() {
    let more = [
        LE.element(0x0040_0244, "DA", "20240301"),
        LE.element(0x0040_0245, "TM", "0930"),
        LE.sequence(
            0x0040_0275,
            &[
                [LE.element(0x0040_0009, "SH", "STEP"), LE.element(0x0040_1001, "SH", "REQ")].concat(),
                LE.element(0x0040_0007, "LO", "names neither"),
                LE.element(0x0040_1001, "SH", "REQ2"),
            ],
        ),
    ];
    let bytes = image_with(&more);
    let found = read(&bytes).unwrap();
    assert!(found.findings.is_empty() && found.part10.is_none());
    assert_eq!(found.study.study_instance_uid.as_str(), "1.2.3.4");
    assert_eq!(found.study.study_date.as_deref(), Some("20240229"));
    assert_eq!(found.study.patient.patient_id, Some(id("NEODIN", "MRN-1")));
    assert_eq!(found.series.modality.as_deref(), Some("OT"));
    assert_eq!(found.series.performed_procedure_step_start_time.as_deref(), Some("093000"));
    assert_eq!(found.series.scheduled_procedure_step_id.as_deref(), Some("STEP"));
    assert_eq!(found.series.requested_procedure_id.as_deref(), Some("REQ"));
    let requests = found.series.requests();
    assert_eq!((requests.len(), requests[1].requested_procedure_id.as_deref()), (2, Some("REQ2")));
    let instance = &found.entry.instance;
    assert_eq!((instance.instance_number, instance.number_of_frames), (Some(7), 1));
    assert_eq!(instance.transfer_syntax_uid, EXPLICIT_LE);
    assert_eq!(found.entry.size_bytes, bytes.len() as u64);
    assert_eq!(found.entry.sha256.len(), 64);
}

#[test]
fn identifiers_carry_their_issuer() {
    let accession = |issuer: Vec<u8>| {
        let header = LE.image_header(1);
        let split = header.windows(4).position(|w| w == [0x08, 0, 0x60, 0]).unwrap();
        let added = [LE.element(0x0008_0050, "SH", "A-1"), issuer].concat();
        let bytes = part10(EXPLICIT_LE, &[&header[..split], &added, &header[split..]].concat());
        read(&bytes).unwrap().study.accession_number
    };
    assert_eq!(accession(Vec::new()), Some(id("NEODIN-RIS", "A-1")));
    let local = LE.sequence(0x0008_0051, &[LE.element(0x0040_0031, "UT", "HSN")]);
    assert_eq!(accession(local), Some(id("HSN", "A-1")));
    let universal = LE.sequence(0x0008_0051, &[LE.element(0x0040_0032, "UT", "1.2.3")]);
    assert_eq!(accession(universal), Some(id("1.2.3", "A-1")));

    let named = image_with(&[LE.element(0x0010_0021, "LO", "HSN-ADT")]);
    assert_eq!(read(&named).unwrap().study.patient.patient_id, Some(id("HSN-ADT", "MRN-1")));
    let qualified = image_with(&[LE.sequence(0x0010_0024, &[LE.element(0x0040_0032, "UT", "1.2.3")])]);
    assert_eq!(read(&qualified).unwrap().study.patient.patient_id, Some(id("1.2.3", "MRN-1")));
}

#[test]
fn the_health_card_number_is_told_from_other_identifiers() {
    let other =
        |id: &str, issuer: &str| [LE.element(0x0010_0020, "LO", id), LE.element(0x0010_0021, "LO", issuer)].concat();
    for issuer in [
        "JHN",
        "2.16.840.1.113883.4.59",
        "CANON&2.16.840.1.113883.4.59&ISO",
        "https://fhir.infoway-inforoute.ca/NamingSystem/ca-on-patient-hcn",
    ] {
        let ids = LE.sequence(0x0010_1002, &[other("9876543217AB", issuer), other("MRN-2", "HSN")]);
        let patient = read(&image_with(&[ids])).unwrap().study.patient;
        let card = patient.health_number.unwrap();
        assert_eq!((card.number.expose().as_str(), card.version.as_str()), ("9876543217", "AB"));
        assert_eq!(patient.other_patient_ids, [id("HSN", "MRN-2")]);
    }
    let typed = LE.sequence(0x0010_0024, &[LE.element(0x0040_0035, "CS", "JHN")]);
    let ids = LE.sequence(0x0010_1002, &[[LE.element(0x0010_0020, "LO", "9876543217"), typed].concat()]);
    assert!(read(&image_with(&[ids])).unwrap().study.patient.health_number.is_some());
    let wrong = LE.sequence(0x0010_1002, &[other("1234567890", "JHN")]);
    let found = read(&image_with(&[wrong])).unwrap();
    assert_eq!(found.study.patient.health_number, None);
    assert!(notes(&found).iter().any(|n| n == "OtherPatientIDsSequence has a health card number that is not valid"));
}

#[test]
fn dates_and_times_that_are_none_are_absent_and_noted() {
    let bad = [
        LE.element(0x0010_0030, "DA", "00000000"),
        LE.element(0x0010_0040, "CS", "X"),
        LE.element(0x0040_0244, "DA", "20261331"),
        LE.element(0x0040_0245, "TM", "2460"),
    ];
    let found = read(&image_with(&bad)).unwrap();
    assert_eq!(found.study.patient.patient_birth_date, None);
    assert_eq!(found.series.performed_procedure_step_start_date, None);
    let told = notes(&found);
    for note in [
        "PatientBirthDate is not a date",
        "PatientSex is not M, F or O",
        "PerformedProcedureStepStartTime is not a time of day",
    ] {
        assert!(told.iter().any(|told| told == note), "{told:?}");
    }
}

#[test]
fn the_day_of_a_study_whose_date_is_none_is_known_by_what_is_nearest_and_is_not_its_date() {
    let dated = |day: &str, more: &[Vec<u8>]| {
        let mut bytes = image_with(more);
        let at = bytes.windows(8).position(|text| text == b"20240229").unwrap();
        bytes[at..at + 8].copy_from_slice(day.as_bytes());
        let found = read(&bytes).unwrap();
        (found.study.study_date, found.study.known_date)
    };
    let more = [LE.element(0x0008_0022, "DA", "20240304"), LE.element(0x0008_0023, "DA", "20240305")];
    assert_eq!(dated("20261331", &more), (None, Some("20240304".into())));
    let unsure = [LE.element(0x0008_0021, "DA", "00000000"), LE.element(0x0008_0023, "DA", "20240305")];
    assert_eq!(dated("00000000", &unsure), (None, Some("20240305".into())));
    assert_eq!(dated("        ", &[]), (None, None));
    assert_eq!(dated("20240229", &more), (Some("20240229".into()), None));
}

#[test]
fn an_object_without_its_identifiers_is_kept_aside() {
    for (tag, name) in [
        (0x0008_0016, "SOPClassUID"),
        (0x0008_0018, "SOPInstanceUID"),
        (0x0020_000D, "StudyInstanceUID"),
        (0x0020_000E, "SeriesInstanceUID"),
    ] {
        let header = LE.image_header(1);
        let at = header.windows(4).position(|w| w == LE.tag(tag)).unwrap();
        let end = at + 8 + usize::from(header[at + 6]);
        let without = [&header[..at], &header[end..]].concat();
        assert_eq!(refused(&part10(EXPLICIT_LE, &without)), format!("{name} is missing"));
        for wrong in ["1.2..3", "../../etc", &"1".repeat(65)] {
            let with = [&header[..at], &LE.element(tag, "UI", wrong), &header[end..]].concat();
            assert_eq!(refused(&part10(EXPLICIT_LE, &with)), format!("{name} is not a unique identifier"));
        }
    }
}

/// VM 1 (PS3.6): a site's code before each number would make one patient of all of its patients.
#[test]
fn a_patient_id_of_two_values_is_no_one_elses() {
    let of = |text: &str| {
        let header = LE.image_header(1);
        let own = LE.element(0x0010_0020, "LO", "MRN-1");
        let at = header.windows(own.len()).position(|window| window == own).unwrap();
        let with = [&header[..at], &LE.element(0x0010_0020, "LO", text), &header[at + own.len()..]].concat();
        read(&part10(EXPLICIT_LE, &with)).unwrap()
    };
    let two = of("SITE\\123 ");
    assert_eq!(two.study.patient.patient_id, Some(id("NEODIN", "SITE\\123")));
    assert_eq!(two.study.patient.other_patient_ids, [id("NEODIN", "SITE"), id("NEODIN", "123")]);
    assert_eq!(notes(&two), ["PatientID has several values"]);
    for (text, expected) in [("\\123", "123"), ("123\\ ", "123"), (" 123", "123")] {
        let one = of(text).study.patient;
        assert_eq!((one.patient_id, one.other_patient_ids.len()), (Some(id("NEODIN", expected)), 0), "{text}");
    }
    assert_eq!(of("\\ ").study.patient.patient_id, None);
}

/// PS3.10 §7.1: the data set is what the object is, and stays as it came.
#[test]
fn an_object_is_what_its_data_set_says_whatever_its_meta_header_does() {
    let right = image_with(&[]);
    let found = read(&right).unwrap();
    assert!(!found.misnamed && found.part10.is_none());
    for (own, other, note) in [
        ("1.2.3.4.5", "1.2.3.4.6", "MediaStorageSOPInstanceUID is not the SOPInstanceUID"),
        ("1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.2", "MediaStorageSOPClassUID is not the SOPClassUID"),
    ] {
        let at = right.windows(own.len()).position(|window| window == own.as_bytes()).unwrap();
        let wrong = [&right[..at], other.as_bytes(), &right[at + own.len()..]].concat();
        let mended = read(&wrong).unwrap();
        assert_eq!((mended.misnamed, notes(&mended)), (true, vec![note.to_owned()]));
        assert_eq!(mended.entry.instance.sop_instance_uid.as_str(), "1.2.3.4.5");
        assert_eq!(mended.entry.sha256, found.entry.sha256, "it is the same object");
        assert!(mended.part10.is_none(), "its bytes are kept as they came");
    }
}

#[test]
fn a_directory_of_media_is_no_instance() {
    let directory = LE.sequence(0x0004_1220, &[]);
    let finding = refused(&part10(EXPLICIT_LE, &directory));
    assert_eq!(finding, "DirectoryRecordSequence makes this a directory of media, not an instance");
}

#[test]
fn what_was_read_is_never_printed() {
    let secret = "Zebra^Quagga";
    let bad = [
        LE.element(0x0010_0030, "DA", secret),
        LE.element(0x0010_0040, "CS", secret),
        LE.element(0x0010_1001, "PN", secret),
        LE.element(0x0028_0106, "US", secret.as_bytes()),
    ];
    let found = read(&image_with(&bad)).unwrap();
    assert!(found.findings.len() >= 2 && found.entry.metadata.get().contains(secret));
    assert!(!format!("{found:?}").contains("Zebra"));
}
