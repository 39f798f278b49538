//! SOPClassesInStudy (0008,0062): what the headers that are known here say together. No column has it, and only who names it waits for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use index_query::{Attribute, Query, Tag};
use serde_json::json;

use super::Header;
use crate::{Registry, RegistryError};

/// Studies whose classes one search gathers to compare them: each has all its series read.
pub(super) const MOST_COMPARED: u32 = 100;

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
        let mut classes = BTreeSet::new();
        for series in self.0.store.series_of_study(study_key).await? {
            let manifest = match self.known_manifest(series.series_key).await {
                Ok(manifest) => manifest,
                // Rejected meanwhile.
                Err(RegistryError::NotFound) => continue,
                Err(error) => return Err(error),
            };
            classes.extend(manifest.entries.iter().map(|entry| entry.instance.sop_class_uid.clone()));
        }
        let classes: Vec<_> = classes.iter().map(index_model::Uid::as_str).collect();
        let mut header = Arc::unwrap_or_clone(header);
        header.insert("00080062".to_owned(), json!({ "vr": "UI", "Value": classes }));
        Ok(Arc::new(header))
    }
}
