//! The registry beside a repository's own list, every night and when an administrator asks: the drift between them.
//!
//! What is missing here is registered. What is gone there is asked for by its own UID, because a list may be cut off or sorted under
//! another date, and then marked as removed at source; nothing is ever deleted. A list that is empty, or lacks most of what was
//! registered, is not believed without a word from somebody.

mod names;

use std::collections::HashSet;
use std::sync::Arc;

use adapter_api::{ImagingSource, SourceError, StudyFilter};
use chrono::{Datelike, Months};
use futures::{StreamExt, TryStreamExt};
use index_model::{StudyRecord, Uid};
use index_store::{CopyRow, Drift, DriftKind, DriftOutcome, DriftReport, MAX_LISTED, SyncPhase, SyncState};
use runtime::Ctx;

use crate::intake::one_name_for_each_issuer;
use crate::repositories::directory::Entry;
use crate::synchronise::RoundError;
use crate::synchronise::cut_off::CutOff;
use crate::{Registry, RegistryError};

/// A night begins at this time of the day in UTC: one o'clock in Toronto, or two.
const NIGHT_MS: i64 = 6 * 3_600_000;
const DAY_MS: i64 = 86_400_000;
/// Studies that are looked up at a time.
const CHUNK: usize = 200;
/// Of fewer copies any number may be gone.
const FEW: u64 = 10;
/// Months that are compared one by one; what is older is one window.
const MONTHS: u32 = 12 * 40;

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    compared: u64,
    not_here: u64,
    not_there: u64,
    differing: u64,
    listed: Vec<Drift>,
    /// Copies that were registered and not known to be gone.
    ours: u64,
}

impl Found {
    fn note(&mut self, kind: DriftKind, study: &Uid, here: Option<u32>, there: Option<u32>) {
        match kind {
            DriftKind::NotHere => self.not_here += 1,
            DriftKind::NotThere => self.not_there += 1,
            DriftKind::Differs => self.differing += 1,
        }
        if self.listed.len() < MAX_LISTED {
            let study_instance_uid = study.clone();
            self.listed.push(Drift { kind, study_instance_uid, instances_here: here, instances_there: there });
        }
    }

    fn is_much(&self, gone: usize) -> bool {
        let gone = gone as u64;
        gone > FEW && gone * 2 > self.ours
    }
}

/// Which night a moment belongs to.
fn night(unix_ms: i64) -> i64 {
    (unix_ms - NIGHT_MS).div_euclid(DAY_MS)
}

/// Windows of study dates that cover all time, newest first.
fn months(now_ms: i64) -> Vec<StudyFilter> {
    let today = chrono::DateTime::from_timestamp_millis(now_ms).unwrap_or_default().date_naive();
    let first = today.with_day(1).unwrap_or(today);
    let begin = |ago: u32| first.checked_sub_months(Months::new(ago)).unwrap_or(first);
    let text = |date: chrono::NaiveDate| Some(date.format("%Y%m%d").to_string());
    let window = |ago: u32| {
        let from = (ago < MONTHS).then(|| text(begin(ago))).flatten();
        let to = ago.checked_sub(1).and_then(|later| begin(later).pred_opt()).and_then(text);
        StudyFilter { study_date: (from, to), ..StudyFilter::default() }
    };
    (0..=MONTHS).map(window).collect()
}

impl Registry {
    /// Compares when somebody asked for it, or a night has begun since the last time. A back-fill that is not over sees all anyway.
    pub(super) async fn reconcile_when_due(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        state: &SyncState,
    ) -> Result<(), RoundError> {
        let code = &entry.definition.code;
        let rows = self.0.store.repositories().await?;
        let Some(row) = rows.into_iter().find(|row| row.definition.code == *code) else { return Ok(()) };
        if row.sync.epoch != state.epoch {
            return Err(RoundError::Superseded);
        }
        let last_ms = row.reconciled_ms.unwrap_or(row.created_ms);
        let is_asked = row.reconcile_asked_ms.is_some();
        let is_due = is_asked || night(self.0.clock.now_ms()) > night(last_ms);
        match &entry.source {
            Some(source) if is_due && state.phase == SyncPhase::Following => {
                self.reconcile(ctx, entry, source, is_asked && row.reconcile_accept).await
            }
            _ => Ok(()),
        }
    }

    async fn reconcile(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        source: &Arc<dyn ImagingSource>,
        accept: bool,
    ) -> Result<(), RoundError> {
        let code = &entry.definition.code;
        let (started_ms, mut found) = (self.0.clock.now_ms(), Found::default());
        let compared = ctx.run(self.compare(ctx, entry, source, accept, &mut found)).await;
        let (outcome, words) = match compared.map_err(SourceError::Stopped)? {
            Ok(Some(words)) => (DriftOutcome::HeldBack, Some(words)),
            Ok(None) if found.listed.is_empty() => (DriftOutcome::Clean, None),
            Ok(None) => (DriftOutcome::Mended, None),
            Err(RoundError::Superseded) => return Err(RoundError::Superseded),
            Err(error) => {
                if let RoundError::Source(source) = &error {
                    entry.health.failed(source, self.0.clock.now_ms());
                }
                (DriftOutcome::Failed, Some(runtime::telemetry::in_one_line(&error)))
            }
        };
        let report = DriftReport {
            report_key: 0,
            started_ms,
            ended_ms: self.0.clock.now_ms(),
            outcome,
            compared: found.compared,
            not_here: found.not_here,
            not_there: found.not_there,
            differing: found.differing,
            words,
        };
        self.0.store.put_drift(code, &report, &found.listed).await?;
        let (not_here, not_there, differing) = (report.not_here, report.not_there, report.differing);
        tracing::info!(repository.code = %code, outcome = outcome.code(), not_here, not_there, differing, "compared");
        Ok(())
    }

    /// Compares, and mends what can be; gives words when somebody has to look before anything is marked as gone.
    async fn compare(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        source: &Arc<dyn ImagingSource>,
        accept: bool,
        found: &mut Found,
    ) -> Result<Option<String>, RoundError> {
        let code = &entry.definition.code;
        let permit = self.permit_to_synchronise(code).await.map_err(RegistryError::from)?;
        let suspects = if source.capabilities().listing_only {
            self.compare_names(ctx, code, source.as_ref(), found).await?
        } else {
            self.compare_studies(ctx, entry, source, found).await?
        };
        permit.count(found.compared, 0);
        if found.compared == 0 && found.ours > 0 {
            let rule = format!("an empty list, although {} studies of it are registered", found.ours);
            return Err(SourceError::Malformed { repository: code.clone(), rule }.into());
        }
        let mut gone = Vec::new();
        let hold_back = found.is_much(suspects.len()) && !accept;
        for copy in suspects {
            // A comparison that will not be believed need not be certain.
            if hold_back || source.capabilities().listing_only || self.is_gone(ctx, source, &copy).await? {
                found.note(DriftKind::NotThere, &copy.study_instance_uid, copy.instances, None);
                gone.push(copy.study_instance_uid);
            }
        }
        if hold_back {
            let (gone, ours) = (gone.len(), found.ours);
            return Ok(Some(format!(
                "{gone} of {ours} registered studies are not in the repository's list; nothing was marked. If that is right, \
                 reconcile again and accept it."
            )));
        }
        self.mark_removed(code, &gone, Some(self.0.clock.now_ms())).await?;
        Ok(None)
    }

    /// The copies that a searched repository did not list.
    async fn compare_studies(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        source: &Arc<dyn ImagingSource>,
        found: &mut Found,
    ) -> Result<Vec<CopyRow>, RoundError> {
        let code = &entry.definition.code;
        let windows = match self.count(ctx, source).await? {
            Some(_) => vec![StudyFilter::default()],
            None => months(self.0.clock.now_ms()),
        };
        let mut suspects = Vec::new();
        for window in windows {
            let seen = self.compare_window(ctx, entry, source, &window, found).await?;
            let (from, to) = (window.study_date.0.as_deref(), window.study_date.1.as_deref());
            let mut after = 0;
            loop {
                let copies = self.0.store.copies_between(code, (from, to), after, CHUNK as u32).await?;
                let Some(last) = copies.last() else { break };
                after = last.copy_key;
                found.ours += copies.iter().filter(|copy| copy.removed_ms.is_none()).count() as u64;
                let is_suspect = |copy: &CopyRow| copy.removed_ms.is_none() && !seen.contains(&copy.study_instance_uid);
                suspects.extend(copies.into_iter().filter(is_suspect));
            }
        }
        // What was registered just now was listed.
        found.ours = found.ours.saturating_sub(found.not_here);
        Ok(suspects)
    }

    /// Compares what the repository lists in one window of study dates, and registers what is missing or other here.
    async fn compare_window(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        source: &Arc<dyn ImagingSource>,
        window: &StudyFilter,
        found: &mut Found,
    ) -> Result<HashSet<Uid>, RoundError> {
        let code = &entry.definition.code;
        let mut seen = HashSet::new();
        // What is missing of a list that is cut off is asked for by its own identifier before anything is marked.
        let mut listed = CutOff::default().apart(source.search_studies(ctx, window)).try_chunks(CHUNK);
        while let Some(chunk) = listed.next().await {
            let chunk = chunk.map_err(|error| error.1)?;
            let uids: Vec<Uid> = chunk.iter().map(|study| study.study_instance_uid.clone()).collect();
            let copies = self.0.store.copies_by_uid(code, &uids).await?;
            for study in chunk {
                if !seen.insert(study.study_instance_uid.clone()) {
                    continue;
                }
                found.compared += 1;
                self.compare_study(ctx, entry, source, study, &copies, found).await?;
            }
        }
        Ok(seen)
    }

    async fn compare_study(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        source: &Arc<dyn ImagingSource>,
        study: StudyRecord,
        copies: &std::collections::HashMap<Uid, CopyRow>,
        found: &mut Found,
    ) -> Result<(), RoundError> {
        let (uid, there) = (study.study_instance_uid.clone(), study.number_of_study_related_instances);
        match copies.get(&uid) {
            None => found.note(DriftKind::NotHere, &uid, None, there),
            Some(copy) if there.is_some() && copy.instances.is_some() && there != copy.instances => {
                // Of an identifier that it lists of several patients each has a number of their own.
                let mut named = study.clone();
                one_name_for_each_issuer(&entry.definition, &mut named.patient);
                if !self.0.store.told_before(&entry.definition.code, &named).await?.of_others {
                    found.note(DriftKind::Differs, &uid, copy.instances, there);
                }
            }
            Some(copy) if copy.removed_ms.is_some() => {}
            Some(_) => return Ok(()),
        }
        match self.index_match(ctx, entry, source.as_ref(), study).await {
            // It is in the report, and the next round tries it again.
            Err(RoundError::Source(SourceError::Malformed { .. } | SourceError::NotFound { .. })) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the repository, asked for this study alone, does not have it.
    async fn is_gone(&self, ctx: &Ctx, source: &Arc<dyn ImagingSource>, copy: &CopyRow) -> Result<bool, RoundError> {
        let filter =
            StudyFilter { study_instance_uid: Some(copy.study_instance_uid.clone()), ..StudyFilter::default() };
        let mut answers = source.search_studies(ctx, &filter);
        while let Some(study) = answers.try_next().await? {
            if study.study_instance_uid == copy.study_instance_uid {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_night_begins_once_a_day() {
        let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
        let evening = night(at("2026-11-25T23:00:00-05:00"));
        assert_eq!(evening, night(at("2026-11-26T00:59:59-05:00")));
        assert_eq!(evening + 1, night(at("2026-11-26T01:00:00-05:00")));
        assert_eq!(evening + 1, night(at("2026-11-26T23:00:00-05:00")));
    }

    #[test]
    fn the_months_cover_all_time_without_a_gap() {
        let windows = months(1_800_000_000_000);
        assert_eq!(windows[0].study_date, (Some("20270101".into()), None));
        assert_eq!(windows[1].study_date, (Some("20261201".into()), Some("20261231".into())));
        assert!(windows.last().unwrap().study_date.0.is_none());
        for pair in windows.windows(2) {
            let day =
                |text: &Option<String>| chrono::NaiveDate::parse_from_str(text.as_ref().unwrap(), "%Y%m%d").unwrap();
            assert_eq!(day(&pair[1].study_date.1).succ_opt().unwrap(), day(&pair[0].study_date.0));
        }
    }

    #[test]
    fn that_most_is_gone_is_not_believed() {
        let found = Found { ours: 100, ..Found::default() };
        assert!(!found.is_much(50) && found.is_much(51));
        let found = Found { ours: 4, ..Found::default() };
        assert!(!found.is_much(4), "of a few, all may be gone");
    }
}
