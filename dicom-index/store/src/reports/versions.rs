//! Which version of a report is shown.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use index_model::{ReportRecord, ReportStatus};

use super::{addenda, family, is_settled};
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
    /// Tells other words from the same, however they are set in lines.
    pub(super) words: u64,
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
            let (version, received_ms, words) = (row.count(0)?, row.int(1)?, words(record));
            Ok(Version { version, status, issued_ms, received_ms, is_addendum, words })
        })
        .collect()
}

/// The latest of the verified versions, else the latest of all. One that comes late is history. An addendum is shown by itself only as long as
/// nothing is here of what it adds to.
pub(super) fn shown(versions: &[Version]) -> Option<&Version> {
    versions.iter().max_by_key(|version| (!version.is_addendum, version.rank()))
}

/// Whether what is shown was verified before with other words, and its sender does not say so: readers are told that it was changed.
fn is_amended(versions: &[Version]) -> bool {
    let Some(shown) = shown(versions).filter(|shown| shown.status == ReportStatus::Final) else { return false };
    let is_before = |version: &&Version| is_settled(version.status) && version.rank() < shown.rank();
    let mut before = versions.iter().filter(|version| !version.is_addendum).filter(is_before);
    before.any(|version| !version.status.is_withdrawn() && version.words != shown.words)
}

/// Says of a report that it was amended, where its sender says no more than that it is final. Versions that come in any order come to the same.
pub(super) async fn note_amended(link: &mut Link, report_key: i64, versions: &[Version]) -> Result<(), StoreError> {
    if !is_amended(versions) {
        return Ok(());
    }
    let sql = Sql::new("UPDATE report SET status = $1 WHERE report_key = $2 AND status = $3");
    let sql = sql.arg(ReportStatus::Amended.code()).arg(report_key).arg(ReportStatus::Final.code());
    link.run(sql).await.map(drop)
}

fn words(record: &ReportRecord) -> u64 {
    let mut hasher = DefaultHasher::new();
    record.text.expose().split_whitespace().for_each(|word| word.hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use index_model::ReportStatus as S;

    use super::{Version, is_amended, shown};

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
                words: 0,
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

    #[test]
    fn a_second_final_of_other_words_is_amended_in_whatever_order_they_come() {
        let of = |messages: &[(S, i64, u64)]| {
            let version = |(&(status, issued_ms, words), version): (&(S, i64, u64), u32)| {
                let (issued_ms, received_ms) = (Some(issued_ms), 1_000 + i64::from(version));
                Version { version, status, issued_ms, received_ms, is_addendum: false, words }
            };
            is_amended(&messages.iter().zip(1..).map(version).collect::<Vec<_>>())
        };
        assert!(of(&[(S::Final, 10, 1), (S::Final, 20, 2)]));
        assert!(of(&[(S::Final, 20, 2), (S::Final, 10, 1)]), "the older one came late");
        assert!(!of(&[(S::Final, 10, 1), (S::Final, 20, 1)]), "the same words again");
        assert!(!of(&[(S::Preliminary, 10, 1), (S::Final, 20, 2)]), "it was not verified before");
        assert!(!of(&[(S::Final, 10, 1), (S::Corrected, 20, 2)]), "the sender says so itself");
        assert!(!of(&[(S::EnteredInError, 10, 1), (S::Final, 20, 2)]), "what was withdrawn is not amended");
    }
}
