//! Who read a study, a report or a record: what a privacy officer needs when something stood under the wrong patient, or was corrected.

use axum::Json;
use axum::extract::{Query, State};
use chrono::{DateTime, NaiveDate, TimeDelta};
use face::{Caller, Problem};
use index_model::Uid;
use registry::{Reader, ReadersOf, Registry};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::instant;

/// Rows of one answer.
const MOST: u32 = 10_000;
/// A day begins first here and ends last there, so that a plain day means that day wherever somebody was.
const FIRST_ZONE: TimeDelta = TimeDelta::hours(14);
pub(crate) const LAST_ZONE: TimeDelta = TimeDelta::hours(12);

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Question {
    study: Option<String>,
    report: Option<String>,
    patient: Option<String>,
    version: Option<u32>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<u32>,
}

impl Question {
    fn read(self) -> Result<ReadersOf, Problem> {
        if self.study.is_some() && self.report.is_some() {
            return Err(Problem::parameter("report", "and study exclude each other"));
        }
        let study = self.study.as_deref().map(Uid::parse).transpose();
        let to = self.to.as_deref().map(|to| moment("to", to, |day| day.succ_opt().map(|next| (next, LAST_ZONE))));
        let from = self.from.as_deref().map(|from| moment("from", from, |day| Some((day, -FIRST_ZONE))));
        Ok(ReadersOf {
            study: study.map_err(|_| Problem::parameter("study", "not a unique identifier"))?,
            report: self.report,
            patient: self.patient,
            version: self.version,
            from_ms: from.transpose()?,
            to_ms: to.transpose()?,
            limit: self.limit.unwrap_or(MOST).clamp(1, MOST),
        })
    }
}

/// A moment (RFC 3339), or a day.
pub(crate) fn moment(
    name: &str,
    text: &str,
    of_day: impl Fn(NaiveDate) -> Option<(NaiveDate, TimeDelta)>,
) -> Result<i64, Problem> {
    let wrong = || Problem::parameter(name, "is neither a day (2026-01-31) nor a moment (2026-01-31T09:30:00-05:00)");
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.timestamp_millis());
    }
    let day: NaiveDate = text.parse().map_err(|_| wrong())?;
    let (day, zone) = of_day(day).ok_or_else(wrong)?;
    let begins = day.and_hms_opt(0, 0, 0).ok_or_else(wrong)?;
    Ok(begins.and_utc().checked_add_signed(zone).ok_or_else(wrong)?.timestamp_millis())
}

/// `GET /api/admin/readers`.
pub(crate) async fn search(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    Query(question): Query<Question>,
) -> Result<Json<Value>, Problem> {
    let readers = registry.readers(&caller, &question.read()?).await?;
    Ok(Json(json!({
        "rows": readers.rows.iter().map(row).collect::<Vec<_>>(),
        "notShown": readers.not_shown,
        "altered": readers.altered,
        "alsoInStudies": readers.objects,
    })))
}

fn row(reader: &Reader) -> Value {
    let reading = &reader.reading;
    json!({
        "at": instant(Some(reading.at_ms)),
        "until": instant(reading.concluded.map(|(until_ms, _)| until_ms)),
        "items": reading.concluded.map(|(_, items)| items),
        "user": reading.user,
        "authority": reading.authority,
        "recipient": reading.recipient,
        "face": reading.face,
        "action": reading.action,
        "studyInstanceUid": reading.shown.study_instance_uid,
        "patientKey": reader.patient,
        "otherPatient": reader.other_patient,
        "version": reading.shown.version,
        "laterVersion": reading.later_version,
        "withheld": reading.shown.withheld,
    })
}
