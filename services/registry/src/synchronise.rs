//! Follows the registered repositories: a back-fill newest first that survives restarts, then a look for changes again and again.
//!
//! Each repository has its own task, its own pace and its own misfortunes; none waits for another.

mod listing;
mod pull;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use adapter_api::SourceError;
use index_model::RepositoryCode;
use index_store::{SyncPhase, SyncState};
use runtime::Ctx;
use tokio_util::sync::CancellationToken;

use crate::directory::Entry;
use crate::{Registry, RegistryError};

/// First and longest pause after a failure.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// The tasks that follow repositories, and when each was last heard of.
#[derive(Debug, Default)]
pub(crate) struct Synchronisers {
    running: Mutex<HashMap<RepositoryCode, CancellationToken>>,
    heard: Mutex<HashMap<RepositoryCode, i64>>,
}

impl Synchronisers {
    pub(crate) fn heard_from(&self, code: &RepositoryCode, at_ms: i64) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(code.clone(), at_ms);
    }

    pub(crate) fn last_heard_ms(&self, code: &RepositoryCode) -> Option<i64> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(code).copied()
    }

    pub(crate) fn stop(&self, code: &RepositoryCode) {
        if let Some(token) = self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(code) {
            token.cancel();
        }
    }

    pub(crate) fn stop_all(&self) {
        for (_, token) in self.running.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            token.cancel();
        }
    }

    fn begin(&self, code: &RepositoryCode, token: CancellationToken) {
        let before = self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(code.clone(), token);
        if let Some(before) = before {
            before.cancel();
        }
    }
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl From<index_store::StoreError> for RoundError {
    fn from(error: index_store::StoreError) -> Self {
        Self::Registry(error.into())
    }
}

impl Registry {
    /// Begins to follow a repository, or begins anew after its definition changed.
    pub(crate) fn follow(&self, code: &RepositoryCode) {
        let token = self.0.stop.child_token();
        self.0.synchronisers.begin(code, token.clone());
        let (registry, code) = (self.clone(), code.clone());
        self.0.tasks.spawn(async move {
            let ctx = Ctx::unbounded(token);
            let mut hurried = 0;
            // A definition without a source only pushes: there is nothing to ask.
            while let Some(entry) = registry.0.directory.entry(&code).filter(|entry| entry.source.is_some()) {
                let pause = registry.round(&ctx, &entry, &mut hurried).await;
                if ctx.run(tokio::time::sleep(pause)).await.is_err() {
                    return;
                }
            }
        });
    }

    /// One round, and how long to wait for the next. `hurried` counts the rounds in a row that found something still being written.
    async fn round(&self, ctx: &Ctx, entry: &Entry, hurried: &mut u32) -> Duration {
        let code = &entry.definition.code;
        let mut failures = 0u32;
        loop {
            let state = match self.sync_state(code).await {
                Ok(Some(state)) => state,
                Ok(None) => return BACKOFF.1,
                Err(error) => {
                    tracing::error!(error = %error, repository.code = %code, "the index does not answer");
                    return BACKOFF.0;
                }
            };
            let result = match ctx.run(self.look(ctx, entry, state)).await {
                Ok(result) => result,
                Err(_) => return Duration::ZERO,
            };
            let now_ms = self.0.clock.now_ms();
            match result {
                Ok(again) => {
                    entry.health.answered();
                    self.note(code, now_ms, None).await;
                    return pause(again, Duration::from_secs(u64::from(entry.definition.poll_seconds)), hurried);
                }
                Err(error) => {
                    if let RoundError::Source(source) = &error {
                        entry.health.failed(source, now_ms);
                    }
                    self.note(code, now_ms, Some(&in_words(&error))).await;
                    tracing::warn!(error = %error, repository.code = %code, "synchronisation was interrupted");
                    let pause = (BACKOFF.0 * 2u32.saturating_pow(failures)).min(BACKOFF.1);
                    failures = (failures + 1).min(6);
                    if ctx.run(tokio::time::sleep(pause)).await.is_err() {
                        return Duration::ZERO;
                    }
                }
            }
        }
    }

    /// Looks for what is new; gives how soon another look is worth it, where that is sooner than usual.
    async fn look(&self, ctx: &Ctx, entry: &Entry, state: SyncState) -> Result<Option<Duration>, RoundError> {
        let code = &entry.definition.code;
        let permit = self.permit_to_synchronise(code).await.map_err(RegistryError::from)?;
        let Some(source) = entry.source.clone() else {
            return Ok(None);
        };
        if source.capabilities().listing_only {
            self.look_through_listing(ctx, entry, source.as_ref(), state, &permit).await
        } else {
            self.look_through_studies(ctx, entry, &source, state, &permit).await?;
            Ok(None)
        }
    }

    async fn sync_state(&self, code: &RepositoryCode) -> Result<Option<SyncState>, RegistryError> {
        let rows = self.0.store.repositories().await?;
        let row = rows.into_iter().find(|row| row.definition.code == *code);
        Ok(row.filter(|row| !row.paused).map(|row| row.sync))
    }

    async fn note(&self, code: &RepositoryCode, at_ms: i64, error: Option<&str>) {
        if let Err(error) = self.0.store.note_contact(code, at_ms, error).await {
            tracing::error!(error = %error, repository.code = %code, "the state of a repository could not be noted");
        }
    }

    async fn save(&self, code: &RepositoryCode, state: &SyncState) -> Result<(), RoundError> {
        Ok(self.0.store.save_sync(code, state).await?)
    }

    fn finished(&self, state: &mut SyncState) {
        state.phase = SyncPhase::Following;
        state.synced_ms = Some(self.0.clock.now_ms());
    }
}

/// How long to wait for the next look. What never comes to rest is looked at twice as seldom each time, down to the usual pace.
fn pause(again: Option<Duration>, usual: Duration, hurried: &mut u32) -> Duration {
    let Some(again) = again else {
        *hurried = 0;
        return usual;
    };
    let pause = again.saturating_mul(2u32.saturating_pow(*hurried)).min(usual);
    *hurried = hurried.saturating_add(1);
    pause
}

/// The whole chain of causes in one line, for the administrator. None of them names a patient.
fn in_words(error: &RoundError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let words = next.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = next.source();
    }
    text
}
