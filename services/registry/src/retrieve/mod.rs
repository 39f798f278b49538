//! From stored bytes to the wire: whole objects as streams, frames as byte ranges, nothing decoded unless another form is asked for.

mod cut;
pub(crate) mod encapsulated;
pub(crate) mod encoded;
pub(crate) mod frame_run;
mod held;
mod known;
pub(crate) mod reach;
mod rewrite;
pub(crate) mod uncompressed;

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use index_extract::PathStep;
use index_model::{FrameIndex, InstanceEntry, Span, Uid, transfer_syntax};
use transcode::ImageDescription;

pub(crate) use self::cut::inflated;
pub use self::known::StoredMetadata;
use crate::objects::Objects;
use crate::open::OpenedStudy;
use crate::{Registry, RegistryError};

/// A whole object on its way out.
pub struct InstanceBytes {
    /// What is known of it.
    pub entry: Arc<InstanceEntry>,
    /// Its size.
    pub size_bytes: u64,
    /// Its bytes, as they were received.
    pub stream: BoxStream<'static, io::Result<Bytes>>,
    /// Changes with the bytes.
    pub etag: String,
}

impl std::fmt::Debug for InstanceBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstanceBytes").field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

/// One frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its bytes.
    pub bytes: Bytes,
    /// In which form.
    pub transfer_syntax_uid: String,
    /// The instance it is of.
    pub entry: Arc<InstanceEntry>,
    /// Changes with the bytes.
    pub etag: String,
}

/// Uncompressed little endian pixel data as they lie in an object.
#[derive(Debug, Clone)]
pub struct PixelBytes {
    objects: Objects,
    object: String,
    offset: u64,
    /// Their size.
    pub size_bytes: u64,
}

impl PixelBytes {
    /// A run of them, read in pieces as they are sent.
    pub fn stream(self, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
        let run = self.offset + range.start..self.offset + range.end.min(self.size_bytes);
        let opened = async move { self.objects.stream(&self.object, run).await.map_err(io::Error::other) };
        futures::stream::once(opened).try_flatten().boxed()
    }
}

impl Registry {
    /// The whole object as it was received, fetched from its repository first when it is not held.
    ///
    /// # Errors
    /// As [`Registry::manifest`].
    pub async fn instance(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
    ) -> Result<InstanceBytes, RegistryError> {
        let (entry, object) = self.held(opened, series, instance).await?;
        let size_bytes = entry.size_bytes;
        let stream = self.0.objects.stream_whole(&object, size_bytes).await?;
        let stream = self.in_use(opened, series, stream);
        opened.permit.count(1, size_bytes);
        Ok(InstanceBytes { etag: etag(&entry, 0), entry, size_bytes, stream })
    }

    /// One frame as it is stored, numbered from 1.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] beyond the last frame, else as [`Registry::manifest`].
    pub async fn frame(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
        number: u32,
    ) -> Result<Frame, RegistryError> {
        let (entry, object) = self.held(opened, series, instance).await?;
        if number == 0 || number > entry.frames.count() {
            return Err(no_frame(&entry, number));
        }
        let bytes = match entry.frames.spans(number) {
            Some(spans) => self.read_spans((&object, entry.size_bytes), &spans).await?,
            None => self.cut_frame(opened.demand, &entry, &object, number).await?,
        };
        self.consider(&object, &entry).await;
        let transfer_syntax_uid = frames_syntax(&entry).to_owned();
        opened.permit.count(1, bytes.len() as u64);
        Ok(Frame { bytes, transfer_syntax_uid, etag: etag(&entry, number), entry })
    }

    /// The entry of an instance, whose object is fetched first when it is not held: only then is known where its frames lie.
    ///
    /// # Errors
    /// As [`Registry::instance`].
    pub async fn entry(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
    ) -> Result<Arc<InstanceEntry>, RegistryError> {
        Ok(self.held(opened, series, instance).await?.0)
    }

    /// The whole of PixelData, its padding too, where it lies uncompressed and in little endian; `None` where it does not.
    ///
    /// # Errors
    /// As [`Registry::instance`].
    pub async fn pixel_bytes(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
    ) -> Result<Option<PixelBytes>, RegistryError> {
        let (entry, object) = self.held(opened, series, instance).await?;
        let FrameIndex::Native { offset, .. } = entry.frames else { return Ok(None) };
        let as_it_is = [transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN];
        if !as_it_is.contains(&entry.instance.transfer_syntax_uid.as_str()) {
            return Ok(None);
        }
        // Before a value in little endian, in either representation that OB and OW have, is its length (PS3.5 §7.1).
        let before = self.0.objects.range(&object, offset.saturating_sub(4)..offset).await?;
        let Some(length) = before.first_chunk::<4>().map(|length| u64::from(u32::from_le_bytes(*length))) else {
            return Ok(None);
        };
        let size_bytes = length.min(entry.size_bytes.saturating_sub(offset));
        opened.permit.count(1, size_bytes);
        Ok(Some(PixelBytes { objects: self.0.objects.clone(), object, offset, size_bytes }))
    }

    /// The value of one element, found by its path.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when the instance has no such element, else as [`Registry::instance`].
    pub async fn bulk_value(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
        path: &[PathStep],
    ) -> Result<Bytes, RegistryError> {
        let (_, object) = self.held(opened, series, instance).await?;
        let whole = self.0.objects.get(&object).await?;
        let path = path.to_vec();
        let value = self.0.cpu.run_for(opened.demand, move || {
            index_extract::bulk_value(&whole, &path).map(|value| Bytes::from(value.into_owned()))
        });
        let value = value.await?.ok_or(RegistryError::NotFound)?;
        opened.permit.count(1, value.len() as u64);
        Ok(value)
    }

    /// A stream that is read slowly keeps its series here until its end.
    fn in_use<T: Send + 'static>(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        stream: BoxStream<'static, T>,
    ) -> BoxStream<'static, T> {
        let (registry, row) = (self.clone(), opened.series_by_uid(series).map(|row| row.series_key));
        stream.inspect(move |_| row.iter().for_each(|key| registry.note_use(*key))).boxed()
    }

    /// Runs of an object of this size, joined.
    pub(crate) async fn read_spans(&self, object: (&str, u64), spans: &[Span]) -> Result<Bytes, RegistryError> {
        if let [span] = spans {
            return Ok(self.0.objects.range_kept(object, span.offset..span.offset + span.length).await?);
        }
        let mut frame = BytesMut::new();
        for span in spans {
            frame.extend_from_slice(&self.0.objects.range(object.0, span.offset..span.offset + span.length).await?);
        }
        Ok(frame.freeze())
    }
}

/// Why a frame can't be had. What is there, and can't be cut out, is none that is not found: a reader would take it for an error of the
/// address, and an answer of many would end with it.
pub(crate) fn no_frame(entry: &InstanceEntry, number: u32) -> RegistryError {
    if entry.frames.count() > 0 || number == 0 || number > entry.instance.number_of_frames {
        return RegistryError::NotFound;
    }
    let rule = "where its frames lie in PixelData can't be told: Rows, Columns, BitsAllocated or NumberOfFrames is missing or says less than there is, or its transfer syntax is private";
    RegistryError::NotAcceptable { rule: rule.to_owned() }
}

/// The transfer syntax of an object's frames: what lies inside a deflated data set is not deflated itself.
pub(crate) fn frames_syntax(entry: &InstanceEntry) -> &str {
    match entry.instance.transfer_syntax_uid.as_str() {
        transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
        own => own,
    }
}

pub(crate) fn etag(entry: &InstanceEntry, frame: u32) -> String {
    let hash = entry.sha256.get(..24).unwrap_or(&entry.sha256);
    format!("{hash}-{frame}")
}

/// What the decoder must know of a frame, from the header.
pub(crate) fn describe(
    entry: &InstanceEntry,
    transfer_syntax_uid: &str,
    number: u32,
) -> Result<ImageDescription, RegistryError> {
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(entry.metadata.get()).map_err(RegistryError::internal)?;
    Ok(ImageDescription::from_json(&header, transfer_syntax_uid, number)?)
}

impl From<transcode::TranscodeError> for RegistryError {
    fn from(error: transcode::TranscodeError) -> Self {
        use transcode::TranscodeError as E;
        match error {
            E::Overloaded => Self::Overloaded,
            E::Parameter { parameter: name, rule } => Self::Parameter { name, rule },
            E::Worker(cause) => Self::Internal(Box::new(cause)),
            E::Unsupported { .. } | E::Mismatch { .. } | E::Codec { .. } | E::TimedOut => {
                Self::NotAcceptable { rule: error.to_string() }
            }
        }
    }
}
