//! Rendered frames, made once and kept for a while, bounded in bytes.

pub(crate) mod header;
pub(crate) mod kept;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use index_model::{InstanceEntry, Uid};
use transcode::{ImageDescription, Presentation, RenderOptions, Rendered, RenderedMedia};

use crate::open::OpenedStudy;
use crate::retrieve::no_frame;
use crate::{Registry, RegistryError};
use header::Header;
use kept::name_of;

/// The bytes of the object, the frames, and how they are wanted.
type Key = (String, Vec<u32>, String);

/// Rendered frames in memory. Many who ask for the same one cause one rendering.
#[derive(Debug)]
pub(crate) struct RenderedCache(moka::future::Cache<Key, Arc<Picture>>);

/// A rendered image.
#[derive(Debug)]
pub struct Picture {
    /// Itself, encoded.
    pub bytes: Bytes,
    /// Its media type.
    pub media_type: &'static str,
    /// Tells it from any other picture; not a defence against anybody.
    pub etag: String,
}

impl Picture {
    fn new(bytes: Bytes, media_type: &'static str) -> Self {
        use std::hash::Hasher;
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(&bytes);
        Self { etag: format!("{:016x}", hasher.finish()), bytes, media_type }
    }
}

impl From<Rendered> for Picture {
    fn from(rendered: Rendered) -> Self {
        Self::new(rendered.bytes, rendered.media_type)
    }
}

impl RenderedCache {
    pub(crate) fn new(bytes: u64) -> Self {
        let weigher = |key: &Key, picture: &Arc<Picture>| {
            u32::try_from(picture.bytes.len() + 4 * key.1.len() + 400).unwrap_or(u32::MAX)
        };
        Self(moka::future::Cache::builder().max_capacity(bytes).weigher(weigher).build())
    }

    /// The picture, made by the first who asks; the others wait for it. A failure is told to all who waited, and not kept.
    async fn get_or_make(
        &self,
        opened: &OpenedStudy,
        key: Key,
        make: impl Future<Output = Result<Picture, RegistryError>>,
    ) -> Result<Arc<Picture>, RegistryError> {
        // On the heap: the cache wraps the work several times, and each wrapping holds all of it.
        let make = Box::pin(make);
        let make = async { make.await.map(Arc::new) };
        let entry = self.0.entry(key).or_try_insert_with(make).await.map_err(RegistryError::of_shared)?;
        // Who had it made has the stored frame on the account already.
        if !entry.is_fresh() {
            opened.permit.count(1, entry.value().bytes.len() as u64);
        }
        Ok(entry.into_value())
    }
}

/// One frame to be shown, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownFrame {
    /// SeriesInstanceUID of the image.
    pub series: Uid,
    /// SOPInstanceUID of the image.
    pub instance: Uid,
    /// The frame, from 1.
    pub number: u32,
    /// Series and instance of the presentation state that it is shown with.
    pub presentation: Option<(Uid, Uid)>,
}

/// The time of a frame when the object does not record it.
const FRAME_TIME: Duration = Duration::from_millis(100);

impl Registry {
    /// What decodes and renders, as urgently as this study is wanted.
    pub(crate) fn transcoder(&self, opened: &OpenedStudy) -> transcode::Transcoder {
        self.0.transcoder.for_demand(opened.demand)
    }

    /// One frame as a picture, numbered from 1 (PS3.18 §8.3.5).
    ///
    /// # Errors
    /// [`RegistryError::NotAcceptable`] when it can't be decoded or rendered, [`RegistryError::Parameter`] when that is for an option,
    /// else as [`Registry::frame`].
    pub async fn rendered(
        &self,
        opened: &OpenedStudy,
        shown: &ShownFrame,
        options: &RenderOptions,
    ) -> Result<Arc<Picture>, RegistryError> {
        let (entry, object) = self.held(opened, &shown.series, &shown.instance).await?;
        if shown.number == 0 || shown.number > entry.frames.count() {
            return Err(no_frame(&entry, shown.number));
        }
        let state = match &shown.presentation {
            Some((series, instance)) => Some((series, self.held(opened, series, instance).await?.0)),
            None => None,
        };
        let state_hash = state.as_ref().map_or("", |(_, state)| state.sha256.as_str());
        let key = (entry.sha256.clone(), vec![shown.number], format!("{options:?}{state_hash}"));
        let name = name_of(&key.1, options, state_hash);
        let make = async {
            if let Some(kept) = self.kept_picture(&object, name.as_deref()).await {
                opened.permit.count(1, kept.len() as u64);
                return Ok(Picture::new(kept, options.media.media_type()));
            }
            let header = self.header(opened, &shown.series, &entry).await?;
            let stored = self.frame(opened, &shown.series, &shown.instance, shown.number).await?;
            let mut image = describe(&header, &stored.transfer_syntax_uid, shown.number, options)?;
            if let Some((series, state)) = state {
                let state = self.header(opened, series, &state).await?;
                image.presentation = Some(Arc::new(Presentation::from_json(&state.0, &header.0, shown.number)?));
            }
            let frame = self.to_decode(opened, &shown.series, &image, stored).await?;
            let transcoder = &self.transcoder(opened);
            let render = |image, frame| async move { transcoder.render(&image, frame, options).await };
            let rendered = self.with_fastest(&object, (image, frame), render).await?;
            self.keep_picture((&object, &entry), name, 1, &rendered.bytes);
            Ok(rendered.into())
        };
        self.0.rendered.get_or_make(opened, key, make).await
    }

    /// A picture that says why another can't be shown, for an answer of many, in which nothing may be missing without a word.
    ///
    /// # Errors
    /// As [`Registry::rendered`].
    pub async fn told_in_words(
        &self,
        opened: &OpenedStudy,
        why: &str,
        options: &RenderOptions,
    ) -> Result<Picture, RegistryError> {
        let words = format!("This image can't be shown: {why}");
        Ok(Picture::from(self.transcoder(opened).render_words(words, options).await?))
    }

    /// Frames of one image as an animated GIF, at the pace that the object records.
    ///
    /// # Errors
    /// As [`Registry::rendered`].
    pub async fn animated(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
        numbers: &[u32],
        options: &RenderOptions,
    ) -> Result<Arc<Picture>, RegistryError> {
        let (entry, object) = self.held(opened, series, instance).await?;
        if let Some(number) = numbers.iter().find(|number| **number == 0 || **number > entry.frames.count()) {
            return Err(no_frame(&entry, *number));
        }
        let key = (entry.sha256.clone(), numbers.to_vec(), format!("{options:?}"));
        let name = name_of(numbers, options, "");
        let make = async {
            if let Some(kept) = self.kept_picture(&object, name.as_deref()).await {
                opened.permit.count(1, kept.len() as u64);
                return Ok(Picture::new(kept, options.media.media_type()));
            }
            let header = self.header(opened, series, &entry).await?;
            let header = &*header;
            let frames = stream::iter(numbers).then(|number| async move {
                let stored = self.frame(opened, series, instance, *number).await?;
                let image = describe(header, &stored.transfer_syntax_uid, *number, options)?;
                let frame = self.to_decode(opened, series, &image, stored).await?;
                Ok::<(ImageDescription, Bytes), RegistryError>((image, frame))
            });
            let pace = header.frame_time().unwrap_or(FRAME_TIME);
            let rendered = self.transcoder(opened).render_animation(frames.boxed(), options, pace).await?;
            self.keep_picture((&object, &entry), name, numbers.len() as u64, &rendered.bytes);
            Ok(rendered.into())
        };
        self.0.rendered.get_or_make(opened, key, make).await
    }

    /// The frames that a presentation state refers to, in its order, as far as they are in the study.
    ///
    /// # Errors
    /// [`RegistryError::NotAcceptable`] when it refers to none of the study's images, else as [`Registry::instance`].
    pub async fn presented_frames(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        state: &InstanceEntry,
    ) -> Result<Vec<ShownFrame>, RegistryError> {
        let instance = &state.instance.sop_instance_uid;
        let (state, _) = self.held(opened, series, instance).await?;
        let header = self.header(opened, series, &state).await?;
        let mut shown = Vec::new();
        for image in Presentation::references(&header.0) {
            let uids = Uid::parse(&image.series_instance_uid).ok().zip(Uid::parse(&image.sop_instance_uid).ok());
            let Some((image_series, image_instance)) = uids else { continue };
            let found = match self.manifest(opened, &image_series).await {
                Ok(manifest) => manifest.entry(&image_instance).map(Arc::clone),
                Err(RegistryError::NotFound) => None,
                Err(other) => return Err(other),
            };
            let Some(found) = found else { continue };
            let count = found.frames.count().max(found.instance.number_of_frames);
            let numbers = if image.frames.is_empty() { (1..=count).collect() } else { image.frames };
            if numbers.iter().any(|number| *number > count) {
                let rule = "the presentation state refers to a frame that its image does not have".to_owned();
                return Err(RegistryError::NotAcceptable { rule });
            }
            shown.extend(numbers.into_iter().map(|number| ShownFrame {
                series: image_series.clone(),
                instance: image_instance.clone(),
                number,
                presentation: Some((series.clone(), instance.clone())),
            }));
        }
        if shown.is_empty() {
            let rule = "the presentation state refers to no image of this study".to_owned();
            return Err(RegistryError::NotAcceptable { rule });
        }
        Ok(shown)
    }

    /// Runs arithmetic of a face on the threads that are for it.
    ///
    /// # Errors
    /// [`RegistryError::Overloaded`], or [`RegistryError::Internal`] when it panicked.
    pub async fn compute<T: Send + 'static>(
        &self,
        opened: &OpenedStudy,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RegistryError> {
        Ok(self.0.cpu.run_for(opened.demand, work).await?)
    }

    /// A picture that tells the kind of what has none.
    ///
    /// # Errors
    /// As [`Registry::rendered`].
    pub async fn icon(
        &self,
        opened: &OpenedStudy,
        word: &'static str,
        size: (u32, u32),
        media: RenderedMedia,
    ) -> Result<Picture, RegistryError> {
        Ok(self.transcoder(opened).render_icon(word, size, media).await?.into())
    }
}

fn describe(
    header: &Header,
    transfer_syntax_uid: &str,
    number: u32,
    options: &RenderOptions,
) -> Result<ImageDescription, RegistryError> {
    let image = ImageDescription::from_json(&header.0, transfer_syntax_uid, number)?;
    let annotation = options.annotation;
    Ok(if annotation.patient || annotation.technique { image.captioned(&header.0) } else { image })
}
