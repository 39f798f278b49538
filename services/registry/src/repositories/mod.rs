//! An administrator registers a repository, tests it, watches it and stops it.

pub(crate) mod breaker;
mod define;
pub(crate) mod directory;
pub(crate) mod pace;
pub(crate) mod skew;
mod take_out;

use access::Permit;
use index_model::{AeTitle, DimseAddress, RepositoryCode, RepositoryDefinition};
use index_store::{Counts, Drift, DriftReport, RepositoryRow, SyncPhase, SyncState, Trouble};

pub use define::RegisterError;

use crate::repositories::directory::Entry;
use crate::{Registry, RegistryError};

/// How a repository stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepositoryState {
    /// Nothing was asked yet, or nothing was pushed yet.
    Waiting,
    /// The back-fill runs.
    Indexing,
    /// Changes are followed.
    Following,
    /// It does not answer.
    Unreachable,
    /// It answers, and declines what we ask.
    Refused,
    /// An administrator stopped it.
    Paused,
}

/// A repository as the administrators' page shows it.
#[derive(Debug, Clone)]
pub struct RepositoryStatus {
    /// As it is registered.
    pub definition: RepositoryDefinition,
    /// In one word.
    pub state: RepositoryState,
    /// What it has here.
    pub counts: Counts,
    /// Studies that the back-fill has looked through; of what is listed, objects.
    pub indexed: u64,
    /// Studies expected, when known.
    pub expected: Option<u64>,
    /// In how many seconds the back-fill will be over at its present pace, when that can be told.
    pub remaining_seconds: Option<u64>,
    /// Since when it gives nothing, Unix milliseconds.
    pub down_since_ms: Option<i64>,
    /// When it was last compared with its own list, Unix milliseconds.
    pub reconciled_ms: Option<i64>,
    /// Age of the last complete look, in seconds.
    pub lag_seconds: Option<i64>,
    /// By how many seconds its clock is ahead of ours, or behind where it is negative, when that is more than five minutes.
    pub clock_skew_seconds: Option<i64>,
    /// Last answer, Unix milliseconds.
    pub last_contact_ms: Option<i64>,
    /// Last failure: Unix milliseconds and words.
    pub last_error: Option<(i64, String)>,
}

/// An object that was put aside.
pub use index_store::QuarantineRow as Quarantined;

impl Registry {
    /// All registered repositories, by code.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn repositories(&self, permit: &Permit) -> Result<Vec<RepositoryStatus>, RegistryError> {
        let _ = permit;
        let rows = self.0.store.repositories().await?;
        Ok(rows.into_iter().map(|row| self.status(row)).collect())
    }

    /// Where a registered DIMSE archive of this AE title is.
    pub fn dimse_address(&self, ae_title: &AeTitle) -> Option<DimseAddress> {
        self.0.directory.dimse_address(ae_title)
    }

    /// Stops or goes on with the synchronisation of one repository.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`], or when the index does not answer.
    pub async fn set_paused(&self, permit: &Permit, code: &RepositoryCode, paused: bool) -> Result<(), RegistryError> {
        self.definition(permit, code).await?;
        self.0.store.set_paused(code, paused).await?;
        if paused {
            self.0.synchronisers.stop(code)
        } else {
            self.follow(code)
        }
        Ok(())
    }

    /// Starts the walk over a repository over, from the newest study. What is registered stays.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`]; [`RegistryError::Parameter`] for one that can't be asked; or when the index does not answer.
    pub async fn backfill(&self, permit: &Permit, code: &RepositoryCode) -> Result<(), RegistryError> {
        let _ = permit;
        self.asked(code).await?;
        self.0.store.start_over(code).await?;
        self.follow(code);
        Ok(())
    }

    /// Asks that the registry be compared with the repository's own list soon. `accept` lets it mark much as gone.
    ///
    /// # Errors
    /// As [`Registry::backfill`].
    pub async fn reconcile_soon(
        &self,
        permit: &Permit,
        code: &RepositoryCode,
        accept: bool,
    ) -> Result<(), RegistryError> {
        let _ = permit;
        self.asked(code).await?;
        self.0.store.ask_for_reconciliation(code, accept, self.0.clock.now_ms()).await?;
        if let Some(running) = self.0.synchronisers.running(code) {
            running.wake();
        }
        Ok(())
    }

    /// What comparisons with a repository's own list found, latest first.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`], or when the index does not answer.
    pub async fn drift_reports(
        &self,
        permit: &Permit,
        code: &RepositoryCode,
        limit: u32,
    ) -> Result<Vec<DriftReport>, RegistryError> {
        self.definition(permit, code).await?;
        Ok(self.0.store.drift_reports(code, limit).await?)
    }

    /// The studies of one of these reports.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when the repository has no such report, or when the index does not answer.
    pub async fn drift(
        &self,
        permit: &Permit,
        code: &RepositoryCode,
        report_key: i64,
        limit: u32,
    ) -> Result<Vec<Drift>, RegistryError> {
        let reports = self.drift_reports(permit, code, u32::MAX >> 1).await?;
        if !reports.iter().any(|report| report.report_key == report_key) {
            return Err(RegistryError::NotFound);
        }
        Ok(self.0.store.drift_of(report_key, limit).await?)
    }

    /// A repository that can be asked what it holds.
    pub(crate) async fn asked(&self, code: &RepositoryCode) -> Result<Entry, RegistryError> {
        let entry = self.known_repository(code).await?;
        if entry.source.is_none() {
            let rule = "this repository stores to us and can't be asked what it holds".into();
            return Err(RegistryError::Parameter { name: "code".into(), rule });
        }
        Ok(entry)
    }

    /// What was put aside, newest first.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn quarantined(&self, permit: &Permit, limit: u32) -> Result<Vec<Quarantined>, RegistryError> {
        let _ = permit;
        Ok(self.0.store.quarantined(limit).await?)
    }

    fn status(&self, row: RepositoryRow) -> RepositoryStatus {
        let code = &row.definition.code;
        let entry = self.0.directory.entry(code);
        let trouble = entry.as_ref().and_then(|entry| entry.health.trouble());
        let heard_ms = self.0.synchronisers.last_heard_ms(code);
        let pushes = entry.as_ref().is_some_and(|entry| entry.source.is_none());
        let state = match row.sync.phase {
            _ if row.paused => RepositoryState::Paused,
            _ if matches!(trouble, Some((Trouble::Down, _))) => RepositoryState::Unreachable,
            _ if trouble.is_some() => RepositoryState::Refused,
            _ if pushes && row.counts.studies + row.counts.reports > 0 => RepositoryState::Following,
            SyncPhase::Waiting => RepositoryState::Waiting,
            SyncPhase::Indexing => RepositoryState::Indexing,
            SyncPhase::Following => RepositoryState::Following,
        };
        let now_ms = self.0.clock.now_ms();
        RepositoryStatus {
            state,
            remaining_seconds: remaining_seconds(&row.sync, now_ms),
            down_since_ms: trouble.map(|(_, since_ms)| since_ms),
            reconciled_ms: row.reconciled_ms,
            counts: row.counts,
            indexed: row.sync.indexed,
            // A repository grows while it is walked over.
            expected: row.sync.expected.map(|expected| expected.max(row.sync.indexed)),
            lag_seconds: if pushes { None } else { row.sync.synced_ms.map(|at| (now_ms - at).max(0) / 1000) },
            clock_skew_seconds: entry.as_ref().and_then(|entry| entry.watch.skew_ms()).map(|ms| ms / 1000),
            last_contact_ms: row.last_contact_ms.max(heard_ms),
            last_error: row.last_error,
            definition: row.definition,
        }
    }
}

/// How long the rest of a back-fill takes at the pace of this stretch of it.
fn remaining_seconds(sync: &SyncState, now_ms: i64) -> Option<u64> {
    let (began_ms, from) = sync.stretch.filter(|_| sync.phase == SyncPhase::Indexing)?;
    let remaining = sync.expected?.saturating_sub(sync.indexed);
    let done = sync.indexed.checked_sub(from).filter(|done| *done > 0)?;
    let elapsed_ms = (now_ms - began_ms).max(0).cast_unsigned();
    Some(elapsed_ms.saturating_mul(remaining) / done / 1000)
}
