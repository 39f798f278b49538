//! Lossless encoding: the counterpart of [`decode`](super::decode), held to it bit for bit.

use super::{Job, jpeg2000_encode, jpegls, rle};
use crate::syntax::Encoding;
use crate::{DecodedFrame, ImageDescription, PhotometricInterpretation, TranscodeError};

const CODEC: &str = "lossless encoder";

/// The job of bringing `decoded`, which `image` describes, into `encoding`.
///
/// # Errors
/// `Mismatch` where the attributes of the image could not say what the encoded frame is.
pub(crate) fn job(image: &ImageDescription, decoded: &DecodedFrame, encoding: Encoding) -> Result<Job, TranscodeError> {
    let refuse = |attribute: &'static str, rule: &'static str| Err(TranscodeError::mismatch(attribute, rule));
    match image.bits_allocated {
        _ if image.float => return refuse("FloatPixelData", "can't be compressed"),
        8 | 16 => {}
        32 if encoding == Encoding::Rle => {}
        _ => return refuse("BitsAllocated", "is one that this transfer syntax is not encoded from"),
    }
    // Decoding has moved the samples down, and the chrominance apart: the attributes would say otherwise.
    if image.high_bit + 1 != image.bits_stored {
        return refuse("HighBit", "is not the highest of the stored bits");
    }
    if image.is_native_422() {
        return refuse("PhotometricInterpretation", "has halved chrominance");
    }
    Ok(Job {
        bits_stored: decoded.bits_stored.min(image.bits_allocated),
        // What the data set calls YBR_RCT is transformed again, so that it stays true.
        photometric_interpretation: match image.photometric_interpretation {
            PhotometricInterpretation::YbrRct => PhotometricInterpretation::YbrRct,
            _ => decoded.photometric_interpretation,
        },
        ..Job::new(image, encoding)
    })
}

/// Encodes samples as [`decode`](super::decode) gives them. What comes out has been decoded again and compared: it is exact, or
/// there is none.
///
/// # Errors
/// `Mismatch` when there are more or fewer samples than the job says; `Codec` when the codec gives up, or is not exact.
pub(crate) fn encode(job: &Job, samples: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    if samples.len() != job.decoded_bytes() {
        return Err(TranscodeError::mismatch("PixelData", "is not as long as Rows and Columns ask for"));
    }
    let frame = match job.encoding {
        Encoding::Rle => rle::encode(job, samples),
        Encoding::JpegLs => jpegls::encode(job, samples),
        Encoding::Jpeg2000 => jpeg2000_encode::encode(job, samples),
        _ => Err(TranscodeError::mismatch("TransferSyntaxUID", "names no encoder")),
    }?;
    let (decoded, _) = super::decode(job, &frame)?;
    if decoded == samples { Ok(frame) } else { Err(TranscodeError::codec(CODEC, "it is not exact")) }
}

impl Job {
    /// The most that an encoded frame may have: noise grows a little.
    pub(crate) fn max_encoded_bytes(&self) -> usize {
        self.decoded_bytes().saturating_mul(2).saturating_add(64 << 10)
    }
}
