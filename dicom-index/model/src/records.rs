//! What is known of a patient, a study and a series, as one repository says it.

use serde::{Deserialize, Serialize};

use crate::{PersonName, Phi, Uid};

/// An identifier and who issued it. Never matched without its issuer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IssuedId {
    /// Assigning authority: a local namespace or an OID.
    pub issuer: String,
    /// The identifier.
    pub value: Phi<String>,
}

impl IssuedId {
    /// Values of one identifier that are looked up each for itself.
    const MOST_VALUES: usize = 8;

    /// The identifier of an attribute's values; `None` without one. It has one by its VM. Several are one number together, as they stand:
    /// a site's code before each patient's number would make one patient of all.
    pub fn of_values(values: Vec<String>, issuer: impl FnOnce() -> String) -> Option<Self> {
        let values: Vec<String> = values.into_iter().filter(|value| !value.is_empty()).collect();
        (!values.is_empty()).then(|| Self { issuer: issuer(), value: values.join("\\").into() })
    }

    /// Whether it is of several values.
    pub fn has_several_values(&self) -> bool {
        self.value.expose().contains('\\')
    }

    /// Each of its values, of the same issuer.
    pub fn values(&self) -> impl Iterator<Item = Self> {
        let each = self.value.expose().split('\\').take(Self::MOST_VALUES);
        each.map(|value| Self { issuer: self.issuer.clone(), value: value.to_owned().into() })
    }
}

/// An Ontario health card number: ten digits with a Luhn check digit, and its version code apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HealthNumber {
    /// Ten digits.
    pub number: Phi<String>,
    /// Zero to two letters.
    pub version: String,
}

impl HealthNumber {
    /// Their OID.
    pub const OID: &str = "2.16.840.1.113883.4.59";
    /// Their FHIR system.
    const SYSTEM: &str = "https://fhir.infoway-inforoute.ca/NamingSystem/ca-on-patient-hcn";
    /// Their type of identifier (HL7 table 0203).
    pub const TYPE: &str = "JHN";

    /// Whether an issuer is named that issues them: by type, OID or FHIR system.
    pub fn is_issuer(name: &str) -> bool {
        let name = name.trim();
        name.eq_ignore_ascii_case(Self::TYPE)
            || name.eq_ignore_ascii_case(Self::SYSTEM)
            || name.trim_start_matches("urn:oid:").split(['&', '^']).any(|part| part == Self::OID)
    }

    /// Reads a number as people write it, with the version code after it.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let version = text.get(digits.len()..)?;
        let number = digits.trim_end_matches([' ', '-', '^', '/']);
        if version.len() > 2 { None } else { Self::parse(number, version) }
    }

    /// Parses a number whose first digit is not 0 and whose Luhn sum is right; spaces and hyphens are dropped.
    pub fn parse(number: &str, version: &str) -> Option<Self> {
        let digits: String = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let fits = digits.len() == 10 && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
        let sum = |digits: &str| {
            digits.bytes().enumerate().fold(0u32, |sum, (i, b)| {
                let doubled = u32::from(b - b'0') * if i % 2 == 0 { 2 } else { 1 };
                sum + if doubled > 9 { doubled - 9 } else { doubled }
            })
        };
        (fits && sum(&digits) % 10 == 0)
            .then(|| Self { number: Phi::new(digits), version: version.trim().to_ascii_uppercase() })
    }
}

/// What is told of a patient, and may be deleted again by who keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demographic {
    /// PatientName.
    Name,
    /// PatientBirthDate.
    BirthDate,
    /// PatientSex.
    Sex,
    /// The provincial health number.
    HealthNumber,
}

impl Demographic {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Name, Self::BirthDate, Self::Sex, Self::HealthNumber];
}

/// A patient as one source knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientRecord {
    /// PatientID (0010,0020) and IssuerOfPatientID, the source's configured issuer where the object names none.
    pub patient_id: Option<IssuedId>,
    /// OtherPatientIDsSequence (0010,1002) or further repeats of PID-3, the health number excepted.
    pub other_patient_ids: Vec<IssuedId>,
    /// The provincial health number, where given and valid.
    pub health_number: Option<HealthNumber>,
    /// PatientName (0010,0010).
    pub patient_name: PersonName,
    /// PatientBirthDate (0010,0030), `YYYYMMDD`.
    pub patient_birth_date: Option<Phi<String>>,
    /// PatientSex (0010,0040): `M`, `F` or `O`.
    pub patient_sex: Option<String>,
    /// What was deleted (HL7 v2.5 §2.5.3, the null value): it stays absent, whatever others say, until it is told anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<Demographic>,
}

impl PatientRecord {
    /// Whether this is told.
    pub fn tells(&self, what: Demographic) -> bool {
        match what {
            Demographic::Name => !self.patient_name.is_empty(),
            Demographic::BirthDate => self.patient_birth_date.is_some(),
            Demographic::Sex => self.patient_sex.is_some(),
            Demographic::HealthNumber => self.health_number.is_some(),
        }
    }
}

/// A study as one repository knows it. Dates are `YYYYMMDD`, times `HHMMSS[.F]`, text is Unicode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StudyRecord {
    /// StudyInstanceUID (0020,000D).
    pub study_instance_uid: Uid,
    /// Whose study.
    pub patient: PatientRecord,
    /// StudyDate (0008,0020), valid or absent.
    pub study_date: Option<String>,
    /// Where StudyDate is not given: the first day that a series or an object of it tells (SeriesDate, AcquisitionDate, ContentDate,
    /// InstanceCreationDate). Lists sort by it, and no answer says that it is the study's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_date: Option<String>,
    /// StudyTime (0008,0030), valid or absent.
    pub study_time: Option<String>,
    /// AccessionNumber (0008,0050) with its issuer.
    pub accession_number: Option<IssuedId>,
    /// PlacerOrderNumberImagingServiceRequest (0040,2016) with its issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placer_order_number: Option<IssuedId>,
    /// AdmissionID (0038,0010) with its issuer: the visit, or the account where visits have no number (IHE RAD TF-2 appendix B).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission_id: Option<IssuedId>,
    /// The StudyInstanceUID that the study had before it was imported under this one, where its header tells (OriginalAttributesSequence
    /// (0400,0561), PS3.3 §C.12.1.1.9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_study_uid: Option<Uid>,
    /// StudyID (0020,0010).
    pub study_id: Option<Phi<String>>,
    /// StudyDescription (0008,1030).
    pub study_description: Option<String>,
    /// ReferringPhysicianName (0008,0090).
    pub referring_physician_name: PersonName,
    /// InstitutionName (0008,0080).
    pub institution_name: Option<String>,
    /// TimezoneOffsetFromUTC (0008,0201).
    pub timezone_offset_from_utc: Option<String>,
    /// ModalitiesInStudy (0008,0061), where the repository says it.
    pub modalities_in_study: Vec<String>,
    /// NumberOfStudyRelatedSeries (0020,1206), where the repository says it.
    pub number_of_study_related_series: Option<u32>,
    /// NumberOfStudyRelatedInstances (0020,1208), where the repository says it.
    pub number_of_study_related_instances: Option<u32>,
}

/// What tells a match for a study from others, where a repository lists one study identifier for several patients: theirs by number, else by name.
pub type StudyMatch<'a> = (&'a Uid, Option<&'a IssuedId>, Option<&'a PersonName>);

impl StudyRecord {
    /// What tells this match from others of one list.
    pub fn listed_as(&self) -> StudyMatch<'_> {
        let (number, name) = (self.patient.patient_id.as_ref(), &self.patient.patient_name);
        (&self.study_instance_uid, number, number.is_none().then_some(name))
    }

    /// A study of which only the UID is known yet.
    pub fn new(study_instance_uid: Uid) -> Self {
        Self {
            study_instance_uid,
            patient: PatientRecord::default(),
            study_date: None,
            known_date: None,
            study_time: None,
            accession_number: None,
            placer_order_number: None,
            admission_id: None,
            original_study_uid: None,
            study_id: None,
            study_description: None,
            referring_physician_name: PersonName::default(),
            institution_name: None,
            timezone_offset_from_utc: None,
            modalities_in_study: Vec::new(),
            number_of_study_related_series: None,
            number_of_study_related_instances: None,
        }
    }
}

/// What a series says of one request that it answers: an item of RequestAttributesSequence (0040,0275).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAttributes {
    /// ScheduledProcedureStepID (0040,0009).
    pub scheduled_procedure_step_id: Option<String>,
    /// RequestedProcedureID (0040,1001).
    pub requested_procedure_id: Option<String>,
}

impl RequestAttributes {
    /// Requests of one series that are kept.
    pub const MOST: usize = 64;

    /// Whether it says nothing.
    pub const fn is_empty(&self) -> bool {
        self.scheduled_procedure_step_id.is_none() && self.requested_procedure_id.is_none()
    }

    /// Whether all that `other` says is said here too.
    fn covers(&self, other: &Self) -> bool {
        let has = |own: &Option<String>, other: &Option<String>| other.is_none() || own == other;
        has(&self.scheduled_procedure_step_id, &other.scheduled_procedure_step_id)
            && has(&self.requested_procedure_id, &other.requested_procedure_id)
    }
}

/// A series as one repository knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesRecord {
    /// SeriesInstanceUID (0020,000E).
    pub series_instance_uid: Uid,
    /// Modality (0008,0060).
    pub modality: Option<String>,
    /// SeriesNumber (0020,0011).
    pub series_number: Option<i64>,
    /// SeriesDescription (0008,103E).
    pub series_description: Option<String>,
    /// BodyPartExamined (0018,0015).
    pub body_part_examined: Option<String>,
    /// PerformedProcedureStepStartDate (0040,0244).
    pub performed_procedure_step_start_date: Option<String>,
    /// PerformedProcedureStepStartTime (0040,0245).
    pub performed_procedure_step_start_time: Option<String>,
    /// ScheduledProcedureStepID (0040,0009) within the first item of RequestAttributesSequence (0040,0275).
    pub scheduled_procedure_step_id: Option<String>,
    /// RequestedProcedureID (0040,1001) within the first item of RequestAttributesSequence (0040,0275).
    pub requested_procedure_id: Option<String>,
    /// The other items: apart, because records that were written with the first one alone are read too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_requests: Vec<RequestAttributes>,
    /// NumberOfSeriesRelatedInstances (0020,1209), where the repository says it.
    pub number_of_series_related_instances: Option<u32>,
}

impl SeriesRecord {
    /// A series of which only the UID is known yet.
    pub fn new(series_instance_uid: Uid) -> Self {
        Self {
            series_instance_uid,
            modality: None,
            series_number: None,
            series_description: None,
            body_part_examined: None,
            performed_procedure_step_start_date: None,
            performed_procedure_step_start_time: None,
            scheduled_procedure_step_id: None,
            requested_procedure_id: None,
            further_requests: Vec::new(),
            number_of_series_related_instances: None,
        }
    }

    /// The items of RequestAttributesSequence that say something.
    pub fn requests(&self) -> Vec<RequestAttributes> {
        let first = RequestAttributes {
            scheduled_procedure_step_id: self.scheduled_procedure_step_id.clone(),
            requested_procedure_id: self.requested_procedure_id.clone(),
        };
        std::iter::once(&first).chain(&self.further_requests).filter(|item| !item.is_empty()).cloned().collect()
    }

    /// Adds items to those that are here. Of two, one of which says all that the other does, the fuller one stays.
    pub fn add_requests(&mut self, items: impl IntoIterator<Item = RequestAttributes>) {
        let mut all = self.requests();
        for item in items.into_iter().filter(|item| !item.is_empty()) {
            if all.iter().any(|known| known.covers(&item)) {
                continue;
            }
            if let Some(known) = all.iter_mut().find(|known| item.covers(known)) {
                *known = item;
            } else if all.len() < RequestAttributes::MOST {
                all.push(item);
            }
        }
        let mut all = all.into_iter();
        let first = all.next().unwrap_or_default();
        self.scheduled_procedure_step_id = first.scheduled_procedure_step_id;
        self.requested_procedure_id = first.requested_procedure_id;
        self.further_requests = all.collect();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{HealthNumber, RequestAttributes, SeriesRecord};
    use crate::Uid;

    fn request(step: &str, procedure: &str) -> RequestAttributes {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        RequestAttributes { scheduled_procedure_step_id: said(step), requested_procedure_id: said(procedure) }
    }

    #[test]
    fn requests_are_united_and_the_fuller_item_stays() {
        let mut series = SeriesRecord::new(Uid::parse("1.2").unwrap());
        assert!(series.requests().is_empty());
        series.add_requests([request("S1", ""), request("", ""), request("S2", "P2")]);
        assert_eq!(series.requests(), [request("S1", ""), request("S2", "P2")]);
        series.add_requests([request("S2", ""), request("S1", "P1"), request("", "P2"), request("S2", "P3")]);
        assert_eq!(series.requests(), [request("S1", "P1"), request("S2", "P2"), request("S2", "P3")]);
        series.add_requests((0..100).map(|n| request("", &n.to_string())));
        assert_eq!(series.requests().len(), RequestAttributes::MOST);
    }

    #[test]
    fn a_record_that_was_written_with_one_request_is_read() {
        let mut series = SeriesRecord::new(Uid::parse("1.2").unwrap());
        series.add_requests([request("S1", "P1")]);
        let text = serde_json::to_string(&series).unwrap();
        assert!(!text.contains("further_requests"), "one item is written as ever");
        assert_eq!(serde_json::from_str::<SeriesRecord>(&text).unwrap(), series);
    }

    #[test]
    fn a_health_number_has_a_right_check_digit() {
        assert!(HealthNumber::parse("9876543217", "AB").is_some());
        assert!(HealthNumber::parse("1234-567-897", "").is_some());
        assert!(HealthNumber::parse("1234567890", "").is_none());
        assert!(HealthNumber::parse("0234567897", "").is_none());
    }
}
