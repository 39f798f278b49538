//! One object with its frames encoded without loss in a transfer syntax that it is not stored in: the header rewritten, the frames in
//! items behind an offset table (PS3.5 §A.4). For callers that name such a syntax.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use index_model::{InstanceEntry, Uid};

use crate::retrieve::describe;
use crate::retrieve::rewrite::rewrite_around;
use crate::retrieve::uncompressed::{MOST_BYTES, collect, refused};
use crate::{InstanceBytes, OpenedStudy, Registry, RegistryError};

/// Frames of one object that are encoded at a time.
const FRAMES_AT_ONCE: usize = 2;

/// Whether an object's frames can be uncompressed, as far as its transfer syntax and its header tell.
pub fn decodes(entry: &InstanceEntry) -> bool {
    let stored = &entry.instance.transfer_syntax_uid;
    transcode::can_decode(stored) && describe(entry, stored, 1).is_ok()
}

/// Whether an object's frames can be brought into this transfer syntax, as far as its header tells.
pub fn encodes_to(entry: &InstanceEntry, transfer_syntax_uid: &str) -> bool {
    let image = describe(entry, &entry.instance.transfer_syntax_uid, 1);
    image.is_ok_and(|image| image.check_encoding(transfer_syntax_uid).is_ok())
}

impl Registry {
    /// An object with its frames in a lossless transfer syntax; the same bytes when it is stored in it.
    ///
    /// It is whole in memory, as its length stands before it: what is large is refused. Whether something is lost already in what is
    /// stored is for the caller to know.
    ///
    /// # Errors
    /// [`RegistryError::NotAcceptable`] when it can't be rewritten, decoded or encoded, else as [`Registry::instance`].
    pub async fn encapsulated(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        found: InstanceBytes,
        transfer_syntax_uid: &'static str,
    ) -> Result<InstanceBytes, RegistryError> {
        let entry = Arc::clone(&found.entry);
        let stored = &entry.instance.transfer_syntax_uid;
        if stored == transfer_syntax_uid {
            return Ok(found);
        }
        let image = describe(&entry, stored, 1)?;
        image.check_encoding(transfer_syntax_uid)?;
        let count = entry.frames.count();
        let decoded = image.decoded_frame_bytes().saturating_mul(count.into());
        if found.size_bytes > MOST_BYTES || decoded > MOST_BYTES {
            return Err(refused("the object is too large to be sent in another transfer syntax"));
        }
        let etag = format!("{}-{transfer_syntax_uid}", found.etag);
        let photometric = image.encoded_photometric_interpretation(transfer_syntax_uid).term();
        let object = collect(found).await?;
        let rewritten = self
            .0
            .cpu
            .run_for(opened.demand, move || rewrite_around(&object, photometric, transfer_syntax_uid))
            .await?;
        let around = rewritten.ok_or_else(|| refused("the object can't be sent in another transfer syntax"))?;
        let instance = &entry.instance.sop_instance_uid;
        let frames = stream::iter(1..=count).map(|number| async move {
            Ok::<Bytes, RegistryError>(
                self.frame_encoded(opened, series, instance, number, transfer_syntax_uid).await?.bytes,
            )
        });
        let frames: Vec<Bytes> = frames.buffered(FRAMES_AT_ONCE).try_collect().await?;
        let (size_bytes, stream) = object_of(around, frames);
        Ok(InstanceBytes { entry, size_bytes, stream, etag })
    }
}

/// Head, pixel data and tail, one after the other.
fn object_of(
    (mut head, tail): (Vec<u8>, Vec<u8>),
    frames: Vec<Bytes>,
) -> (u64, BoxStream<'static, std::io::Result<Bytes>>) {
    head.extend_from_slice(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff");
    head.extend_from_slice(&offset_table(&frames));
    let mut pieces = vec![Bytes::from(head)];
    for frame in frames {
        let padding = frame.len() % 2;
        pieces.push(item(frame.len() + padding).to_vec().into());
        pieces.push(frame);
        if padding == 1 {
            pieces.push(Bytes::from_static(&[0]));
        }
    }
    pieces.push(Bytes::from_static(b"\xfe\xff\xdd\xe0\0\0\0\0"));
    pieces.push(tail.into());
    let size_bytes = pieces.iter().map(|piece| piece.len() as u64).sum();
    (size_bytes, stream::iter(pieces.into_iter().map(Ok)).boxed())
}

/// The basic offset table: where the item of each frame begins, counted from the first (PS3.5 §A.4).
fn offset_table(frames: &[Bytes]) -> Vec<u8> {
    let mut out = item(4 * frames.len()).to_vec();
    let mut offset = 0_u32;
    for frame in frames {
        out.extend_from_slice(&offset.to_le_bytes());
        // What is encoded is never above twice the samples, which are bounded.
        offset += 8 + frame.len().next_multiple_of(2) as u32;
    }
    out
}

/// An item of so many bytes.
fn item(length: usize) -> [u8; 8] {
    let mut out = *b"\xfe\xff\x00\xe0\0\0\0\0";
    out[4..].copy_from_slice(&(length as u32).to_le_bytes());
    out
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::object_of;
    use bytes::Bytes;
    use futures::{TryStreamExt, executor::block_on};

    #[test]
    fn frames_lie_in_even_items_where_the_table_says() {
        let frames = [&[1, 2, 3][..], &[4, 5]].map(Bytes::from_static).to_vec();
        let (size, stream) = object_of((b"head".to_vec(), b"tail".to_vec()), frames);
        let object = block_on(stream.try_collect::<Vec<_>>()).unwrap().concat();
        let expected = b"head\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\x08\0\0\0\0\0\0\0\x0c\0\0\0\xfe\xff\0\xe0\x04\0\0\0\x01\x02\x03\0\xfe\xff\0\xe0\x02\0\0\0\x04\x05\xfe\xff\xdd\xe0\0\0\0\0tail";
        assert!(object == expected, "{object:?}");
        assert_eq!(size, object.len() as u64);
    }
}
