//! What is known of a series: its manifest, and the metadata that lie ready.

use std::sync::Arc;

use bytes::Bytes;
use index_model::Uid;

use super::held::nothing;
use crate::open::OpenedStudy;
use crate::{Manifest, Registry, RegistryError};

/// The metadata of a whole series, ready-made.
#[derive(Debug, Clone)]
pub struct StoredMetadata {
    /// A DICOM JSON array, compressed with gzip.
    pub gzip: Bytes,
    /// What bulk data URIs in it begin with, before their path.
    pub origin: String,
    /// Changes with the array.
    pub etag: String,
    /// Whether it has every instance that the repositories declare.
    pub complete: bool,
}

impl Registry {
    /// The manifest of one series; headers are read from the repositories when they are not known yet.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] for a series that is not in the study; [`RegistryError::Unavailable`] or
    /// [`RegistryError::Incomplete`] when nothing is known and the repositories give nothing.
    pub async fn manifest(&self, opened: &OpenedStudy, series: &Uid) -> Result<Arc<Manifest>, RegistryError> {
        let series = opened.series_by_uid(series).ok_or(RegistryError::NotFound)?;
        let (manifest, failed) = self.ensure_headers(opened, series).await?;
        if !manifest.entries.is_empty() {
            return Ok(manifest);
        }
        Err(nothing(failed))
    }

    /// The instances of a series whose headers are known, in their order; no repository is asked for the others.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] for a series that is not in the study.
    pub async fn known_instances(&self, opened: &OpenedStudy, series: &Uid) -> Result<Vec<Uid>, RegistryError> {
        let series = opened.series_by_uid(series).ok_or(RegistryError::NotFound)?;
        let manifest = self.known_manifest(series.series_key).await?;
        Ok(manifest.entries.iter().map(|entry| entry.instance.sop_instance_uid.clone()).collect())
    }

    /// The ready-made metadata of a series that is wholly known; `None` while it still arrives.
    ///
    /// # Errors
    /// As [`Registry::manifest`].
    pub async fn stored_metadata(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
    ) -> Result<Option<StoredMetadata>, RegistryError> {
        let manifest = self.manifest(opened, series).await?;
        match &manifest.base {
            Some(base) if manifest.pending == 0 && !manifest.is_stale => {
                let gzip = self.0.objects.get_kept(base).await?;
                let complete = opened.shortfall(series, &manifest).is_none();
                let (etag, origin) = (manifest.etag.clone(), manifest.origin.clone());
                Ok(Some(StoredMetadata { gzip, origin, etag, complete }))
            }
            _ => Ok(None),
        }
    }
}
