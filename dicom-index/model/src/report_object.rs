//! Which DICOM objects are reports, and what their headers say of them.

use crate::{IssuedId, PersonName, Uid};

/// In what form an object brings its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectForm {
    /// Text SR (PS3.3 §A.35).
    StructuredReport,
    /// Encapsulated PDF (PS3.3 §A.45.1).
    Pdf,
    /// Encapsulated CDA (PS3.3 §A.45.2).
    Cda,
}

/// What the header of a report that is an object says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportObject {
    /// Its form.
    pub form: ObjectForm,
    /// Document title: DocumentTitle (0042,0010), else the meaning of the title code.
    pub title: String,
    /// Whether the title code says that it is a report; of a CDA document its own code may say it too.
    pub is_titled: bool,
    /// CompletionFlag (0040,A491) is not `PARTIAL`.
    pub is_complete: bool,
    /// VerificationFlag (0040,A493) is `VERIFIED`: what does not say so is not.
    pub is_verified: bool,
    /// PreliminaryFlag (0040,A496) is `PRELIMINARY`.
    pub is_preliminary: bool,
    /// SOPInstanceUIDs of PredecessorDocumentsSequence (0040,A360): the documents that it takes the place of.
    pub predecessors: Vec<Uid>,
    /// AccessionNumber, of the study or of the request that is answered.
    pub accession_number: Option<IssuedId>,
    /// FillerOrderNumberImagingServiceRequest (0040,2017).
    pub filler_order_number: Option<IssuedId>,
    /// When it was written: ContentDate and ContentTime, with TimezoneOffsetFromUTC where it is given; as a DT value.
    pub written: Option<String>,
    /// VerifyingObserverName (0040,A075).
    pub interpreter: PersonName,
}

/// Text SR: Basic, Enhanced, Comprehensive, Comprehensive 3D and Extensible.
const BASIC_TEXT_SR: &str = "1.2.840.10008.5.1.4.1.1.88.11";
const TEXT_SR: &[&str] = &[
    "1.2.840.10008.5.1.4.1.1.88.22",
    "1.2.840.10008.5.1.4.1.1.88.33",
    "1.2.840.10008.5.1.4.1.1.88.34",
    "1.2.840.10008.5.1.4.1.1.88.35",
];
const ENCAPSULATED_PDF: &str = "1.2.840.10008.5.1.4.1.1.104.1";
const ENCAPSULATED_CDA: &str = "1.2.840.10008.5.1.4.1.1.104.2";

/// LOINC document titles of reports: PS3.16 CID 7000 (Diagnostic Imaging Report Document Titles), and three of the LOINC document ontology
/// that reports of imaging are sent under: 68604-8 (radiology study note), 18782-3 (radiology study observation), 11522-0 (echocardiography).
const LOINC: &[&str] = &[
    "11522-0", "11524-0", "11525-3", "11528-7", "18745-0", "18748-4", "18750-0", "18752-6", "18754-2", "18756-7",
    "18782-3", "24534-0", "24590-2", "24601-7", "24606-6", "24616-5", "24627-2", "24725-4", "24733-8", "24859-1",
    "24884-9", "24907-8", "24990-4", "25002-7", "25010-0", "25045-6", "25056-3", "25061-3", "28614-6", "30695-1",
    "38036-0", "38269-7", "39036-9", "39445-2", "39448-6", "39453-6", "41806-1", "42148-7", "43468-8", "43771-5",
    "44136-0", "44174-1", "46375-2", "47048-4", "49118-3", "49512-7", "55107-7", "68604-8",
];
/// The same of the scheme DCM. The procedure reports of echocardiography that are in CID 7000 as well are templates of measurements
/// (TID 5200 and its like), whose words their systems send in a report of their own: they stay objects.
const DCM: &[&str] = &["111400"];
/// Titles of Basic Text SR that are no reports: doses (PS3.16 TID 10001, 10021), measurements (CID 7021) and CAD (TID 4000, 4100, 4120).
const NO_REPORTS: &[&str] =
    &["113701", "113500", "126000", "126001", "126002", "126003", "111036", "112000", "112220", "121181"];

/// Whether a document title (PS3.3 §C.17.3, §C.24.2) is that of a report.
pub fn is_report_title(scheme: &str, code: &str) -> bool {
    match scheme {
        "LN" | "LOINC" | "2.16.840.1.113883.6.1" => LOINC.contains(&code),
        "DCM" => DCM.contains(&code),
        _ => false,
    }
}

/// The form in which an instance of this class brings a report, where it may: what is of any other class stays an object alone.
pub fn form_of(sop_class_uid: &str) -> Option<ObjectForm> {
    match sop_class_uid {
        BASIC_TEXT_SR => Some(ObjectForm::StructuredReport),
        class if TEXT_SR.contains(&class) => Some(ObjectForm::StructuredReport),
        ENCAPSULATED_PDF => Some(ObjectForm::Pdf),
        ENCAPSULATED_CDA => Some(ObjectForm::Cda),
        _ => None,
    }
}

/// Whether an object of this class and title is a report. Basic Text SR is words alone and is one unless its title says otherwise, whatever
/// local scheme it is of; the other classes are also used for measurements and forms, and need a report's title or template (PS3.16
/// TID 2000, 2005 and 2006).
pub fn is_report(sop_class_uid: &str, (scheme, code): (&str, &str), template: &str) -> bool {
    if is_report_title(scheme, code) {
        return form_of(sop_class_uid).is_some();
    }
    match sop_class_uid {
        BASIC_TEXT_SR => !(scheme == "DCM" && NO_REPORTS.contains(&code)),
        class => TEXT_SR.contains(&class) && matches!(template, "2000" | "2005" | "2006"),
    }
}

#[cfg(test)]
mod tests {
    use super::{BASIC_TEXT_SR, ENCAPSULATED_PDF, TEXT_SR, is_report};

    #[test]
    fn class_and_title_tell_reports_from_doses_measurements_cad_and_forms() {
        let (ct, none) = (("LN", "25045-6"), ("", ""));
        assert!([BASIC_TEXT_SR, TEXT_SR[0], ENCAPSULATED_PDF].iter().all(|class| is_report(class, ct, "")));
        assert!(is_report(BASIC_TEXT_SR, ("99LOCAL", "RPT"), "") && is_report(TEXT_SR[1], none, "2000"));
        assert!(!is_report(BASIC_TEXT_SR, ("DCM", "113701"), ""));
        for (scheme, code) in [("DCM", "126000"), ("DCM", "125200"), ("99LOCAL", "RPT")] {
            assert!(!is_report(TEXT_SR[0], (scheme, code), "1500"), "{code}");
        }
        assert!(!is_report(ENCAPSULATED_PDF, none, ""), "a form, a consent, an ECG: nobody said what it is");
        // X-Ray dose, mammography CAD, key object selection: whatever their title.
        for class in ["88.67", "88.50", "88.59"] {
            assert!(!is_report(&format!("1.2.840.10008.5.1.4.1.1.{class}"), ct, "2000"), "{class}");
        }
    }
}
