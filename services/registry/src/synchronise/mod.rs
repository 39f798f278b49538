//! Follows the registered repositories: a back-fill newest first that survives restarts, then a look for changes again and again.
//!
//! Each repository has its own task, its own pace and its own misfortunes; none waits for another.

mod cut_off;
mod hint;
mod listing;
mod pull;
mod reconcile;
mod tenure;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adapter_api::SourceError;
use index_model::{RepositoryCode, Uid};
use index_store::{SyncPhase, SyncState, Trouble};
use runtime::Ctx;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::repositories::breaker::spread;
use crate::repositories::directory::Entry;
use crate::{Registry, RegistryError};

/// First and longest pause after a failure.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A task of this node that follows a repository, or waits until the node that does is gone.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    token: CancellationToken,
    /// Of its state while it is the one that follows; else 0.
    epoch: Arc<AtomicI64>,
    wake: Arc<Notify>,
}

impl Running {
    /// Whether somebody on another node began something anew that this task does not know of.
    pub(crate) fn is_superseded_by(&self, epoch: i64) -> bool {
        let own = self.epoch.load(Ordering::SeqCst);
        own != 0 && epoch > own
    }

    /// There is something to do before the next look.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Study identifiers that are looked at at a time are so many at most; more than any repository is asked at a time.
const TURNS: usize = 64;

/// The tasks that follow repositories, and when each was last heard of.
#[derive(Debug)]
pub(crate) struct Synchronisers {
    /// Whoever looks at a study identifier has the one that it falls to.
    turns: [tokio::sync::Mutex<()>; TURNS],
    running: Mutex<HashMap<RepositoryCode, Running>>,
    heard: Mutex<HashMap<RepositoryCode, i64>>,
}

impl Default for Synchronisers {
    fn default() -> Self {
        let turns = std::array::from_fn(|_| tokio::sync::Mutex::default());
        Self { turns, running: Mutex::default(), heard: Mutex::default() }
    }
}

impl Synchronisers {
    /// Waits until nobody else looks at this study identifier.
    pub(crate) async fn turn(&self, study: &Uid) -> tokio::sync::MutexGuard<'_, ()> {
        let mut hasher = std::hash::DefaultHasher::new();
        study.hash(&mut hasher);
        let at = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or_default();
        self.turns.get(at).unwrap_or(&self.turns[0]).lock().await
    }

    pub(crate) fn heard_from(&self, code: &RepositoryCode, at_ms: i64) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(code.clone(), at_ms);
    }

    pub(crate) fn last_heard_ms(&self, code: &RepositoryCode) -> Option<i64> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(code).copied()
    }

    pub(crate) fn running(&self, code: &RepositoryCode) -> Option<Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(code).cloned()
    }

    pub(crate) fn stop(&self, code: &RepositoryCode) {
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(code) {
            running.token.cancel();
        }
    }

    pub(crate) fn stop_all(&self) {
        for (_, running) in self.running.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            running.token.cancel();
        }
    }

    /// A task that ended by itself makes room for another.
    fn ended(&self, code: &RepositoryCode, running: &Running) {
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(code).is_some_and(|known| Arc::ptr_eq(&known.epoch, &running.epoch)) {
            all.remove(code);
        }
    }

    fn begin(&self, code: &RepositoryCode, token: CancellationToken) -> Running {
        let running = Running { token, epoch: Arc::default(), wake: Arc::default() };
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = all.insert(code.clone(), running.clone()) {
            before.token.cancel();
        }
        running
    }
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Another node follows the repository now, or somebody began anew: what this one knows is old.
    #[error("another epoch has begun")]
    Superseded,
}

impl From<index_store::StoreError> for RoundError {
    fn from(error: index_store::StoreError) -> Self {
        Self::Registry(error.into())
    }
}

/// How many rounds in a row found something still being written, and how many failed.
#[derive(Debug, Default)]
struct Pace {
    hurried: u32,
    failures: u32,
}

impl Registry {
    /// One look, and how long to wait for the next.
    async fn round(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        state: &mut SyncState,
        pace: &mut Pace,
    ) -> Result<Duration, RoundError> {
        let code = &entry.definition.code;
        let result = ctx.run(self.look(ctx, entry, state)).await.map_err(SourceError::Stopped)?;
        let now_ms = self.0.clock.now_ms();
        let error = match result {
            Ok(again) => {
                entry.health.answered();
                pace.failures = 0;
                self.note(code, now_ms, None, None).await;
                let usual = Duration::from_secs(u64::from(entry.definition.poll_seconds));
                return Ok(pause(again, usual, &mut pace.hurried));
            }
            Err(RoundError::Superseded) => return Err(RoundError::Superseded),
            Err(error) => error,
        };
        if let RoundError::Source(source) = &error {
            entry.health.failed(source, now_ms);
        }
        let trouble = entry.health.trouble().map(|(trouble, _)| trouble);
        self.note(code, now_ms, Some(&runtime::telemetry::in_one_line(&error)), trouble).await;
        tracing::warn!(error = %error, repository.code = %code, "synchronisation was interrupted");
        let longest = BACKOFF.0.saturating_mul(2u32.saturating_pow(pace.failures)).min(BACKOFF.1);
        pace.failures = pace.failures.saturating_add(1);
        Ok(spread(longest).max(entry.health.pause(now_ms)))
    }

    /// Looks for what is new; gives how soon another look is worth it, where that is sooner than usual.
    async fn look(&self, ctx: &Ctx, entry: &Entry, state: &mut SyncState) -> Result<Option<Duration>, RoundError> {
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

    async fn note(&self, code: &RepositoryCode, at_ms: i64, error: Option<&str>, trouble: Option<Trouble>) {
        if let Err(error) = self.0.store.note_contact(code, at_ms, error, trouble).await {
            tracing::error!(error = %error, repository.code = %code, "the state of a repository could not be noted");
        }
    }

    async fn save(&self, code: &RepositoryCode, state: &SyncState) -> Result<(), RoundError> {
        if self.0.store.save_sync(code, state).await? { Ok(()) } else { Err(RoundError::Superseded) }
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
