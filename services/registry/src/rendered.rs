//! Rendered frames, made once and kept for a while, bounded in bytes.

use std::sync::Arc;

use index_model::Uid;
use transcode::{RenderOptions, Rendered};

use crate::open::OpenedStudy;
use crate::retrieve::describe;
use crate::{Registry, RegistryError};

/// The bytes of the object, the frame, and how it is wanted.
type Key = (String, u32, String);

/// Rendered frames in memory. Many who ask for the same one cause one rendering.
#[derive(Debug)]
pub(crate) struct RenderedCache(moka::future::Cache<Key, Arc<Rendered>>);

impl RenderedCache {
    pub(crate) fn new(bytes: u64) -> Self {
        let weigher = |_: &Key, rendered: &Arc<Rendered>| u32::try_from(rendered.bytes.len() + 200).unwrap_or(u32::MAX);
        Self(moka::future::Cache::builder().max_capacity(bytes).weigher(weigher).build())
    }
}

impl Registry {
    /// One frame as a picture, numbered from 1 (PS3.18 §8.3.5).
    ///
    /// # Errors
    /// [`RegistryError::NotAcceptable`] when it can't be decoded or rendered, else as [`Registry::frame`].
    pub async fn rendered(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
        number: u32,
        options: &RenderOptions,
    ) -> Result<Arc<Rendered>, RegistryError> {
        let (entry, _) = self.held(opened, series, instance).await?;
        if number == 0 || number > entry.frames.count() {
            return Err(RegistryError::NotFound);
        }
        let key = (entry.sha256.clone(), number, format!("{options:?}"));
        if let Some(rendered) = self.0.rendered.0.get(&key).await {
            opened.permit.count(1, rendered.bytes.len() as u64);
            return Ok(rendered);
        }
        let stored = self.frame(opened, series, instance, number).await?;
        let image = describe(&entry, &stored.transfer_syntax_uid, number)?;
        let rendered = Arc::new(self.0.transcoder.render(&image, stored.bytes, options).await?);
        self.0.rendered.0.insert(key, Arc::clone(&rendered)).await;
        Ok(rendered)
    }
}
