//! Whose a report is beside the record that it is read in: what came under another patient is told to nobody there, and what is not certain is marked.

use std::collections::{BTreeSet, HashMap};

use index_model::{IssuedId, PatientRecord, Phi, ReportRecord, ReportStatus, StudyRecord};

use crate::engine::{Link, Sql};
use crate::index::doubted::are_strangers;
use crate::index::merge::{agree, are_alike};
use crate::index::patient::is_usable;
use crate::{ReportRow, StoreError, Unconfirmed};

/// Studies of one report that are looked at.
const MAX_STUDIES: u32 = 200;

/// What is not certain of a report, as long as no operator tied it or dismissed the case. `of_number` is what is known of the number that it came under.
pub(super) async fn doubt(
    link: &mut Link,
    report: &ReportRow,
    of_number: &PatientRecord,
    reader: Option<i64>,
) -> Result<Option<Unconfirmed>, StoreError> {
    if are_strangers(of_number, &report.current.patient) {
        return Ok(Some(Unconfirmed::NamesAnother));
    }
    if reader == Some(report.person_key) || report.links.is_empty() {
        return Ok(None);
    }
    let sql = Sql::new(
        "SELECT s.record FROM report_link l JOIN study s ON s.study_key = l.study_key WHERE l.report_key = $1 AND s.person_key <> $2 \
         ORDER BY l.study_key LIMIT $3",
    );
    for row in link.rows(sql.arg(report.report_key).arg(report.person_key).arg(MAX_STUDIES)).await? {
        if !are_alike(&row.json::<StudyRecord>(0)?.patient, &report.current.patient) {
            return Ok(Some(Unconfirmed::OtherNumber));
        }
    }
    Ok(None)
}

/// Takes the words out of versions that came under another patient than the report's: they are kept, as a line of the history.
pub(super) async fn withhold_anothers(
    link: &mut Link,
    report: &mut ReportRow,
    own: &PatientRecord,
) -> Result<(), StoreError> {
    let sql = Sql::new(
        "SELECT p.person_key FROM report o JOIN source_patient p ON p.patient_key IN (o.patient_key, o.said_patient_key) \
         WHERE o.report_key = $1",
    );
    let mut persons: BTreeSet<i64> = BTreeSet::from([report.person_key]);
    for row in link.rows(sql.arg(report.report_key)).await? {
        persons.insert(row.int(0)?);
    }
    let mut known: HashMap<IssuedId, bool> = HashMap::new();
    for version in &mut report.versions {
        let patient = &version.record.patient;
        let is_anothers = match patient.patient_id.as_ref().filter(|id| is_usable(Some(id))) {
            // A number that stands for nobody: what it tells of them has to do.
            None => !agree(patient, own),
            Some(id) => match known.get(id) {
                Some(is_anothers) => *is_anothers,
                None => {
                    let is_anothers = person_of(link, id).await?.is_some_and(|person| !persons.contains(&person));
                    known.insert(id.clone(), is_anothers);
                    is_anothers
                }
            },
        };
        if is_anothers {
            withhold(&mut version.record);
        }
    }
    Ok(())
}

async fn person_of(link: &mut Link, id: &IssuedId) -> Result<Option<i64>, StoreError> {
    let sql = Sql::new(
        "SELECT person_key FROM source_patient WHERE patient_id = $1 AND issuer = $2 AND private_to = '' LIMIT 1",
    );
    let row = link.row(sql.arg(id.value.expose().as_str()).arg(id.issuer.as_str())).await?;
    row.map(|row| row.int(0)).transpose()
}

/// Leaves a line of the history, without what it says.
pub(super) fn withhold(record: &mut ReportRecord) {
    record.status = ReportStatus::EnteredInError;
    record.text = Phi::default();
    record.documents.clear();
}
