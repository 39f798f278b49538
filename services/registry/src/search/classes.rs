//! SOPClassesInStudy (0008,0062): what the headers that are known here say together. No column has it, and only who names it waits for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt, stream};
use index_query::{Attribute, Query, Tag};
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

impl Registry {
    /// A header of a study, with the SOP classes of all its instances whose headers are known here.
    pub(super) async fn with_classes(&self, study_key: i64, header: Arc<Header>) -> Result<Arc<Header>, RegistryError> {
        let series = self.0.store.series_of_study(study_key).await?;
        let manifests = stream::iter(series).map(|series| async move { self.known_manifest(series.series_key).await });
        let (mut classes, mut manifests) = (BTreeSet::new(), manifests.buffer_unordered(SERIES_AT_ONCE));
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
