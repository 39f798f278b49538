//! What a series manifest says of one instance: its header as DICOM JSON, and where its frames lie.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Uid;

/// A run of bytes in a stored object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// From the object's first byte.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
}

/// Where the frames of an object lie, found once, when it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameIndex {
    /// No pixel data.
    #[default]
    None,
    /// Uncompressed: frame n begins at bit `(n - 1) * frame_bits` after `offset` (PS3.5 §8.1.1: frames are not padded).
    Native {
        /// First byte of the value of PixelData.
        offset: u64,
        /// Bits of one frame.
        frame_bits: u64,
        /// Number of whole frames that the value holds.
        count: u32,
    },
    /// Encapsulated: for each frame its fragments, in order (PS3.5 §A.4).
    Encapsulated(Vec<Vec<Span>>),
    /// Inside a deflated data set; the object must be inflated to reach a frame.
    Deflated {
        /// Number of frames.
        count: u32,
    },
}

impl FrameIndex {
    /// How many frames can be asked for.
    pub fn count(&self) -> u32 {
        match self {
            Self::None => 0,
            Self::Native { count, .. } | Self::Deflated { count } => *count,
            Self::Encapsulated(frames) => u32::try_from(frames.len()).unwrap_or(u32::MAX),
        }
    }

    /// The bytes of frame `number` (from 1), where they can be read as they lie: `None` beyond the last frame, for deflated
    /// objects, and for frames that do not begin and end on a byte (1-bit images of odd size).
    pub fn spans(&self, number: u32) -> Option<Vec<Span>> {
        let index = number.checked_sub(1)?;
        match self {
            Self::Native { offset, frame_bits, count } if index < *count && frame_bits % 8 == 0 => {
                let length = frame_bits / 8;
                Some(vec![Span { offset: offset + u64::from(index) * length, length }])
            }
            Self::Encapsulated(frames) => frames.get(index as usize).cloned(),
            Self::None | Self::Native { .. } | Self::Deflated { .. } => None,
        }
    }
}

/// The attributes of an instance that are asked for without opening its header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRecord {
    /// SOPInstanceUID (0008,0018).
    pub sop_instance_uid: Uid,
    /// SOPClassUID (0008,0016).
    pub sop_class_uid: Uid,
    /// TransferSyntaxUID (0002,0010) of the stored bytes.
    pub transfer_syntax_uid: String,
    /// InstanceNumber (0020,0013).
    pub instance_number: Option<i64>,
    /// NumberOfFrames (0028,0008); 1 where absent and there is pixel data, else 0.
    pub number_of_frames: u32,
}

/// One instance in a series manifest.
#[derive(Clone, Serialize, Deserialize)]
pub struct InstanceEntry {
    /// Its keys.
    pub instance: InstanceRecord,
    /// The whole header as a DICOM JSON object (PS3.18 Annex F), bulk values replaced by `BulkDataURI`.
    pub metadata: Box<RawValue>,
    /// Where its frames lie in the stored bytes.
    pub frames: FrameIndex,
    /// Size of the object as a Part 10 file, in bytes; 0 when not known.
    pub size_bytes: u64,
    /// SHA-256 of the transfer syntax and the data set as received, in hex; empty when it was never held.
    pub sha256: String,
    /// Name of the object in our own storage, when it is held here.
    pub object: Option<String>,
    /// Name by which the repository keeps it, where that is not the SOPInstanceUID (an object's key in a bucket).
    pub remote: Option<String>,
}

/// The header names a patient, so only what is not in it is printed.
impl std::fmt::Debug for InstanceEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstanceEntry")
            .field("transfer_syntax_uid", &self.instance.transfer_syntax_uid)
            .field("frames", &self.frames.count())
            .field("size_bytes", &self.size_bytes)
            .field("held", &self.object.is_some())
            .finish_non_exhaustive()
    }
}
