//! How repositories are shown in JSON.

use registry::{Drift, DriftReport, Quarantined, RepositoryState, RepositoryStatus, TestStep};
use serde_json::{Value, json};

pub(crate) fn instant(unix_ms: Option<i64>) -> Value {
    let at = unix_ms.and_then(chrono::DateTime::from_timestamp_millis);
    at.map_or(Value::Null, |at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true).into())
}

/// A repository's line.
pub(crate) fn status(status: &RepositoryStatus) -> Value {
    let definition = &status.definition;
    let state = match status.state {
        RepositoryState::Waiting => "waiting",
        RepositoryState::Indexing => "indexing",
        RepositoryState::Following => "following",
        RepositoryState::Unreachable => "unreachable",
        RepositoryState::Refused => "refused",
        RepositoryState::Paused => "paused",
    };
    let counts = status.counts;
    json!({
        "code": definition.code, "name": definition.name, "region": definition.region, "protocol": definition.protocol,
        "state": state,
        "counts": { "studies": counts.studies, "series": counts.series, "instances": counts.instances,
            "reports": counts.reports, "quarantined": counts.quarantined },
        "progress": { "indexed": status.indexed, "expected": status.expected, "remainingSeconds": status.remaining_seconds },
        "downSince": instant(status.down_since_ms), "reconciled": instant(status.reconciled_ms),
        "lagSeconds": status.lag_seconds, "clockSkewSeconds": status.clock_skew_seconds,
        "lastContact": instant(status.last_contact_ms),
        "lastError": status.last_error.as_ref().map(|(at, text)| json!({ "at": instant(Some(*at)), "text": text })),
        "definition": definition,
    })
}

/// What a test found.
pub(crate) fn tested(steps: &[TestStep]) -> Value {
    json!({ "ok": steps.iter().all(|step| step.ok), "steps": steps })
}

/// Something that was put aside.
pub(crate) fn quarantined(row: &Quarantined) -> Value {
    json!({ "key": row.quarantine_key.to_string(), "repository": row.repository, "received": instant(Some(row.at_ms)),
        "attribute": row.attribute, "rule": row.rule, "sizeBytes": row.size_bytes })
}

/// What a comparison with a repository's own list found.
pub(crate) fn drift_report(report: &DriftReport) -> Value {
    json!({ "key": report.report_key.to_string(), "started": instant(Some(report.started_ms)),
        "ended": instant(Some(report.ended_ms)), "outcome": report.outcome.code(), "compared": report.compared,
        "notHere": report.not_here, "notThere": report.not_there, "differing": report.differing, "text": report.words })
}

/// One study of it.
pub(crate) fn drift(drift: &Drift) -> Value {
    json!({ "kind": drift.kind.code(), "studyInstanceUid": drift.study_instance_uid,
        "instancesHere": drift.instances_here, "instancesThere": drift.instances_there })
}
