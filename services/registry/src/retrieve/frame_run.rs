//! A frame of which a run of bytes is wanted, such as the beginning that shows it small: read as it lies, and no further.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use index_model::{InstanceEntry, Uid};

use crate::derived::store::FORM;
use crate::open::OpenedStudy;
use crate::retrieve::encoded::{encoded_etag, is_derived};
use crate::retrieve::{etag, frames_syntax, no_frame};
use crate::{Frame, Registry, RegistryError};

/// A frame whose bytes lie in one piece.
#[derive(Debug, Clone)]
pub struct FrameRun {
    /// Its size.
    pub size_bytes: u64,
    /// In which form.
    pub transfer_syntax_uid: String,
    /// The instance it is of.
    pub entry: Arc<InstanceEntry>,
    /// Changes with the bytes; the same as that of the whole frame.
    pub etag: String,
    object: String,
    /// Where the frame begins in its object; none for a form that is kept beside it.
    offset: Option<u64>,
}

/// The most of a stored frame that tells in which form it is best sent.
const HEAD_BYTES: u64 = 4096;

impl Registry {
    /// One frame as it is stored, to read a run of; `None` where its bytes are in several pieces, or have to be cut out.
    ///
    /// # Errors
    /// As [`Registry::frame`].
    pub async fn frame_run(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
        number: u32,
    ) -> Result<Option<FrameRun>, RegistryError> {
        let (entry, object) = self.held(opened, series, instance).await?;
        if number == 0 || number > entry.frames.count() {
            return Err(no_frame(&entry, number));
        }
        let spans = entry.frames.spans(number);
        let Some([span]) = spans.as_deref() else { return Ok(None) };
        self.consider(&object, &entry).await;
        Ok(Some(FrameRun {
            size_bytes: span.length,
            transfer_syntax_uid: frames_syntax(&entry).to_owned(),
            etag: etag(&entry, number),
            entry,
            object,
            offset: Some(span.offset),
        }))
    }

    /// The form of a frame that is kept in this transfer syntax, to read a run of; `None` where none is kept.
    ///
    /// # Errors
    /// As [`Registry::frame`].
    pub async fn derived_run(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
        number: u32,
        transfer_syntax_uid: &'static str,
    ) -> Result<Option<FrameRun>, RegistryError> {
        let (entry, object) = self.held(opened, series, instance).await?;
        if number != 1 || entry.frames.count() != 1 || !is_derived(transfer_syntax_uid) {
            return Ok(None);
        }
        let Some(size_bytes) = self.0.derivatives.store.size(&object, FORM) else { return Ok(None) };
        let etag = encoded_etag(&entry, number, transfer_syntax_uid);
        let transfer_syntax_uid = transfer_syntax_uid.to_owned();
        Ok(Some(FrameRun { size_bytes, transfer_syntax_uid, entry, etag, object, offset: None }))
    }

    /// A run of a frame's bytes; `None` when a form that was kept is no longer.
    ///
    /// # Errors
    /// When object storage does not answer.
    pub async fn run_of(
        &self,
        opened: &OpenedStudy,
        run: &FrameRun,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, RegistryError> {
        let range = range.start.min(run.size_bytes)..range.end.min(run.size_bytes);
        let bytes = match run.offset {
            Some(offset) => {
                let object = (run.object.as_str(), run.entry.size_bytes);
                Some(self.0.objects.range_kept(object, offset + range.start..offset + range.end).await?)
            }
            None => self.0.derivatives.store.range(&run.object, FORM, range).await,
        };
        if let Some(bytes) = &bytes {
            opened.permit.count(1, bytes.len() as u64);
        }
        Ok(bytes)
    }

    /// A stored frame with no more than its first bytes, for who chooses its form by them.
    ///
    /// # Errors
    /// When object storage does not answer.
    pub async fn head_of(&self, run: &FrameRun) -> Result<Frame, RegistryError> {
        let offset = run.offset.unwrap_or(0);
        let head = offset..offset + HEAD_BYTES.min(run.size_bytes);
        let bytes = self.0.objects.range_kept((&run.object, run.entry.size_bytes), head).await?;
        let (transfer_syntax_uid, etag) = (run.transfer_syntax_uid.clone(), run.etag.clone());
        Ok(Frame { bytes, transfer_syntax_uid, etag, entry: Arc::clone(&run.entry) })
    }
}
