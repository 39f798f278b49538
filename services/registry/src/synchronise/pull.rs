//! Sources that are searched (DICOMweb, DIMSE): studies by date, newest first; then everything, for what has no date; then changes.

use std::sync::Arc;

use adapter_api::{ImagingSource, SourceError, StudyFilter};
use futures::{StreamExt, TryStreamExt};
use index_model::{RepositoryCode, StudyRecord, Uid};
use index_store::{SearchFilter, SyncPhase, SyncState};
use runtime::{Ctx, Demand, Urgency};

use crate::intake::{one_name, one_name_for_each_issuer};
use crate::repositories::directory::Entry;
use crate::synchronise::RoundError;
use crate::synchronise::cut_off::CutOff;
use crate::{Registry, RegistryError};

/// Ages in days at which a window of the back-fill begins; the first is open towards the future, the last towards the past.
const WINDOWS: [i64; 7] = [30, 180, 2 * 365, 5 * 365, 10 * 365, 20 * 365, i64::MAX];
/// Studies counted beforehand to say how far the back-fill is; a larger repository shows no end.
const COUNTED: usize = 20_000;
/// A repository of at most so many studies is looked through wholly at each round; a larger one once in so many rounds.
const SMALL: u64 = 5_000;
const ROUNDS_TO_SWEEP: u64 = 20;

/// Studies of one walk that a repository may contradict itself about; with more, it is the repository that is not to be believed.
const PASSED_OVER: u32 = 10;

/// Where the back-fill stands.
#[derive(serde::Serialize, serde::Deserialize, Default)]
struct Cursor {
    /// Next window.
    window: usize,
    /// Studies looked through in the windows before it.
    #[serde(default)]
    done: u64,
    /// Rounds since the back-fill.
    rounds: u64,
}

impl Cursor {
    fn read(state: &SyncState) -> Self {
        state.cursor.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    fn write(&self, state: &mut SyncState) {
        state.cursor = serde_json::to_string(self).ok();
    }
}

/// What a repository says wrongly of one study does not keep the others back.
fn own_fault(result: Result<bool, RoundError>) -> Result<Result<bool, SourceError>, RoundError> {
    match result {
        Err(RoundError::Source(error @ (SourceError::Malformed { .. } | SourceError::NotFound { .. }))) => {
            Ok(Err(error))
        }
        other => other.map(Ok),
    }
}

/// Every match for one study identifier, asked for it alone: a list that is read page by page may show what was before a correction beside what is now.
async fn of_identifier(
    ctx: &Ctx,
    entry: &Entry,
    source: &dyn ImagingSource,
    uid: &Uid,
) -> Result<Vec<StudyRecord>, RoundError> {
    let filter = StudyFilter { study_instance_uid: Some(uid.clone()), ..StudyFilter::default() };
    let mut matches: Vec<StudyRecord> = Vec::new();
    let mut answers = source.search_studies(ctx, &filter);
    while let Some(mut study) = answers.try_next().await? {
        one_name_for_each_issuer(&entry.definition, &mut study.patient);
        one_name(&entry.definition, &mut study.accession_number);
        let is_new = |known: &StudyRecord| known.listed_as() != study.listed_as();
        if study.study_instance_uid == *uid && matches.iter().all(is_new) {
            matches.push(study);
        }
    }
    if matches.is_empty() {
        let rule = "no match for the identifier of a study that it listed".to_owned();
        return Err(SourceError::Malformed { repository: entry.definition.code.clone(), rule }.into());
    }
    Ok(matches)
}

impl Registry {
    pub(super) async fn look_through_studies(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        source: &Arc<dyn ImagingSource>,
        state: &mut SyncState,
        permit: &access::Permit,
    ) -> Result<(), RoundError> {
        let code = &entry.definition.code;
        let mut cursor = Cursor::read(state);
        if state.phase != SyncPhase::Following {
            if state.phase == SyncPhase::Waiting || state.expected.is_none() {
                state.phase = SyncPhase::Indexing;
                state.expected = self.count(ctx, source).await?;
            }
            // A window that was interrupted is looked through again, and counted once.
            state.indexed = cursor.done;
            state.stretch = Some((self.0.clock.now_ms(), cursor.done));
            self.save(code, state).await?;
            while cursor.window < WINDOWS.len() {
                let filter = self.window(cursor.window);
                self.index_matches(ctx, entry, source, &filter, state, permit).await?;
                cursor.window += 1;
                cursor.done = state.indexed;
                cursor.write(state);
                self.save(code, state).await?;
            }
        }
        let sweep = state.phase != SyncPhase::Following
            || state.expected.is_some_and(|expected| expected <= SMALL)
            || cursor.rounds.is_multiple_of(ROUNDS_TO_SWEEP);
        let filter = if sweep { StudyFilter::default() } else { self.window(0) };
        self.index_matches(ctx, entry, source, &filter, state, permit).await?;
        cursor.rounds += 1;
        cursor.write(state);
        self.finished(state);
        self.save(code, state).await
    }

    /// How many studies there are, if they can be counted quickly.
    pub(super) async fn count(&self, ctx: &Ctx, source: &Arc<dyn ImagingSource>) -> Result<Option<u64>, SourceError> {
        let filter = StudyFilter::default();
        let cut_off = CutOff::default();
        let counted = cut_off
            .apart(source.search_studies(ctx, &filter))
            .take(COUNTED + 1)
            .try_fold(0usize, |n, _| async move { Ok(n + 1) })
            .await?;
        Ok((counted <= COUNTED && cut_off.words().is_none()).then_some(counted as u64))
    }

    fn window(&self, number: usize) -> StudyFilter {
        let day = |age: i64| {
            let at = chrono::DateTime::from_timestamp_millis(self.0.clock.now_ms() - age * 86_400_000);
            at.map(|at| at.format("%Y%m%d").to_string())
        };
        let from = WINDOWS.get(number).copied().filter(|age| *age != i64::MAX).and_then(day);
        let to = number.checked_sub(1).and_then(|before| WINDOWS.get(before)).and_then(|age| day(age + 1));
        StudyFilter { study_date: (from, to), ..StudyFilter::default() }
    }

    /// Indexes every match that is new or has changed, several at a time.
    async fn index_matches(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        source: &Arc<dyn ImagingSource>,
        filter: &StudyFilter,
        state: &mut SyncState,
        permit: &access::Permit,
    ) -> Result<(), RoundError> {
        let code = &entry.definition.code;
        // One of its slots is left to viewers, who do not wait for a back-fill.
        let at_a_time = (entry.definition.concurrency as usize).saturating_sub(1).max(1);
        let is_backfill = state.phase != SyncPhase::Following && filter.study_date != (None, None);
        let cut_off = CutOff::default();
        let mut indexed = cut_off
            .apart(source.search_studies(ctx, filter))
            .map_err(RoundError::from)
            // Tasks of their own: a transaction that nobody polls while the next page is awaited would hold up every other writer.
            .map_ok(|study| {
                let (registry, ctx, entry, source) = (self.clone(), ctx.clone(), entry.clone(), Arc::clone(source));
                let task = self
                    .0
                    .tasks
                    .spawn(async move { own_fault(registry.index_match(&ctx, &entry, source.as_ref(), study).await) });
                async move { task.await.map_err(|error| RoundError::from(RegistryError::internal(error)))? }
            })
            .try_buffer_unordered(at_a_time);
        let (mut since_saved, mut passed_over) = (0, 0);
        while let Some(result) = indexed.try_next().await? {
            let new = match result {
                Ok(new) => new,
                Err(error) => {
                    passed_over += 1;
                    tracing::warn!(repository.code = %code, error = %error, "a study was passed over");
                    self.note(code, self.0.clock.now_ms(), Some(&error.to_string()), None).await;
                    if passed_over > PASSED_OVER {
                        return Err(error.into());
                    }
                    continue;
                }
            };
            self.0.synchronisers.heard_from(code, self.0.clock.now_ms());
            permit.count(u64::from(new), 0);
            if new || is_backfill {
                state.indexed += 1;
                since_saved += 1;
                if since_saved >= 10 {
                    since_saved = 0;
                    self.save(code, state).await?;
                }
            }
        }
        if let Some(words) = cut_off.words() {
            tracing::warn!(repository.code = %code, "a list of studies was cut off");
            self.note(code, self.0.clock.now_ms(), Some(&words), None).await;
        }
        Ok(())
    }

    /// Indexes one study with its series, unless it is known as it is. True when it was new or had changed.
    pub(super) async fn index_match(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        source: &dyn ImagingSource,
        mut study: StudyRecord,
    ) -> Result<bool, RoundError> {
        let code = &entry.definition.code;
        one_name_for_each_issuer(&entry.definition, &mut study.patient);
        one_name(&entry.definition, &mut study.accession_number);
        let uid = study.study_instance_uid.clone();
        // Two matches of one identifier are looked at one after the other, so that the second finds the first.
        let _turn = self.0.synchronisers.turn(&uid).await;
        let before = self.0.store.told_before(code, &study).await?;
        let is_told_of_others = before.of_others;
        if before.removed {
            self.mark_removed(code, std::slice::from_ref(&uid), None).await?;
        }
        // Of what has no copy yet, which is all of a back-fill, the shown study says nothing.
        let is_known = before.as_now || (before.has_copy && self.is_known(entry, &study).await?);
        if is_known && !is_told_of_others {
            return Ok(false);
        }
        let slot = ctx.run(entry.slots.wait(Demand::own(Urgency::BACKGROUND))).await.map_err(SourceError::Stopped)?;
        let series = source.search_series(ctx, &uid).await?;
        let matches = if is_told_of_others { of_identifier(ctx, entry, source, &uid).await? } else { vec![study] };
        drop(slot);
        if series.is_empty()
            && matches.iter().any(|study| study.number_of_study_related_series.is_none_or(|number| number > 0))
        {
            let rule = "an empty list of series for a study that it listed".to_owned();
            return Err(SourceError::Malformed { repository: code.clone(), rule }.into());
        }
        let now_ms = self.0.clock.now_ms();
        let indexed = match matches.as_slice() {
            [study] if !is_told_of_others => vec![self.0.store.index_study(code, study, &series, now_ms).await?],
            all => self.0.store.index_listed(code, all, &series, now_ms).await?,
        };
        let mut changed = false;
        for indexed in indexed {
            self.withdrawn(&indexed.withdrawn).await;
            changed |= indexed.changed;
            if indexed.changed {
                for series_key in &indexed.series_keys {
                    self.changed(indexed.study_key, *series_key);
                }
            }
        }
        if changed {
            self.0.opened.forget(&uid).await;
        }
        Ok(changed)
    }

    /// Whether a study is shown as the repository tells of it.
    async fn is_known(&self, entry: &Entry, study: &StudyRecord) -> Result<bool, RoundError> {
        let rows = self.0.store.studies_by_uid(&study.study_instance_uid, &SearchFilter::default()).await?;
        let code = &entry.definition.code;
        let (Some(series), Some(instances)) =
            (study.number_of_study_related_series, study.number_of_study_related_instances)
        else {
            return Ok(false);
        };
        Ok(rows.iter().any(|row| {
            row.repositories.contains(code)
                && row.number_of_series == series
                && row.number_of_instances == instances
                && row.study.study_date == study.study_date
                && row.study.study_description == study.study_description
                && row.study.patient.patient_name == study.patient.patient_name
        }))
    }

    /// Marks copies as gone at the source, or as there again.
    pub(super) async fn mark_removed(
        &self,
        code: &RepositoryCode,
        studies: &[Uid],
        removed_ms: Option<i64>,
    ) -> Result<(), RoundError> {
        for study_key in self.0.store.mark_removed(code, studies, removed_ms, self.0.clock.now_ms()).await? {
            self.0.opened.changed(study_key);
        }
        Ok(())
    }
}
