//! What a sender may delete because it is here for good (PS3.4 annex J): the index says what is held, the manifests of what class each is.

use std::collections::BTreeMap;

use index_model::Uid;

use crate::{Registry, RegistryError};

impl Registry {
    /// Which of these instances are held and shown, each with its SOP class. They are kept from now on.
    pub(super) async fn commit(&self, instances: &[Uid]) -> Result<BTreeMap<Uid, Uid>, RegistryError> {
        let held = self.0.store.commit_to(instances).await?;
        let mut of_series: BTreeMap<i64, Vec<Uid>> = BTreeMap::new();
        for (instance, series_key) in held {
            of_series.entry(series_key).or_default().push(instance);
        }
        let mut classes = BTreeMap::new();
        for (series_key, instances) in of_series {
            let manifest = match self.known_manifest(series_key).await {
                Ok(manifest) => manifest,
                // Rejected meanwhile.
                Err(RegistryError::NotFound) => continue,
                Err(error) => return Err(error),
            };
            classes.extend(instances.into_iter().filter_map(|instance| {
                let class = manifest.entry(&instance)?.instance.sop_class_uid.clone();
                Some((instance, class))
            }));
        }
        Ok(classes)
    }
}
