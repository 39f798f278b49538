//! Lossless encoding: the counterpart of [`decode`](super::decode), held to it bit for bit.

use bytes::Bytes;

use super::{Job, htj2k_encode, jpeg2000_encode, jpegls_encode, rle};
use crate::native::{self, Bits};
use crate::syntax::{Encoding, lossless_target};
use crate::{DecodedFrame, ImageDescription, PhotometricInterpretation, TranscodeError};

const CODEC: &str = "lossless encoder";

impl ImageDescription {
    /// Whether frames of this image can be brought into a transfer syntax without loss, as far as its attributes tell.
    ///
    /// # Errors
    /// `Unsupported` for a transfer syntax that is not encoded here; `Mismatch` for an image that it can't hold, or that the attributes of
    /// the data set would no longer describe.
    pub fn check_encoding(&self, transfer_syntax_uid: &str) -> Result<(), TranscodeError> {
        check(self, lossless_target(transfer_syntax_uid)?)
    }

    /// The Photometric Interpretation that the frame has once it is encoded in a lossless transfer syntax, which metadata that accompany it
    /// must name. What the data set calls YBR_RCT is transformed again, so that it stays true.
    #[must_use]
    pub fn encoded_photometric_interpretation(&self, transfer_syntax_uid: &str) -> PhotometricInterpretation {
        match (self.photometric_interpretation, lossless_target(transfer_syntax_uid)) {
            (PhotometricInterpretation::YbrRct, Ok(Encoding::Jpeg2000 | Encoding::Htj2k)) => {
                PhotometricInterpretation::YbrRct
            }
            _ => self.uncompressed_photometric_interpretation(),
        }
    }
}

fn check(image: &ImageDescription, encoding: Encoding) -> Result<(), TranscodeError> {
    let refuse = |attribute: &'static str, rule: &'static str| Err(TranscodeError::mismatch(attribute, rule));
    match image.bits_allocated {
        _ if image.float => return refuse("FloatPixelData", "can't be compressed"),
        8 | 16 => {}
        32 if encoding == Encoding::Rle => {}
        _ => return refuse("BitsAllocated", "is one that this transfer syntax is not encoded from"),
    }
    // Decoding has moved the chrominance apart: the attributes would say otherwise.
    if image.is_native_422() {
        return refuse("PhotometricInterpretation", "has halved chrominance");
    }
    if encoding != Encoding::Rle && image.high_bit + 1 != image.bits_stored {
        return refuse("HighBit", "is not the highest of the stored bits, which only RLE Lossless keeps");
    }
    Ok(())
}

/// The job of bringing `decoded`, which `image` describes and whose containers are whole, into `encoding`; and the samples to encode.
///
/// # Errors
/// `Mismatch` where the attributes of the image could not say what the encoded frame is, or where bits would be lost.
pub(crate) fn job(
    image: &ImageDescription,
    decoded: DecodedFrame,
    encoding: Encoding,
) -> Result<(Job, Bytes), TranscodeError> {
    check(image, encoding)?;
    let job = Job {
        photometric_interpretation: match (image.photometric_interpretation, encoding) {
            (PhotometricInterpretation::YbrRct, Encoding::Jpeg2000 | Encoding::Htj2k) => {
                PhotometricInterpretation::YbrRct
            }
            _ => decoded.photometric_interpretation,
        },
        ..Job::new(image, encoding)
    };
    // PS3.5 §8.2.2: RLE packs the bytes of containers, whatever they hold.
    if encoding == Encoding::Rle {
        return Ok((Job { bits: Bits::Allocated, ..job }, decoded.samples));
    }
    let samples = native::without_unused_bits(image, decoded.samples.clone());
    if !is_filled(image, &decoded.samples, &samples) {
        let rule = "has bits outside BitsStored, which only RLE Lossless keeps";
        return Err(TranscodeError::mismatch("PixelData", rule));
    }
    Ok((job, samples))
}

/// Whether the bits of the containers above the stored ones say nothing: all are the sign or zeros, as in `samples`, or all are zeros
/// though the samples are signed.
fn is_filled(image: &ImageDescription, containers: &[u8], samples: &[u8]) -> bool {
    if containers == samples {
        return true;
    }
    let mask = (u16::MAX >> (16 - image.bits_stored.clamp(1, 16))).to_le_bytes();
    let mask = mask.into_iter().take(usize::from(image.bits_allocated / 8)).cycle();
    image.signed && containers.iter().zip(samples).zip(mask).all(|((&held, &sample), mask)| held == sample & mask)
}

/// Encodes samples as [`decode`](super::decode) gives them for this job. What comes out has been decoded again and compared: it is exact, or
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
        Encoding::JpegLs => jpegls_encode::encode(job, samples),
        Encoding::Jpeg2000 => jpeg2000_encode::encode(job, samples),
        Encoding::Htj2k => htj2k_encode::encode(job, samples),
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
