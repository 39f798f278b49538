//! The codecs without a process around them, as a worker calls them: for measuring and for fuzzing. Never for serving: a stream that takes
//! over a codec here takes over the caller.

use bytes::Bytes;

use crate::codec::{self, Job};
use crate::native::{self, Bits};
use crate::syntax::{Encoding, lossless_target};
use crate::{DecodedFrame, ImageDescription, TranscodeError};

/// Decodes one frame to samples: [`Transcoder::decode`](crate::Transcoder::decode) in this process.
///
/// # Errors
/// See [`TranscodeError`].
pub fn decode(image: &ImageDescription, frame: Bytes) -> Result<DecodedFrame, TranscodeError> {
    containers(image, frame, Bits::Stored)
}

/// Encodes one frame without loss: [`Transcoder::encode`](crate::Transcoder::encode) in this process. The result is exact, or there is none.
///
/// # Errors
/// See [`TranscodeError`].
pub fn encode(image: &ImageDescription, frame: Bytes, transfer_syntax_uid: &str) -> Result<Vec<u8>, TranscodeError> {
    let encoding = lossless_target(transfer_syntax_uid)?;
    let decoded = containers(image, frame, Bits::Allocated)?;
    let (job, samples) = codec::encoding_job(image, decoded, encoding)?;
    codec::encode(&job, &samples)
}

fn containers(image: &ImageDescription, frame: Bytes, bits: Bits) -> Result<DecodedFrame, TranscodeError> {
    match Encoding::of(&image.transfer_syntax_uid)? {
        encoding @ (Encoding::NativeLittle | Encoding::NativeBig | Encoding::DeflatedFrame) => {
            native::decode(image, encoding, frame, bits)
        }
        encoding => {
            let job = Job::of_containers(image, encoding, bits)?;
            let (samples, outcome) = codec::decode(&job, &frame)?;
            Ok(outcome.frame(image, bits, samples))
        }
    }
}
