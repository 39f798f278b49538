//! SOPClassesInStudy (0008,0062): what the headers that are known here say together. No column has it, and only who names it waits for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{Stream, StreamExt, stream};
use index_query::{Attribute, Query, Tag};
use index_store::SeriesRow;
use serde_json::json;

use super::Header;
use crate::{Registry, RegistryError};

/// Studies whose classes one search gathers to compare them: each has all its series read.
pub(super) const MOST_COMPARED: u32 = 100;

/// Series of a study whose manifests are read at a time.
const SERIES_AT_ONCE: usize = 4;

/// Whether an attribute is SOPClassesInStudy.
pub(super) fn is_classes(attribute: &Attribute) -> bool {
    attribute.path == [Tag(0x0008, 0x0062)]
}

/// Whether a search asks for it by name, to match or to return.
pub(super) fn wants_classes(query: &Query) -> bool {
    query.include.attributes.iter().chain(query.matches.iter().map(|one| &one.attribute)).any(is_classes)
}

/// Reads the series of one study, a few at a time: a study may have hundreds, and a manifest megabytes.
fn side_by_side<F: Future>(keys: Vec<i64>, read: impl Fn(i64) -> F) -> impl Stream<Item = F::Output> {
    stream::iter(keys).map(read).buffer_unordered(SERIES_AT_ONCE)
}

impl Registry {
    /// A header of a study of these series, with the SOP classes of all its instances whose headers are known here.
    pub(super) async fn with_classes(
        &self,
        series: &[SeriesRow],
        header: Arc<Header>,
    ) -> Result<Arc<Header>, RegistryError> {
        let keys: Vec<i64> = series.iter().map(|row| row.series_key).collect();
        let mut manifests = std::pin::pin!(side_by_side(keys, |key| self.known_manifest(key)));
        let mut classes = BTreeSet::new();
        while let Some(manifest) = manifests.next().await {
            match manifest {
                Ok(manifest) => {
                    classes.extend(manifest.entries.iter().map(|entry| entry.instance.sop_class_uid.clone()));
                }
                // Rejected meanwhile.
                Err(RegistryError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        let classes: Vec<_> = classes.iter().map(index_model::Uid::as_str).collect();
        let mut header = Arc::unwrap_or_clone(header);
        header.insert("00080062".to_owned(), json!({ "vr": "UI", "Value": classes }));
        Ok(Arc::new(header))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::StreamExt;

    use super::{SERIES_AT_ONCE, side_by_side};

    #[tokio::test]
    async fn no_more_than_a_few_manifests_of_a_study_are_in_hand_at_a_time() {
        let (under_way, most) = (Cell::new(0), Cell::new(0));
        let read = |key: i64| {
            let (under_way, most) = (&under_way, &most);
            async move {
                under_way.set(under_way.get() + 1);
                most.set(most.get().max(under_way.get()));
                for _ in 0..key % 5 {
                    tokio::task::yield_now().await;
                }
                under_way.set(under_way.get() - 1);
                key
            }
        };
        let mut came: Vec<i64> = side_by_side((0..60).collect(), read).collect().await;
        came.sort_unstable();
        assert_eq!(came, (0..60).collect::<Vec<_>>());
        assert_eq!(most.get(), SERIES_AT_ONCE);
    }
}
