//! Sources that only list (folders and buckets): each new object's header is read and indexed where it lies.

use std::time::Duration;

use adapter_api::{ImagingSource, Part, StoreAnswer, StudyFilter};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use index_store::{SyncPhase, SyncState};
use runtime::Ctx;
use tokio::task::JoinHandle;

use crate::repositories::directory::Entry;
use crate::synchronise::RoundError;
use crate::synchronise::cut_off::CutOff;
use crate::{Registry, RegistryError};

impl Registry {
    /// Lists what changed since the saved mark. A mark is saved only after all before it is in the index.
    /// Gives how soon another look is worth it, where something was still being written.
    pub(super) async fn look_through_listing(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        source: &dyn ImagingSource,
        state: &mut SyncState,
        permit: &access::Permit,
    ) -> Result<Option<Duration>, RoundError> {
        let code = &entry.definition.code;
        if state.phase == SyncPhase::Waiting {
            state.phase = SyncPhase::Indexing;
            self.save(code, state).await?;
        }
        let filter = StudyFilter { changed_after: state.cursor.clone(), ..StudyFilter::default() };
        let cut_off = CutOff::default();
        let mut listed = cut_off.apart(source.list(ctx, &filter));
        let mut under_way = FuturesUnordered::new();
        let mut again = None;
        while let Some(part) = listed.next().await {
            match part? {
                Part::Object { object, remote } => {
                    permit.count(1, object.len() as u64);
                    // A task of its own, so that its writing goes on while the next object is read.
                    let (registry, code) = (self.clone(), code.clone());
                    under_way.push(self.0.tasks.spawn(async move { registry.take_note(&code, object, remote).await }));
                    if under_way.len() >= entry.definition.concurrency as usize {
                        wait_for(&mut under_way).await?;
                    }
                    state.indexed += 1;
                }
                Part::Mark(mark) => {
                    while wait_for(&mut under_way).await? {}
                    self.0.synchronisers.heard_from(code, self.0.clock.now_ms());
                    state.cursor = Some(mark);
                    self.save(code, state).await?;
                }
                Part::Unsettled(soon) => again = Some(soon),
                Part::Delivered { .. } => {}
            }
        }
        while wait_for(&mut under_way).await? {}
        drop(listed);
        if let Some(words) = cut_off.words() {
            self.note(code, self.0.clock.now_ms(), Some(&words), None).await;
        }
        self.finished(state);
        self.save(code, state).await?;
        Ok(again)
    }
}

/// One object more is in the index, or put aside. What could not be kept now is listed again, because the mark is not moved past it.
async fn wait_for(under_way: &mut FuturesUnordered<JoinHandle<StoreAnswer>>) -> Result<bool, RoundError> {
    match under_way.next().await {
        None => Ok(false),
        Some(Ok(
            StoreAnswer::Stored
            | StoreAnswer::OtherHeader
            | StoreAnswer::Disputed
            | StoreAnswer::Quarantined { .. }
            | StoreAnswer::Duplicate
            | StoreAnswer::Rejected,
        )) => Ok(true),
        Some(Ok(StoreAnswer::OutOfResources | StoreAnswer::NotAuthorised)) => {
            Err(RegistryError::internal("an object could not be indexed").into())
        }
        Some(Err(error)) => Err(RegistryError::internal(error).into()),
    }
}
