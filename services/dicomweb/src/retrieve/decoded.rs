//! One object in Explicit VR Little Endian, when it is stored otherwise: the header rewritten, the frames decoded one after the other.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use index_model::{InstanceEntry, Uid};
use registry::rendering::ImageDescription;
use registry::{InstanceBytes, OpenedStudy, Registry, RegistryError};

use super::DICOM;
use crate::explicit::{Rewritten, pixel_data_header, rewrite};
use crate::json::DataSet;
use crate::multipart::Part;

use index_model::transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;

/// Larger objects are not rewritten: they are whole in memory for a moment.
const MOST_BYTES: u64 = 512 << 20;

fn refused(rule: &str) -> RegistryError {
    RegistryError::NotAcceptable { rule: rule.to_owned() }
}

/// The object as one part.
pub(super) async fn part(
    registry: &Registry,
    opened: &OpenedStudy,
    series: &Uid,
    found: InstanceBytes,
) -> Result<Part, RegistryError> {
    if found.size_bytes > MOST_BYTES {
        return Err(refused("the object is too large to be sent in another transfer syntax"));
    }
    let entry = Arc::clone(&found.entry);
    let header: DataSet = serde_json::from_str(entry.metadata.get()).map_err(RegistryError::internal)?;
    let image = ImageDescription::from_json(&header, &entry.instance.transfer_syntax_uid, 1).ok();
    let photometric = image.as_ref().map_or("", |image| image.uncompressed_photometric_interpretation().term());
    let object = collect(found).await?;
    let rewritten =
        tokio::task::spawn_blocking(move || rewrite(&object, photometric)).await.map_err(RegistryError::internal)?;
    let rewritten = rewritten.ok_or_else(|| refused("the object can't be sent in another transfer syntax"))?;
    let content_type = format!("{DICOM}; transfer-syntax={EXPLICIT_VR_LITTLE_ENDIAN}");
    if !rewritten.frames {
        return Ok(Part::of(content_type, rewritten.head.into()));
    }
    let bits_allocated = image.map(|image| image.bits_allocated).filter(|bits| *bits > 1);
    let bits_allocated = bits_allocated.ok_or_else(|| refused("these frames can't be decoded"))?;
    let frames = Frames { registry: registry.clone(), opened: opened.clone(), series: series.clone(), entry };
    let (size_bytes, body) = frames.between(rewritten, bits_allocated).await?;
    Ok(Part { content_type, location: None, size_bytes, body })
}

async fn collect(mut found: InstanceBytes) -> Result<Bytes, RegistryError> {
    let mut object = BytesMut::with_capacity(usize::try_from(found.size_bytes).unwrap_or(0));
    while let Some(piece) = found.stream.try_next().await.map_err(RegistryError::internal)? {
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

    /// Head, pixel data and tail. The first frame is decoded before anything is sent, and says how large all are.
    async fn between(
        self,
        rewritten: Rewritten,
        bits_allocated: u16,
    ) -> Result<(u64, BoxStream<'static, io::Result<Bytes>>), RegistryError> {
        let count = self.entry.frames.count();
        let first = self.decoded(1).await?;
        let frame_bytes = first.len();
        let length = (frame_bytes as u64) * u64::from(count);
        let padding = length % 2;
        let fits = u32::try_from(length + padding).ok().filter(|length| *length < u32::MAX);
        let declared = fits.ok_or_else(|| refused("uncompressed, the pixel data are too long for one element"))?;
        let mut head = rewritten.head;
        head.extend_from_slice(&pixel_data_header(bits_allocated, declared));
        let mut tail = vec![0; if padding == 1 { 1 } else { 0 }];
        tail.extend_from_slice(&rewritten.tail);
        let size_bytes = head.len() as u64 + length + tail.len() as u64;
        let rest = stream::iter(2..=count).then(move |number| {
            let frames = self.clone();
            async move {
                let frame = frames.decoded(number).await.map_err(|_| io::Error::other("broken off"))?;
                // Another size would shift every frame after it.
                if frame.len() == frame_bytes { Ok(frame) } else { Err(io::Error::other("broken off")) }
            }
        });
        let whole =
            stream::iter([Ok(Bytes::from(head)), Ok(first)]).chain(rest).chain(stream::once(async { Ok(tail.into()) }));
        Ok((size_bytes, whole.boxed()))
    }
}
