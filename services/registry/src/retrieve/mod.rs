//! From stored bytes to the wire: whole objects as streams, frames as byte ranges, nothing decoded unless another form is asked for.

pub(crate) mod encapsulated;
pub(crate) mod encoded;
pub(crate) mod frame_run;
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
use index_guard::PixelData;
use index_model::{FrameIndex, InstanceEntry, RepositoryCode, Span, Uid, transfer_syntax};
use index_store::SeriesRow;
use runtime::Demand;
use transcode::ImageDescription;

use crate::fetch::{Failed, told};
use crate::objects::Objects;
use crate::open::OpenedStudy;
use crate::{Manifest, Registry, RegistryError};

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

    /// The entry of an instance whose bytes are here, and their name.
    pub(crate) async fn held(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
    ) -> Result<(Arc<InstanceEntry>, String), RegistryError> {
        let row = opened.series_by_uid(series).ok_or(RegistryError::NotFound)?;
        self.note_use(row.series_key);
        let known = self.known_manifest(row.series_key).await?;
        if let Some(held) = held_entry(&known, instance) {
            return Ok(held);
        }
        let (manifest, failed) = self.ensure_headers(opened, row).await?;
        if let Some(held) = held_entry(&manifest, instance) {
            return Ok(held);
        }
        let Some((from, entry)) = manifest.entry_of(instance) else {
            return Err(if failed.is_empty() { RegistryError::NotFound } else { nothing(failed) });
        };
        // Who gave the header may no longer have the object, or not answer; then whoever else has the series is asked.
        let copies = self.copies(opened, row.series_key).await?;
        let has = copies.iter().any(|copy| copy.repository == *from);
        let mut others = copies.iter().map(|copy| &copy.repository).filter(|code| self.can_be_asked(code));
        let other = others.find(|code| *code != from && (!has || self.answers(code)));
        match other {
            Some(other) if !has || !self.answers(from) => {
                self.fetch_and_find(opened, row, instance, (other, None)).await
            }
            _ if has => self.fetch_and_find(opened, row, instance, (from, entry.remote.clone())).await,
            _ => Err(RegistryError::Gone { repositories: vec![from.clone()] }),
        }
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

    async fn fetch_and_find(
        &self,
        opened: &OpenedStudy,
        row: &SeriesRow,
        instance: &Uid,
        (from, remote): (&RepositoryCode, Option<String>),
    ) -> Result<(Arc<InstanceEntry>, String), RegistryError> {
        let fetch = self.ensure_held(opened, row, instance, remote, from);
        let fetched = tokio::time::timeout(self.0.limits.first_image, fetch).await;
        fetched.map_err(|_| RegistryError::Unavailable { repositories: vec![from.clone()] })??;
        let manifest = self.known_manifest(row.series_key).await?;
        held_entry(&manifest, instance)
            .ok_or_else(|| told(from, Failed::Incomplete("the instance did not come".to_owned())))
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

    /// Frames that don't lie on byte boundaries, or inside a deflated data set.
    async fn cut_frame(
        &self,
        demand: Demand,
        entry: &InstanceEntry,
        object: &str,
        number: u32,
    ) -> Result<Bytes, RegistryError> {
        let whole = self.0.objects.get(object).await?;
        let index = entry.frames.clone();
        let cut = self.0.cpu.run_for(demand, move || match index {
            FrameIndex::Native { offset, frame_bits, count } if number <= count => {
                let value = whole.get(usize::try_from(offset).ok()?..)?;
                cut_bits(value, u64::from(number - 1) * frame_bits, frame_bits)
            }
            FrameIndex::Deflated { count } if number <= count => {
                let value = inflated(&whole)?;
                let bits = value.len() as u64 * 8 / u64::from(count);
                cut_bits(&value, u64::from(number - 1) * bits, bits)
            }
            _ => None,
        });
        cut.await?.ok_or(RegistryError::NotFound)
    }
}

/// Pixel Data out of a deflated data set.
pub(crate) fn inflated(file: &[u8]) -> Option<Bytes> {
    let scanned = index_guard::scan_file(file, &index_guard::Limits::default()).ok()?;
    let Some(PixelData::Native { offset, length }) = scanned.pixel_data else { return None };
    let inflated = Bytes::from(scanned.inflated?);
    (offset.checked_add(length)? <= inflated.len()).then(|| inflated.slice(offset..offset + length))
}

/// `bits` bits from bit `start`, packed from the least significant bit on (PS3.5 §8.1.1); what is left of the last byte is zero.
fn cut_bits(value: &[u8], start: u64, bits: u64) -> Option<Bytes> {
    let first = usize::try_from(start / 8).ok()?;
    let length = usize::try_from(bits.div_ceil(8)).ok()?;
    let shift = (start % 8) as u32;
    let end = first.checked_add(length)?;
    if usize::try_from((start + bits).div_ceil(8)).ok()? > value.len() {
        return None;
    }
    let byte = |at: usize| u16::from(value.get(at).copied().unwrap_or(0));
    let mut cut: Vec<u8> = match shift {
        0 => value.get(first..end)?.to_vec(),
        _ => (first..end).map(|at| ((byte(at) | (byte(at + 1) << 8)) >> shift) as u8).collect(),
    };
    if let (Some(last), used @ 1..) = (cut.last_mut(), bits % 8) {
        *last &= (1u8 << used) - 1;
    }
    Some(cut.into())
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

fn held_entry(manifest: &Manifest, instance: &Uid) -> Option<(Arc<InstanceEntry>, String)> {
    let entry = manifest.entry(instance)?;
    Some((Arc::clone(entry), entry.object.clone()?))
}

/// Nothing is known, and this is why.
fn nothing(mut failed: Vec<(RepositoryCode, Failed)>) -> RegistryError {
    match failed.len() {
        0 => RegistryError::NotFound,
        1 => {
            let (code, why) = failed.remove(0);
            told(&code, why)
        }
        _ => RegistryError::Unavailable { repositories: failed.into_iter().map(|(code, _)| code).collect() },
    }
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::cut_bits;

    #[test]
    fn frames_of_one_bit_images_are_cut_between_bytes() {
        // Two frames of 12 bits: 0xABC and 0x123, least significant bit first.
        let packed = [0xbc, 0x3a, 0x12];
        assert_eq!(&cut_bits(&packed, 0, 12).unwrap()[..], &[0xbc, 0x0a]);
        assert_eq!(&cut_bits(&packed, 12, 12).unwrap()[..], &[0x23, 0x01]);
        assert!(cut_bits(&packed, 24, 12).is_none());
    }
}
