//! Who follows a repository: of all nodes the one that holds its lease, for as long as it renews it.

use std::time::Duration;

use index_model::RepositoryCode;
use runtime::Ctx;

use crate::Registry;
use crate::repositories::breaker::spread;
use crate::repositories::skew::Told;
use crate::synchronise::{Pace, RoundError, Running};

/// First wait of a node that does not hold the lease; doubling up to a third of the lease.
const WAIT: Duration = Duration::from_millis(50);

/// Why a tenure ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// There is nothing to follow any more, or somebody stopped it.
    Over,
    /// Another epoch has begun, or the index did not answer: try to begin anew.
    Anew,
}

impl Registry {
    /// Begins to follow a repository, or begins anew after its definition changed.
    pub(crate) fn follow(&self, code: &RepositoryCode) {
        let token = self.0.stop.child_token();
        let running = self.0.synchronisers.begin(code, token);
        let (registry, code) = (self.clone(), code.clone());
        self.0.tasks.spawn(async move {
            registry.tenures(&code, &running).await;
            registry.0.synchronisers.ended(&code, &running);
        });
    }

    async fn tenures(&self, code: &RepositoryCode, running: &Running) {
        let ctx = Ctx::unbounded(running.token.clone());
        let name = format!("synchronise {code}");
        // Of its own for each task: one that ends does not give back what its successor has taken.
        let holder = format!("{} {}", self.0.node, uuid::Uuid::new_v4().simple());
        let mut wait = WAIT;
        // A definition without a source only pushes: there is nothing to ask.
        while self.0.directory.entry(code).is_some_and(|entry| entry.source.is_some()) && !ctx.is_cancelled() {
            match self.0.store.take_lease(&name, &holder, self.0.limits.lease).await {
                Ok(true) => {
                    wait = WAIT;
                    if self.tenure(code, running, &name, &holder).await == End::Over {
                        return;
                    }
                }
                Ok(false) => wait = (wait * 2).min(self.0.limits.lease / 3),
                Err(error) => {
                    wait = (wait * 2).min(self.0.limits.lease / 3);
                    tracing::error!(error = %error, repository.code = %code, "the index does not answer");
                }
            }
            if ctx.run(tokio::time::sleep(spread(wait))).await.is_err() {
                return;
            }
        }
    }

    /// Follows while the lease is held, and gives it back.
    async fn tenure(&self, code: &RepositoryCode, running: &Running, name: &str, holder: &str) -> End {
        let token = running.token.child_token();
        let ctx = Ctx::unbounded(token.clone());
        let end = tokio::select! {
            end = self.rounds(&ctx, code, running) => end,
            () = self.keep_lease(name, holder) => {
                tracing::warn!(repository.code = %code, "another node follows a repository now");
                End::Anew
            }
        };
        // What it began on tasks of their own ends with it.
        token.cancel();
        running.epoch.store(0, std::sync::atomic::Ordering::SeqCst);
        if let Err(error) = self.0.store.give_lease_back(name, holder).await {
            tracing::debug!(error = %error, repository.code = %code, "a lease was not given back and will run out");
        }
        end
    }

    /// Renews a lease until it is lost: to another, or because it could not be renewed for as long as it lasts.
    pub(crate) async fn keep_lease(&self, name: &str, holder: &str) {
        let lasts = self.0.limits.lease;
        let mut renewed = tokio::time::Instant::now();
        while renewed.elapsed() < lasts {
            tokio::time::sleep(lasts / 4).await;
            match self.0.store.renew_lease(name, holder, lasts).await {
                Ok(true) => renewed = tokio::time::Instant::now(),
                Ok(false) => return,
                Err(error) => tracing::error!(error = %error, "a lease could not be renewed"),
            }
        }
    }

    async fn rounds(&self, ctx: &Ctx, code: &RepositoryCode, running: &Running) -> End {
        let mut state = match self.0.store.begin_sync(code).await {
            Ok(Some(state)) => state,
            Ok(None) => return End::Over,
            Err(error) => {
                tracing::error!(error = %error, repository.code = %code, "the index does not answer");
                return End::Anew;
            }
        };
        running.epoch.store(state.epoch, std::sync::atomic::Ordering::SeqCst);
        let mut pace = Pace::default();
        while let Some(entry) = self.0.directory.entry(code).filter(|entry| entry.source.is_some()) {
            let now_ms = self.0.clock.now_ms();
            if !entry.health.may_ask(now_ms) {
                let pause = entry.health.pause(now_ms).max(WAIT);
                if ctx.run(tokio::time::sleep(pause)).await.is_err() {
                    return End::Over;
                }
                continue;
            }
            // Before the look, which mends a part of the drift without a word.
            if let Err(RoundError::Superseded) = self.reconcile_when_due(ctx, &entry, &state).await {
                return End::Anew;
            }
            let pause = match self.round(ctx, &entry, &mut state, &mut pace).await {
                Ok(pause) => pause,
                Err(RoundError::Superseded) => return End::Anew,
                Err(_) => return End::Over,
            };
            if let Some(ahead_ms) = entry.source.as_ref().and_then(|source| source.clock_ahead_ms()) {
                entry.hear(Told::Answer, ahead_ms);
            }
            let waited = ctx.run(async {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = running.wake.notified(), if pace.failures == 0 => {}
                }
            });
            if waited.await.is_err() {
                return End::Over;
            }
        }
        End::Over
    }
}
