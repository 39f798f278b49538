//! Frames in another form than the stored one: as native samples, or compressed without loss.

use std::sync::Arc;

use bytes::Bytes;
use index_model::{FrameIndex, InstanceEntry, Uid, transfer_syntax};
use transcode::ImageDescription;

use crate::open::OpenedStudy;
use crate::retrieve::{Frame, describe, etag, inflated, no_frame};
use crate::{Registry, RegistryError};

/// The bytes of the object, the frame, and its transfer syntax.
type Key = (String, u32, &'static str);

/// Encoded frames in memory, bounded in bytes. Many who ask for the same one cause one encoding.
#[derive(Debug)]
pub(crate) struct EncodedCache(moka::future::Cache<Key, Bytes>);

impl EncodedCache {
    pub(crate) fn new(bytes: u64) -> Self {
        let weigher = |_: &Key, frame: &Bytes| u32::try_from(frame.len() + 300).unwrap_or(u32::MAX);
        Self(moka::future::Cache::builder().max_capacity(bytes).weigher(weigher).build())
    }

    /// The frame, made by the first who asks; the others wait for it. A failure is told to all who waited, and not kept.
    /// Tells too whether it was made for this caller.
    async fn get_or_make(
        &self,
        key: Key,
        make: impl Future<Output = Result<Bytes, RegistryError>>,
    ) -> Result<(Bytes, bool), RegistryError> {
        // On the heap: the cache wraps the work several times, and each wrapping holds all of it.
        let entry = self.0.entry(key).or_try_insert_with(Box::pin(make)).await.map_err(RegistryError::of_shared)?;
        let is_fresh = entry.is_fresh();
        Ok((entry.into_value(), is_fresh))
    }
}

impl Registry {
    /// One frame as native samples in Explicit VR Little Endian.
    ///
    /// # Errors
    /// [`RegistryError::NotAcceptable`] when it can't be decoded, else as [`Registry::frame`].
    pub async fn frame_native(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
        number: u32,
    ) -> Result<Frame, RegistryError> {
        let stored = self.frame(opened, series, instance, number).await?;
        let as_it_is = [transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN];
        if as_it_is.contains(&stored.transfer_syntax_uid.as_str()) {
            return Ok(Frame { transfer_syntax_uid: transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN.to_owned(), ..stored });
        }
        let image = describe(&stored.entry, &stored.transfer_syntax_uid, number)?;
        let (etag, entry) = (format!("{}-native", stored.etag), Arc::clone(&stored.entry));
        let whole = self.to_decode(opened, series, &image, stored).await?;
        let (_, object) = self.held(opened, series, instance).await?;
        let transcoder = &self.transcoder(opened);
        let uncompress = |image, frame| async move { transcoder.to_explicit_little_endian(&image, frame).await };
        let bytes = self.with_fastest(&object, (image, whole), uncompress).await?;
        let transfer_syntax_uid = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN.to_owned();
        Ok(Frame { bytes, transfer_syntax_uid, etag, entry })
    }

    /// One frame in a lossless transfer syntax, encoded from what is stored where it is not stored so.
    ///
    /// Whether something is lost already in what is stored is for the caller to know.
    ///
    /// # Errors
    /// [`RegistryError::NotAcceptable`] when it can't be decoded or encoded, else as [`Registry::frame`].
    pub async fn frame_encoded(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
        number: u32,
        transfer_syntax_uid: &'static str,
    ) -> Result<Frame, RegistryError> {
        let (entry, object) = self.held(opened, series, instance).await?;
        if number == 0 || number > entry.frames.count() {
            return Err(no_frame(&entry, number));
        }
        if entry.instance.transfer_syntax_uid == transfer_syntax_uid {
            return self.frame(opened, series, instance, number).await;
        }
        let has_form = number == 1 && is_derived(transfer_syntax_uid);
        let make = async {
            if has_form && let Some(form) = self.form_of(&object).await {
                opened.permit.count(1, form.len() as u64);
                return Ok(form);
            }
            let stored = self.frame(opened, series, instance, number).await?;
            let image = describe(&stored.entry, &stored.transfer_syntax_uid, number)?;
            let whole = self.to_decode(opened, series, &image, stored).await?;
            let encoded = self.transcoder(opened).encode(&image, whole, transfer_syntax_uid).await?;
            if has_form {
                self.keep_derived(&object, &entry, &encoded);
            }
            Ok(encoded)
        };
        let key = (entry.sha256.clone(), number, transfer_syntax_uid);
        let (bytes, is_fresh) = self.0.encoded.get_or_make(key, make).await?;
        // Who had it made has the stored frame on the account already.
        if !is_fresh {
            opened.permit.count(1, bytes.len() as u64);
        }
        let etag = encoded_etag(&entry, number, transfer_syntax_uid);
        Ok(Frame { bytes, transfer_syntax_uid: transfer_syntax_uid.to_owned(), etag, entry })
    }

    /// A frame as the decoder wants it: as it lies in Pixel Data, where it may begin inside a byte or share a word with its neighbour.
    pub(crate) async fn to_decode(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        image: &ImageDescription,
        stored: Frame,
    ) -> Result<Bytes, RegistryError> {
        if !image.may_share_bytes() {
            return Ok(stored.bytes);
        }
        let (entry, object) = self.held(opened, series, &stored.entry.instance.sop_instance_uid).await?;
        let run = image.native_frame_range();
        match entry.frames {
            FrameIndex::Native { offset, .. } => {
                let end = (offset + run.end).min(entry.size_bytes);
                Ok(self.0.objects.range(&object, (offset + run.start).min(end)..end).await?)
            }
            FrameIndex::Deflated { .. } => {
                let whole = self.0.objects.get(&object).await?;
                let cut = self.0.cpu.run_for(opened.demand, move || {
                    let value = inflated(&whole)?;
                    let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(value.len());
                    Some(value.slice(at(run.start)..at(run.end)))
                });
                cut.await?.ok_or(RegistryError::NotFound)
            }
            _ => Ok(stored.bytes),
        }
    }
}

/// Whether a form that is kept is of this syntax: ours has the options of RPCL, and is plain HTJ2K as well.
pub(crate) fn is_derived(transfer_syntax_uid: &str) -> bool {
    [transfer_syntax::HTJ2K_LOSSLESS_RPCL, transfer_syntax::HTJ2K_LOSSLESS].contains(&transfer_syntax_uid)
}

pub(crate) fn encoded_etag(entry: &InstanceEntry, number: u32, transfer_syntax_uid: &str) -> String {
    format!("{}-{transfer_syntax_uid}", etag(entry, number))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Bytes, EncodedCache, RegistryError};
    use std::sync::atomic::{AtomicU32, Ordering};

    const SYNTAX: &str = "1.2.840.10008.1.2.4.80";

    #[tokio::test]
    async fn many_who_ask_for_one_frame_cause_one_encoding() {
        let (cache, made) = (EncodedCache::new(1 << 20), AtomicU32::new(0));
        let ask = |number| {
            cache.get_or_make(("hash".to_owned(), number, SYNTAX), async {
                made.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(Bytes::from_static(b"frame"))
            })
        };
        let answers = futures::future::join_all((0..20).map(|_| ask(1))).await;
        assert_eq!(made.load(Ordering::Relaxed), 1);
        assert_eq!(answers.into_iter().filter(|answer| answer.as_ref().unwrap().1).count(), 1);
        ask(2).await.unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 2, "another frame is another encoding");
    }

    #[tokio::test]
    async fn a_failure_is_not_kept_and_memory_is_bounded() {
        let cache = EncodedCache::new(100_000);
        let refused = || async { Err(RegistryError::Overloaded) };
        assert!(cache.get_or_make(("hash".to_owned(), 1, SYNTAX), refused()).await.is_err());
        for number in 1..=50 {
            let make = async { Ok(Bytes::from(vec![7; 10_000])) };
            assert!(cache.get_or_make(("hash".to_owned(), number, SYNTAX), make).await.unwrap().1);
        }
        cache.0.run_pending_tasks().await;
        assert!(cache.0.weighted_size() <= 100_000, "{} bytes", cache.0.weighted_size());
    }
}
