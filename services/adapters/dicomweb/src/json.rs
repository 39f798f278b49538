//! DICOM JSON (PS3.18 Annex F) to records.

mod attribute;

use index_model::{
    HealthNumber, IssuedId, PatientRecord, Phi, RepositoryDefinition, RequestAttributes, SeriesRecord, StudyMatch,
    StudyRecord, Uid,
};
use serde_json::{Map, Value};

use adapter_api::InstanceKey;
use attribute::{date, integer, items, names, number, text, texts, time};

/// The objects of one answer.
pub(crate) type Objects = Vec<Map<String, Value>>;
/// One object of an answer.
pub(crate) type Object = Map<String, Value>;

/// Values of all kinds in one answer: a series of 5,000 instances has some three million.
const VALUE_LIMIT: usize = 8_000_000;
/// Assigning authority of Ontario's health numbers, as an OID.
const HEALTH_NUMBER_OID: &str = "2.16.840.1.113883.4.59";
/// Other patient ids of one patient that are kept.
const OTHER_ID_LIMIT: usize = 64;

/// Parses an array of objects. One object alone counts as an array of one, and nothing at all as an empty one.
pub(crate) fn objects(body: &[u8]) -> Result<Objects, &'static str> {
    if body.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    // Every value of JSON but the first is announced by one of these; more inside strings only make the estimate safer.
    if body.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() > VALUE_LIMIT {
        return Err("the limit for the number of values in one answer");
    }
    match serde_json::from_slice(body) {
        Ok(Value::Array(items)) => items.into_iter().map(object).collect(),
        Ok(Value::Object(one)) => Ok(vec![one]),
        _ => Err("PS3.18 §F.2: the body is not an array of objects"),
    }
}

fn object(value: Value) -> Result<Object, &'static str> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err("PS3.18 §F.2: an element of the array is not an object"),
    }
}

/// A search result: what it is called and how it is read.
pub(crate) trait Match: Sized + Send {
    /// `None` when its UID is missing or not one.
    fn read(object: &Object, definition: &RepositoryDefinition) -> Option<Self>;
    /// Its own UID.
    fn uid(&self) -> &Uid;
    /// What tells it from others of the list.
    fn listed_as(&self) -> StudyMatch<'_> {
        (self.uid(), None, None)
    }
}

impl Match for StudyRecord {
    fn read(object: &Object, definition: &RepositoryDefinition) -> Option<Self> {
        let mut study = Self::new(uid(object, "0020000D")?);
        study.patient = patient(object, definition);
        study.study_date = date(object, "00080020");
        study.study_time = time(object, "00080030");
        study.accession_number = accession(object, definition);
        study.study_id = text(object, "00200010").map(Phi::new);
        study.study_description = text(object, "00081030");
        study.referring_physician_name = names(object, "00080090");
        study.institution_name = text(object, "00080080");
        study.timezone_offset_from_utc = text(object, "00080201");
        study.modalities_in_study = texts(object, "00080061");
        study.number_of_study_related_series = number(object, "00201206");
        study.number_of_study_related_instances = number(object, "00201208");
        Some(study)
    }

    fn uid(&self) -> &Uid {
        &self.study_instance_uid
    }

    fn listed_as(&self) -> StudyMatch<'_> {
        Self::listed_as(self)
    }
}

impl Match for SeriesRecord {
    fn read(object: &Object, _: &RepositoryDefinition) -> Option<Self> {
        let mut series = Self::new(uid(object, "0020000E")?);
        series.modality = text(object, "00080060");
        series.series_number = integer(object, "00200011");
        series.series_description = text(object, "0008103E");
        series.body_part_examined = text(object, "00180015");
        series.performed_procedure_step_start_date = date(object, "00400244");
        series.performed_procedure_step_start_time = time(object, "00400245");
        series.add_requests(items(object, "00400275").map(|item| RequestAttributes {
            scheduled_procedure_step_id: text(item, "00400009"),
            requested_procedure_id: text(item, "00401001"),
        }));
        series.number_of_series_related_instances = number(object, "00201209");
        Some(series)
    }

    fn uid(&self) -> &Uid {
        &self.series_instance_uid
    }
}

impl Match for InstanceKey {
    fn read(object: &Object, _: &RepositoryDefinition) -> Option<Self> {
        let sop_instance_uid = uid(object, "00080018")?;
        Some(Self {
            sop_instance_uid,
            sop_class_uid: uid(object, "00080016"),
            instance_number: integer(object, "00200013"),
        })
    }

    fn uid(&self) -> &Uid {
        &self.sop_instance_uid
    }
}

/// A UID, where it is one.
pub(crate) fn uid(object: &Object, tag: &str) -> Option<Uid> {
    Uid::parse(&text(object, tag)?).ok()
}

fn patient(object: &Object, definition: &RepositoryDefinition) -> PatientRecord {
    let mut patient = PatientRecord {
        patient_name: names(object, "00100010"),
        patient_birth_date: date(object, "00100030").map(Phi::new),
        patient_sex: text(object, "00100040")
            .map(|sex| sex.to_ascii_uppercase())
            .filter(|sex| matches!(&**sex, "M" | "F" | "O")),
        ..PatientRecord::default()
    };
    let issuer = || patient_issuer(object, definition).unwrap_or_else(|| definition.patient_id_issuer.clone());
    if let Some(id) = IssuedId::of_values(texts(object, "00100020"), issuer) {
        keep_health_number(&id.issuer, id.value.expose(), &mut patient);
        if id.has_several_values() {
            patient.other_patient_ids.extend(id.values());
        }
        patient.patient_id = Some(id);
    }
    for other in items(object, "00101002").take(OTHER_ID_LIMIT) {
        if let (Some(value), Some(issuer)) = (text(other, "00100020"), patient_issuer(other, definition))
            && !keep_health_number(&issuer, &value, &mut patient)
        {
            patient.other_patient_ids.push(IssuedId { issuer, value: Phi::new(value) });
        }
    }
    patient
}

/// IssuerOfPatientID, else the universal entity id of its qualifiers, by the name that the registry has for it.
fn patient_issuer(object: &Object, definition: &RepositoryDefinition) -> Option<String> {
    let qualified = || items(object, "00100024").next().and_then(|issuer| text(issuer, "00400032"));
    text(object, "00100021").or_else(qualified).map(|name| definition.issuer(&name).to_owned())
}

/// Whether the identifier is a valid health number, by its issuer and its check digit.
fn keep_health_number(issuer: &str, value: &str, patient: &mut PatientRecord) -> bool {
    let card = if issuer == HEALTH_NUMBER_OID { HealthNumber::parse(value, "") } else { None };
    let valid = card.is_some();
    patient.health_number = patient.health_number.take().or(card);
    valid
}

fn accession(object: &Object, definition: &RepositoryDefinition) -> Option<IssuedId> {
    let value = text(object, "00080050")?;
    let entity = items(object, "00080051").next();
    let named = entity.and_then(|entity| text(entity, "00400031").or_else(|| text(entity, "00400032")));
    let own = named.as_ref().is_none_or(|name| definition.issuer_aliases.contains(name));
    let issuer = named.filter(|_| !own).unwrap_or_else(|| definition.accession_issuer().to_owned());
    Some(IssuedId { issuer, value: Phi::new(value) })
}

#[cfg(test)]
mod tests;
