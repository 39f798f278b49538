//! How a repository is reached: its address, its slots, and the associations that are kept for the next query.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use adapter_api::SourceError;
use dimse::association::{Address, Association, AssociationError, Prompt, Proposal, ProposedContext};
use index_model::{AeTitle, DimseAddress, RepositoryCode, Uid};
use runtime::Ctx;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use super::error::of_association;
use crate::options::DimseOptions;

/// How long an association waits for the next query. A study's series and instances are asked for one after the other, and each association
/// costs three round trips and an entry in the peer's log; archives close idle ones after 30 s and more.
const KEEP: Duration = Duration::from_secs(5);

/// One repository's connections. Open associations, used or kept, never exceed its concurrency.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) code: RepositoryCode,
    pub(super) address: DimseAddress,
    /// The same, as it is connected to.
    peer: Address,
    pub(super) own_ae: AeTitle,
    pub(super) options: DimseOptions,
    concurrency: usize,
    slots: Arc<Semaphore>,
    /// Query associations that nobody uses at the moment, the longest unused first.
    kept: Mutex<Vec<Kept>>,
    /// Associations that are being ended after their caller has gone.
    endings: TaskTracker,
}

#[derive(Debug)]
struct Kept {
    association: Association<Prompt>,
    since: Instant,
}

impl Link {
    pub(super) fn new(
        code: RepositoryCode,
        address: DimseAddress,
        own_ae: AeTitle,
        options: DimseOptions,
        concurrency: u32,
    ) -> Self {
        let concurrency = usize::try_from(concurrency.clamp(1, 64)).unwrap_or(1);
        let slots = Arc::new(Semaphore::new(concurrency));
        let tls = options.tls.clone().filter(|_| address.tls);
        let peer = Address { host: address.host.clone(), port: address.port, tls };
        let (kept, endings) = (Mutex::default(), TaskTracker::new());
        Self { code, address, peer, own_ae, options, concurrency, slots, kept, endings }
    }

    /// Waits for a free slot.
    pub(super) async fn slot(&self, ctx: &Ctx) -> Result<Option<OwnedSemaphorePermit>, SourceError> {
        // The semaphore is never closed.
        Ok(ctx.run(Arc::clone(&self.slots).acquire_owned()).await?.ok())
    }

    /// Opens an association, after closing a kept one if the repository has as many as it may. The caller holds a slot.
    pub(super) async fn associate(
        &self,
        contexts: Vec<ProposedContext>,
    ) -> Result<Association<Prompt>, AssociationError> {
        let used = self.concurrency.saturating_sub(self.slots.available_permits());
        let surplus = {
            let mut kept = self.lock();
            if !kept.is_empty() && used + kept.len() > self.concurrency { Some(kept.remove(0)) } else { None }
        };
        if let Some(Kept { association, .. }) = surplus {
            association.release().await;
        }
        // What is to be kept from others' eyes never goes in clear.
        if self.address.tls && self.peer.tls.is_none() {
            return Err(AssociationError::Tls(std::io::Error::other("TLS is not set up here")));
        }
        let proposal = Proposal { calling: self.own_ae.clone(), called: self.address.ae_title.clone(), contexts };
        let limit = self.options.association;
        let mut association = Association::connect(&self.peer, &proposal, limit).await?;
        association.set_patience(self.options.first_response);
        Ok(association)
    }

    /// The query association that was used last, if it is fresh.
    pub(super) fn kept(&self) -> Option<Association<Prompt>> {
        self.lock().pop().filter(|kept| kept.since.elapsed() < KEEP).map(|kept| kept.association)
    }

    /// Keeps a query association for a while, on which nothing runs.
    pub(super) fn keep(self: &Arc<Self>, association: Association<Prompt>) {
        self.lock().push(Kept { association, since: Instant::now() });
        let link = Arc::downgrade(self);
        self.finish_later(async move {
            tokio::time::sleep(KEEP).await;
            let Some(link) = link.upgrade() else { return };
            let old: Vec<_> = link.lock().extract_if(.., |kept| kept.since.elapsed() >= KEEP).collect();
            for Kept { association, .. } in old {
                association.release().await;
            }
        });
    }

    /// Runs what ends an association; the caller does not wait.
    pub(super) fn finish_later(&self, work: impl Future<Output = ()> + Send + 'static) {
        // Without a runtime (it is shutting down) the connection just closes.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            self.endings.spawn_on(work, &runtime);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this repository has sent something to our receiver lately.
    pub(super) fn is_delivering(&self) -> bool {
        let since = self.options.deliveries.since(&self.address.ae_title);
        since.is_some_and(|since| since < self.options.inactivity)
    }

    /// One of our constants.
    pub(super) fn uid(&self, constant: &'static str) -> Result<Uid, SourceError> {
        Uid::parse(constant).map_err(|_| self.malformed("nothing; a UID of ours is wrong"))
    }

    pub(super) fn failure(&self, error: AssociationError) -> SourceError {
        of_association(&self.code, error)
    }

    pub(super) fn malformed(&self, rule: impl Into<String>) -> SourceError {
        SourceError::Malformed { repository: self.code.clone(), rule: rule.into() }
    }
}
