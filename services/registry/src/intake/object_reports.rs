//! Reports that arrive as DICOM objects: structured reports, encapsulated PDF and CDA documents.
//!
//! Such an object is indexed like any other and stays as it came; its words are a version of a report besides. What is not held yet is no
//! report yet: it becomes one when it is read, whoever asks for it, or `fetch::documents` at leisure, and an object that is read again is the same version still.

use adapter_api::Object;
use index_extract::{Defaults, PathStep, bulk_value, report_object};
use index_model::{
    DocumentKind, InstanceEntry, ObjectForm, ObjectReference, Phi, ReportDocument, ReportObject, ReportRecord,
    ReportStatus, RepositoryCode, SeriesRecord, StudyRecord, VisitNumbers, form_of, is_report_title,
};
use index_narrative::{cda, sr};
use index_store::{NewReport, Outcome, ReportStored};

use crate::intake::{SHORT_BYTES, one_name};
use crate::{Registry, RegistryError};

/// EncapsulatedDocument (0042,0011) and EncapsulatedDocumentLength (0042,0015).
const ENCAPSULATED_DOCUMENT: [PathStep; 1] = [PathStep::Attribute(0x0042_0011)];
const ENCAPSULATED_DOCUMENT_LENGTH: &str = "00420015";
/// The longest document that is kept beside its report, in bytes; what is longer is opened as an object.
const MOST_DOCUMENT_BYTES: usize = 64 << 20;

/// What the object brings: words, documents, and what a clinical document says of itself.
#[derive(Default)]
struct Content {
    title: String,
    text: String,
    language: String,
    documents: Vec<ReportDocument>,
    header: cda::Header,
}

impl Registry {
    /// The report that an instance is, where it is one and is here to be read: `object` are its bytes, without which a structured report is
    /// read from its header.
    pub(crate) async fn report_of(
        &self,
        repository: &RepositoryCode,
        (study, series, entry): (&StudyRecord, &SeriesRecord, &InstanceEntry),
        object: Option<&Object>,
    ) -> Result<Option<ReportRecord>, RegistryError> {
        if form_of(entry.instance.sop_class_uid.as_str()).is_none() {
            return Ok(None);
        }
        let (study, series, entry) = (study.clone(), series.clone(), entry.clone());
        let (object, defaults) = (object.cloned(), self.defaults(repository));
        let definition = self.0.directory.definition(repository);
        let zone = runtime::time::zone(definition.as_ref().map_or("", |definition| definition.time_zone.as_str()));
        let is_short = object.as_ref().is_some_and(|object| object.len() <= SHORT_BYTES);
        let read = move || read(&study, &series, &entry, object.as_deref(), &defaults, zone);
        let mut report = if is_short { self.0.cpu.run_here(read)? } else { self.0.cpu.run(read).await? };
        if let (Some(report), Some(definition)) = (&mut report, &definition) {
            one_name(definition, &mut report.accession_number);
            one_name(definition, &mut report.filler_order_number);
        }
        Ok(report)
    }

    /// Keeps the report that an indexed object is. What is rejected, or stands beside the one that is shown, is none.
    pub(crate) async fn keep_report(
        &self,
        repository: &RepositoryCode,
        report: Option<ReportRecord>,
        outcome: Outcome,
    ) -> Result<(), RegistryError> {
        let Some(report) = report.filter(|_| !matches!(outcome, Outcome::Rejected | Outcome::Conflict)) else {
            return Ok(());
        };
        // The bytes are the object's, which is kept with the instances.
        let new = NewReport { repository: repository.clone(), report, raw: Vec::new().into() };
        match self.0.report_committer.commit(new).await? {
            ReportStored::Stored { report_key, .. } | ReportStored::Repeat { report_key } => {
                self.follow_withdrawal(report_key).await
            }
            ReportStored::ControlIdReused => Ok(()),
        }
    }
}

/// Reads a report; `None` when the instance is none, or what it says isn't here.
fn read(
    study: &StudyRecord,
    series: &SeriesRecord,
    entry: &InstanceEntry,
    object: Option<&[u8]>,
    defaults: &Defaults,
    zone: runtime::time::Tz,
) -> Option<ReportRecord> {
    let said = report_object(study, entry, defaults)?;
    let content = content(&said, entry, object)?;
    let sop_instance_uid = entry.instance.sop_instance_uid.clone();
    let own = [sop_instance_uid.as_str(), content.header.id.as_str()];
    let predecessors = said.predecessors.iter().map(|uid| uid.as_str().to_owned());
    Some(ReportRecord {
        message_control_id: sop_instance_uid.as_str().to_owned(),
        message_sha256: entry.sha256.clone(),
        patient: study.patient.clone(),
        study_instance_uids: vec![study.study_instance_uid.clone()],
        status: status(&said, &content.header),
        accession_number: said.accession_number,
        filler_order_number: said.filler_order_number,
        placer_order_number: study.placer_order_number.clone(),
        visit: VisitNumbers { visit: study.admission_id.clone(), account: None },
        document_ids: own.into_iter().filter(|id| !id.is_empty()).map(str::to_owned).collect(),
        parent_order_number: None,
        predecessor_ids: predecessors.chain(content.header.replaces.iter().cloned()).collect(),
        object: Some(ObjectReference {
            study_instance_uid: study.study_instance_uid.clone(),
            series_instance_uid: series.series_instance_uid.clone(),
            sop_instance_uid,
        }),
        title: if said.title.is_empty() { content.title } else { said.title },
        text: Phi::new(content.text),
        documents: content.documents,
        language: language(&content.language),
        observed_ms: study.study_date.as_deref().and_then(|date| {
            let time = study.study_time.as_deref().unwrap_or_default();
            let offset = study.timezone_offset_from_utc.as_deref().unwrap_or_default();
            runtime::time::instant_ms(&format!("{date}{time}{offset}"), zone)
        }),
        issued_ms: said.written.as_deref().and_then(|written| runtime::time::instant_ms(written, zone)),
        interpreter: said.interpreter,
    })
}

fn content(said: &ReportObject, entry: &InstanceEntry, object: Option<&[u8]>) -> Option<Content> {
    if said.form == ObjectForm::StructuredReport {
        let header: serde_json::Map<String, serde_json::Value> = serde_json::from_str(entry.metadata.get()).ok()?;
        let sr::Narrative { text, language } = sr::read(&header)?;
        return Some(Content { text, language, ..Content::default() });
    }
    let document = bulk_value(object?, &ENCAPSULATED_DOCUMENT)?;
    let document = trimmed(&document, entry);
    if document.is_empty() || document.len() > MOST_DOCUMENT_BYTES {
        return None;
    }
    if said.form == ObjectForm::Pdf {
        // What is called PDF and is none is nothing that a reader could show: it stays an object.
        let documents = vec![ReportDocument::new(DocumentKind::Pdf, said.title.clone(), document.to_vec())];
        return document.starts_with(b"%PDF-").then(|| Content { documents, ..Content::default() });
    }
    let narrative = cda::read(document).filter(|_| cda::is_clinical_document(document))?;
    let is_report = |(code, system): &(String, String)| is_report_title(system, code);
    if !said.is_titled && !narrative.header.code.as_ref().is_some_and(is_report) {
        return None;
    }
    let text = narrative.text().trim().to_owned();
    let within = narrative.pdf.map(|pdf| ReportDocument::new(DocumentKind::Pdf, narrative.title.clone(), pdf));
    let whole = ReportDocument::new(DocumentKind::Cda, narrative.title.clone(), document.to_vec());
    let documents = [whole].into_iter().chain(within).collect();
    Some(Content { title: narrative.title, text, language: narrative.language, documents, header: narrative.header })
}

/// A document without what pads it to an even length (PS3.3 §C.24.2).
fn trimmed<'d>(document: &'d [u8], entry: &InstanceEntry) -> &'d [u8] {
    let header = serde_json::from_str::<serde_json::Value>(entry.metadata.get()).ok();
    let declared =
        header.as_ref().and_then(|header| header.get(ENCAPSULATED_DOCUMENT_LENGTH)?.get("Value")?.get(0)?.as_u64());
    let declared = declared.and_then(|length| usize::try_from(length).ok());
    match declared.and_then(|length| document.get(..length)) {
        Some(document) if !document.is_empty() => document,
        _ => document.strip_suffix(&[0]).unwrap_or(document),
    }
}

/// What nobody verified is preliminary, whatever else it says; what takes the place of a verified document amends it.
fn status(said: &ReportObject, header: &cda::Header) -> ReportStatus {
    let is_verified = said.is_verified || header.is_authenticated;
    if !said.is_complete {
        ReportStatus::Partial
    } else if !is_verified || said.is_preliminary {
        ReportStatus::Preliminary
    } else if header.is_addendum {
        ReportStatus::Appended
    } else if said.predecessors.is_empty() && header.replaces.is_empty() {
        ReportStatus::Final
    } else {
        ReportStatus::Amended
    }
}

/// `en`, `fr` or nothing, as reports tell it.
fn language(tag: &str) -> String {
    let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let known = match primary.as_str() {
        "fr" | "fra" | "fre" => "fr",
        "en" | "eng" => "en",
        _ => "",
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use index_model::{ObjectForm, PersonName, ReportObject, ReportStatus as S, Uid};
    use index_narrative::cda::Header;

    use super::{language, status};

    #[test]
    fn what_nobody_verified_is_preliminary_and_what_takes_a_place_amends() {
        let said = |is_complete, is_verified, is_preliminary, predecessors: &[&str]| ReportObject {
            form: ObjectForm::StructuredReport,
            title: String::new(),
            is_titled: true,
            is_complete,
            is_verified,
            is_preliminary,
            predecessors: predecessors.iter().filter_map(|uid| Uid::parse(uid).ok()).collect(),
            accession_number: None,
            filler_order_number: None,
            written: None,
            interpreter: PersonName::default(),
        };
        let none = Header::default();
        assert_eq!(status(&said(true, true, false, &[]), &none), S::Final);
        assert_eq!(status(&said(true, true, false, &["1.2.3"]), &none), S::Amended);
        assert_eq!(status(&said(true, false, false, &[]), &none), S::Preliminary);
        assert_eq!(status(&said(true, true, true, &[]), &none), S::Preliminary);
        assert_eq!(status(&said(false, true, false, &[]), &none), S::Partial);
        let authenticated = Header { is_authenticated: true, is_addendum: true, ..Header::default() };
        assert_eq!(status(&said(true, false, false, &[]), &authenticated), S::Appended);
        assert_eq!((language("fr-ca"), language("ENG"), language("de")), ("fr".into(), "en".into(), String::new()));
    }
}
