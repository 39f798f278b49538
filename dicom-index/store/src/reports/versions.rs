//! Which version of a report is shown.

use index_model::{ReportRecord, ReportStatus};

use super::{addenda, family};
use crate::StoreError;
use crate::engine::{Link, Sql};

/// Versions of one report that are looked at.
const MAX_VERSIONS: u32 = 1_000;

/// What decides whether a version is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) version: u32,
    pub(super) status: ReportStatus,
    pub(super) issued_ms: Option<i64>,
    pub(super) received_ms: i64,
    /// Whether it adds to the report of another order number: it is read with that one's words, and not in place of them.
    pub(super) is_addendum: bool,
}

/// The versions that may be shown: not those that are rejected objects.
pub(super) async fn load(link: &mut Link, report_key: i64) -> Result<Vec<Version>, StoreError> {
    let sql = Sql::new(
        "SELECT version, received_ms, record FROM report_version WHERE report_key = $1 AND rejected_ms IS NULL \
         ORDER BY version LIMIT $2",
    );
    let rows = link.rows(sql.arg(report_key).arg(MAX_VERSIONS)).await?;
    let records: Vec<ReportRecord> = rows.iter().map(|row| row.json(2)).collect::<Result<_, _>>()?;
    let addenda = addenda::numbers(records.iter());
    rows.iter()
        .zip(&records)
        .map(|(row, record)| {
            let is_addendum = addenda.contains(&family::name(record));
            let (status, issued_ms) = (record.status, record.issued_ms);
            Ok(Version { version: row.count(0)?, status, issued_ms, received_ms: row.int(1)?, is_addendum })
        })
        .collect()
}

/// The latest of the verified versions, else the latest of all. One that comes late is history. An addendum is shown by itself only as long as
/// nothing is here of what it adds to.
pub(super) fn shown(versions: &[Version]) -> Option<&Version> {
    versions.iter().max_by_key(|version| (!version.is_addendum, version.rank()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use index_model::ReportStatus as S;

    use super::{Version, shown};

    fn shown_of(messages: &[(S, i64)]) -> u32 {
        let versions: Vec<Version> = messages
            .iter()
            .zip(1..)
            .map(|(&(status, issued), version)| Version {
                version,
                status,
                issued_ms: Some(issued),
                received_ms: 1_000 + i64::from(version),
                is_addendum: false,
            })
            .collect();
        shown(&versions).unwrap().version
    }

    #[test]
    fn a_late_preliminary_is_history() {
        assert_eq!(shown_of(&[(S::Preliminary, 10), (S::Final, 20), (S::Preliminary, 15)]), 2);
        assert_eq!(shown_of(&[(S::Preliminary, 10), (S::Final, 20), (S::Preliminary, 30), (S::Corrected, 40)]), 4);
    }

    #[test]
    fn a_clock_that_is_ahead_holds_no_correction_back() {
        // Seven hours ahead, then put right; the correction comes after it.
        assert_eq!(shown_of(&[(S::Final, 25_201_001), (S::Corrected, 1_002)]), 2);
    }

    #[test]
    fn a_wrong_report_stays_hidden_until_it_is_corrected() {
        assert_eq!(shown_of(&[(S::Final, 10), (S::EnteredInError, 20), (S::Final, 15)]), 2);
        assert_eq!(shown_of(&[(S::Final, 10), (S::EnteredInError, 20), (S::Corrected, 30)]), 3);
    }
}
