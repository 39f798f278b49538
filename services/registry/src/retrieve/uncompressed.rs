//! One object in an uncompressed transfer syntax, when it is stored otherwise: the header rewritten, the frames decoded one after the
//! other. For callers of every face that can't take it as it is stored.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use index_model::transfer_syntax::{EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN};
use index_model::{FrameIndex, InstanceEntry, Uid};
use transcode::ImageDescription;

use crate::retrieve::rewrite::{Pixels, Rewritten, pixel_data_header, rewrite};
use crate::{InstanceBytes, OpenedStudy, Registry, RegistryError};

/// Larger objects are not rewritten: they are whole in memory for a moment.
pub(crate) const MOST_BYTES: u64 = 512 << 20;

/// What is rewritten where it is, pixels not counted.
const SHORT_BYTES: u64 = 64 << 10;

/// Pixel data of so many bytes are decoded before anything is sent.
const AHEAD_BYTES: u64 = 16 << 20;

/// What an object can be rewritten to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncompressed {
    /// Explicit VR Little Endian.
    Explicit,
    /// Implicit VR Little Endian.
    Implicit,
}

impl Uncompressed {
    /// Its transfer syntax.
    pub const fn transfer_syntax_uid(self) -> &'static str {
        match self {
            Self::Explicit => EXPLICIT_VR_LITTLE_ENDIAN,
            Self::Implicit => IMPLICIT_VR_LITTLE_ENDIAN,
        }
    }
}

pub(crate) fn refused(rule: &str) -> RegistryError {
    RegistryError::NotAcceptable { rule: rule.to_owned() }
}

impl Registry {
    /// An object in this form; the same bytes when it is stored in it.
    ///
    /// # Errors
    /// [`RegistryError::NotAcceptable`] when it can't be rewritten or decoded, else as [`Registry::instance`].
    pub async fn uncompressed(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        found: InstanceBytes,
        form: Uncompressed,
    ) -> Result<InstanceBytes, RegistryError> {
        let entry = Arc::clone(&found.entry);
        if entry.instance.transfer_syntax_uid == form.transfer_syntax_uid() {
            return Ok(found);
        }
        if found.size_bytes > MOST_BYTES {
            return Err(refused("the object is too large to be sent in another transfer syntax"));
        }
        let etag = format!("{}-{}", found.etag, if form == Uncompressed::Explicit { "explicit" } else { "implicit" });
        let image = match &entry.frames {
            FrameIndex::Native { .. } => None,
            _ => crate::retrieve::describe(&entry, &entry.instance.transfer_syntax_uid, 1).ok(),
        };
        let photometric = image.as_ref().map_or("", |image| image.uncompressed_photometric_interpretation().term());
        let object = collect(found).await?;
        let (whole, is_short) = (object.clone(), is_short_without_pixels(&entry));
        let work = move || rewrite(&whole, photometric, form);
        let rewritten = if is_short { work() } else { self.0.cpu.run_for(opened.demand, work).await? };
        let rewritten = rewritten.ok_or_else(|| refused("the object can't be sent in another transfer syntax"))?;
        if rewritten.pixels != Pixels::Frames {
            let (size_bytes, stream) = around_stored(rewritten, &object)?;
            return Ok(InstanceBytes { entry, size_bytes, stream, etag });
        }
        let bits_allocated = bits_allocated(image).ok_or_else(|| refused("these frames can't be decoded"))?;
        let frames = Frames { registry: self.clone(), opened: opened.clone(), series: series.clone(), entry };
        let entry = Arc::clone(&frames.entry);
        let (size_bytes, stream) = frames.between(rewritten, bits_allocated, form).await?;
        Ok(InstanceBytes { entry, size_bytes, stream, etag })
    }
}

/// Whether rewriting costs less than to hand it to another thread: little is around the pixels, and they stay as they lie.
fn is_short_without_pixels(entry: &InstanceEntry) -> bool {
    let FrameIndex::Native { frame_bits, count, .. } = entry.frames else { return false };
    let pixels = frame_bits.saturating_mul(count.into()) / 8;
    entry.instance.transfer_syntax_uid != EXPLICIT_VR_BIG_ENDIAN
        && entry.size_bytes.saturating_sub(pixels) <= SHORT_BYTES
}

/// Head, pixels as they are stored, and tail.
fn around_stored(
    rewritten: Rewritten,
    object: &Bytes,
) -> Result<(u64, BoxStream<'static, io::Result<Bytes>>), RegistryError> {
    let pixels = match rewritten.pixels {
        Pixels::AsStored(range) => {
            let pixels = object.get(range).ok_or_else(|| refused("its pixel data are not where its header says"))?;
            object.slice_ref(pixels)
        }
        Pixels::Within | Pixels::Frames => Bytes::new(),
    };
    let pieces = [rewritten.head.into(), pixels, rewritten.tail.into()];
    let size_bytes = pieces.iter().map(|piece: &Bytes| piece.len() as u64).sum();
    let pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).map(Ok);
    Ok((size_bytes, stream::iter(pieces).boxed()))
}

fn bits_allocated(image: Option<ImageDescription>) -> Option<u16> {
    image.map(|image| image.bits_allocated).filter(|bits| *bits > 1)
}

/// All of an object; one that comes in one piece, from memory, is not copied.
pub(crate) async fn collect(mut found: InstanceBytes) -> Result<Bytes, RegistryError> {
    let mut next = async || found.stream.try_next().await.map_err(RegistryError::internal);
    let first = next().await?.unwrap_or_default();
    if first.len() as u64 == found.size_bytes {
        return Ok(first);
    }
    let mut object = BytesMut::with_capacity(usize::try_from(found.size_bytes).unwrap_or(0));
    object.extend_from_slice(&first);
    while let Some(piece) = next().await? {
        object.extend_from_slice(&piece);
    }
    Ok(object.freeze())
}

/// The frames of one instance.
#[derive(Clone)]
struct Frames {
    registry: Registry,
    opened: OpenedStudy,
    series: Uid,
    entry: Arc<InstanceEntry>,
}

impl Frames {
    async fn decoded(&self, number: u32) -> Result<Bytes, RegistryError> {
        let instance = &self.entry.instance.sop_instance_uid;
        Ok(self.registry.frame_native(&self.opened, &self.series, instance, number).await?.bytes)
    }

    /// The same, of so many bytes: another size would shift every frame after it.
    async fn decoded_of(&self, number: u32, frame_bytes: usize) -> Result<Bytes, RegistryError> {
        let frame = self.decoded(number).await?;
        if frame.len() == frame_bytes { Ok(frame) } else { Err(refused("its frames are not of one size")) }
    }

    /// Head, pixel data and tail. The first frame is decoded before anything is sent, and says how large all are.
    async fn between(
        self,
        rewritten: Rewritten,
        bits_allocated: u16,
        form: Uncompressed,
    ) -> Result<(u64, BoxStream<'static, io::Result<Bytes>>), RegistryError> {
        let count = self.entry.frames.count();
        let first = self.decoded(1).await?;
        let frame_bytes = first.len();
        let length = (frame_bytes as u64) * u64::from(count);
        let padding = length % 2;
        let fits = u32::try_from(length + padding).ok().filter(|length| *length < u32::MAX);
        let declared = fits.ok_or_else(|| refused("uncompressed, the pixel data are too long for one element"))?;
        let mut head = rewritten.head;
        pixel_data_header(&mut head, bits_allocated, declared, form);
        let mut tail = vec![0; if padding == 1 { 1 } else { 0 }];
        tail.extend_from_slice(&rewritten.tail);
        let size_bytes = head.len() as u64 + length + tail.len() as u64;
        let mut ahead = vec![Ok(Bytes::from(head)), Ok(first)];
        let mut next = 2;
        // A short object is decoded before anything is sent: a frame that can't be is told instead of breaking the object off.
        while length <= AHEAD_BYTES && next <= count {
            ahead.push(Ok(self.decoded_of(next, frame_bytes).await?));
            next += 1;
        }
        let rest = stream::iter(next..=count).then(move |number| {
            let frames = self.clone();
            async move { frames.decoded_of(number, frame_bytes).await.map_err(|_| io::Error::other("broken off")) }
        });
        let whole = stream::iter(ahead).chain(rest).chain(stream::once(async { Ok(tail.into()) }));
        Ok((size_bytes, whole.boxed()))
    }
}
