//! Where a report stands: OBR-25 (HL7 table 0123) and OBX-11 (table 0085).

use index_model::ReportStatus;

use super::Group;
use super::body::Body;
use crate::refusal::{ErrorCode, Location, Refusal};

/// The status of one report.
///
/// A single observation that was posted on the wrong patient (`W`) withdraws the whole report, whatever OBR-25 says, unless a correction (`C`) of it
/// follows in the same message, which is this patient's; so does a message that deletes (`D`) all of its observations. Where there is no result of
/// any (`X`), there is no report.
pub(super) fn of_report(group: &Group<'_>, body: &Body) -> Result<ReportStatus, Refusal> {
    let sent = group.obr.field(25).component(1).text();
    let any = |code: char| body.statuses.contains(&code);
    let is_corrected = |at: usize| body.statuses.iter().skip(at).any(|code| *code == 'C');
    let wrong = body.statuses.iter().rposition(|code| *code == 'W');
    if wrong.is_some_and(is_corrected) {
        return Ok(ReportStatus::Corrected);
    }
    if wrong.is_some() || (!body.statuses.is_empty() && body.statuses.iter().all(|code| *code == 'D')) {
        return Ok(ReportStatus::EnteredInError);
    }
    if !body.statuses.is_empty() && body.statuses.iter().all(|code| matches!(code, 'D' | 'X')) {
        return Ok(ReportStatus::Cancelled);
    }
    let at = Location::field_of("OBR", group.occurrence, 25);
    let status = if sent.is_empty() {
        let missing = Refusal::error(ErrorCode::RequiredFieldMissing, at, "the result status is missing");
        of_observations(&body.statuses).ok_or(missing)?
    } else {
        let unknown = Refusal::error(ErrorCode::TableValue, at, "the result status is not one that is taken");
        of_request(&sent).ok_or(unknown)?
    };
    Ok(match status {
        ReportStatus::Final if any('C') => ReportStatus::Corrected,
        ReportStatus::Final | ReportStatus::Corrected if has_parent(group) => ReportStatus::Appended,
        status => status,
    })
}

/// `Y` and `Z` (no order, no patient on record) are answers to queries, not reports.
fn of_request(code: &str) -> Option<ReportStatus> {
    match code {
        "O" | "S" | "I" => Some(ReportStatus::Registered),
        "A" => Some(ReportStatus::Partial),
        "R" | "P" => Some(ReportStatus::Preliminary),
        "F" => Some(ReportStatus::Final),
        "C" => Some(ReportStatus::Corrected),
        "X" => Some(ReportStatus::Cancelled),
        _ => None,
    }
}

/// The least certain of the observations, for senders that leave OBR-25 empty.
fn of_observations(codes: &[char]) -> Option<ReportStatus> {
    let any = |wanted: &[char]| codes.iter().any(|code| wanted.contains(code));
    if any(&['P', 'R', 'S']) {
        Some(ReportStatus::Preliminary)
    } else if any(&['C']) {
        Some(ReportStatus::Corrected)
    } else {
        any(&['F']).then_some(ReportStatus::Final)
    }
}

/// OBR-26 or OBR-29 names the report that this one adds to.
fn has_parent(group: &Group<'_>) -> bool {
    [26, 29].iter().any(|field| {
        let parent = group.obr.field(*field);
        (1..=2).any(|component| !parent.component(component).is_empty())
    })
}
