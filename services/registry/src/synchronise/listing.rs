//! Sources that only list (folders and buckets): each new object's header is read and indexed where it lies.

use adapter_api::{ImagingSource, Part, StudyFilter};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use index_store::{SyncPhase, SyncState};
use runtime::Ctx;

use crate::Registry;
use crate::directory::Entry;
use crate::synchronise::RoundError;

impl Registry {
    /// Lists what changed since the saved mark. A mark is saved only after all before it is in the index.
    pub(super) async fn look_through_listing(
        &self,
        ctx: &Ctx,
        entry: &Entry,
        source: &dyn ImagingSource,
        mut state: SyncState,
        permit: &access::Permit,
    ) -> Result<(), RoundError> {
        let code = &entry.definition.code;
        if state.phase == SyncPhase::Waiting {
            state.phase = SyncPhase::Indexing;
            self.save(code, &state).await?;
        }
        let filter = StudyFilter { changed_after: state.cursor.clone(), ..StudyFilter::default() };
        let mut listed = source.list(ctx, &filter);
        let mut under_way = FuturesUnordered::new();
        while let Some(part) = listed.next().await {
            match part? {
                Part::Object { object, remote } => {
                    permit.count(1, object.len() as u64);
                    under_way.push(self.take_note(code, object, remote));
                    if under_way.len() >= entry.definition.concurrency as usize {
                        under_way.next().await;
                    }
                    state.indexed += 1;
                }
                Part::Mark(mark) => {
                    while under_way.next().await.is_some() {}
                    self.0.synchronisers.heard_from(code, self.0.clock.now_ms());
                    state.cursor = Some(mark);
                    self.save(code, &state).await?;
                }
                Part::Delivered { .. } => {}
            }
        }
        while under_way.next().await.is_some() {}
        self.finished(&mut state);
        self.save(code, &state).await
    }
}
