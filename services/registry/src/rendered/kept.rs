//! Pictures of large images in object storage: what is slow to make and asked for again, such as the first view of a radiograph, is made
//! once for all processes and for what comes after a start.
//!
//! Only who has leave to see a study comes here: nothing is looked up before the study is opened. A window that somebody chose is one of
//! many that a hand passes through, and is kept in memory only.

use std::sync::Arc;

use bytes::Bytes;
use index_model::InstanceEntry;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use transcode::{RenderOptions, RenderedMedia};

use crate::Registry;
use crate::derived::pixels;
use crate::derived::store::{Derived, PICTURES};
use crate::objects::Objects;

/// Pictures that are written at a time. One more is not kept: it is made again when it is wanted.
const WRITTEN_AT_ONCE: usize = 2;

/// Pictures in object storage.
#[derive(Debug)]
pub(crate) struct Pictures {
    store: Derived,
    writing: Arc<Semaphore>,
}

impl Pictures {
    pub(crate) fn new(objects: Objects, most_bytes: u64) -> Self {
        Self { store: Derived::new(PICTURES, objects, most_bytes), writing: Arc::new(Semaphore::new(WRITTEN_AT_ONCE)) }
    }

    pub(crate) async fn look(&self) -> Result<(), object_store::Error> {
        self.store.look().await
    }

    pub(crate) async fn forget(&self, object: &str) {
        self.store.forget(object).await;
    }
}

/// Raised when pixels come to be drawn otherwise: pictures that were kept before are then found no more, and leave for want of anybody who asks.
const DRAWN: u32 = 2;

/// The end of a picture's name: everything that it depends on beside its object. `None` for a picture that is not kept.
pub(super) fn name_of(numbers: &[u32], options: &RenderOptions, state: &str) -> Option<String> {
    if options.window.is_some() {
        return None;
    }
    let end = match options.media {
        RenderedMedia::Jpeg { .. } => "jpg",
        RenderedMedia::Png => "png",
        RenderedMedia::Gif => "gif",
    };
    let hash = Sha256::digest(format!("{DRAWN} {numbers:?} {options:?} {state}"));
    let name = hash.iter().take(16).fold(String::new(), |name, byte| name + &format!("{byte:02x}"));
    Some(format!("/{name}.{end}"))
}

impl Registry {
    pub(super) async fn kept_picture(&self, object: &str, name: Option<&str>) -> Option<Bytes> {
        let derivatives = &self.0.derivatives;
        let name = name.filter(|_| derivatives.is_enabled())?;
        derivatives.pictures.store.get(object, name).await
    }

    /// Keeps a picture of so many frames behind the answer, where it is one of those that are kept.
    pub(super) fn keep_picture(
        &self,
        (object, entry): (&str, &InstanceEntry),
        name: Option<String>,
        frames: u64,
        picture: &Bytes,
    ) {
        let derivatives = &self.0.derivatives;
        let is_large = || pixels(entry).saturating_mul(frames) >= derivatives.minimum_pixels();
        let Some(name) = name.filter(|_| derivatives.is_enabled() && is_large()) else { return };
        let Ok(place) = Arc::clone(&derivatives.pictures.writing).try_acquire_owned() else { return };
        let (registry, object, picture) = (self.clone(), object.to_owned(), picture.clone());
        self.0.tasks.spawn(async move {
            let derivatives = &registry.0.derivatives;
            derivatives.pictures.store.put(&object, &name, picture).await;
            if derivatives.has_left(&object).await {
                derivatives.pictures.forget(&object).await;
            }
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use transcode::{Viewport, Window, WindowFunction};

    use super::*;

    #[test]
    fn a_picture_is_named_by_all_that_it_depends_on_and_one_through_a_chosen_window_is_not_kept() {
        let plain = RenderOptions::default();
        let viewport = Some(Viewport { width: 8, height: 8, source: None });
        let small = RenderOptions { viewport, ..plain.clone() };
        let names = [
            name_of(&[1], &plain, ""),
            name_of(&[2], &plain, ""),
            name_of(&[1, 2], &plain, ""),
            name_of(&[1], &plain, "a state"),
            name_of(&[1], &small, ""),
            name_of(&[1], &RenderOptions { media: RenderedMedia::Png, ..plain.clone() }, ""),
        ];
        let distinct: std::collections::HashSet<_> = names.iter().flatten().collect();
        assert_eq!(distinct.len(), names.len());
        assert_eq!(name_of(&[1], &plain, ""), names[0]);
        let undated = Sha256::digest(format!("{:?} {plain:?} ", [1]));
        let undated = undated.iter().take(16).fold(String::new(), |name, byte| name + &format!("{byte:02x}"));
        assert!(
            names[0].as_ref().is_some_and(|name| !name.contains(&undated)),
            "a picture from before it was drawn so"
        );
        let window = Some(Window { center: 1.0, width: 2.0, function: WindowFunction::Linear });
        assert_eq!(name_of(&[1], &RenderOptions { window, ..plain }, ""), None);
    }
}
