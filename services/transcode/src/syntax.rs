//! Which codec reads which transfer syntax: PS3.5 Annex A, PS3.6 Annex A.

use dicom_dictionary_std::uids;
use serde::{Deserialize, Serialize};

use crate::TranscodeError;

/// How the bytes of a frame are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Encoding {
    /// Uncompressed, little endian; deflated data sets arrive here inflated.
    NativeLittle,
    /// Uncompressed, big endian (retired).
    NativeBig,
    /// Each frame deflated by itself.
    DeflatedFrame,
    /// RLE Lossless, PS3.5 Annex G.
    Rle,
    /// ISO/IEC 10918-1, lossy and lossless.
    Jpeg,
    /// ISO/IEC 14495-1.
    JpegLs,
    /// ISO/IEC 15444-1.
    Jpeg2000,
    /// Its high-throughput form, ISO/IEC 15444-15.
    Htj2k,
    /// ISO/IEC 18181.
    JpegXl,
}

impl Encoding {
    /// The encoding of a transfer syntax.
    ///
    /// # Errors
    /// `Unsupported` for video, JPIP and everything unknown.
    pub(crate) fn of(transfer_syntax_uid: &str) -> Result<Self, TranscodeError> {
        let uid = transfer_syntax_uid.trim_end_matches(['\0', ' ']);
        Ok(match uid {
            uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
            | uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN => Self::NativeLittle,
            EXPLICIT_VR_BIG_ENDIAN => Self::NativeBig,
            uids::DEFLATED_IMAGE_FRAME_COMPRESSION => Self::DeflatedFrame,
            uids::RLE_LOSSLESS => Self::Rle,
            uids::JPEG_BASELINE8_BIT
            | uids::JPEG_EXTENDED12_BIT
            | uids::JPEG_LOSSLESS
            | uids::JPEG_LOSSLESS_SV1
            | JPEG_SPECTRAL_SELECTION
            | JPEG_FULL_PROGRESSION
            | JPEG_LOSSLESS_PROCESS_15 => Self::Jpeg,
            uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => Self::JpegLs,
            uids::JPEG2000_LOSSLESS | uids::JPEG2000 => Self::Jpeg2000,
            uids::HTJ2K_LOSSLESS | uids::HTJ2K_LOSSLESS_RPCL | uids::HTJ2K => Self::Htj2k,
            uids::JPEGXL_LOSSLESS | uids::JPEGXLJPEG_RECOMPRESSION | uids::JPEGXL => Self::JpegXl,
            other => {
                let transfer_syntax = other.chars().take(64).collect::<String>().into();
                return Err(TranscodeError::Unsupported { transfer_syntax });
            }
        })
    }

    /// Whether the codec is C code, or a large one, which runs in a worker process only.
    pub(crate) fn needs_worker(self) -> bool {
        matches!(self, Self::Jpeg | Self::JpegLs | Self::Jpeg2000 | Self::Htj2k | Self::JpegXl)
    }
}

/// The encoding of a transfer syntax that frames can be brought into without loss.
///
/// # Errors
/// `Unsupported` for every other.
pub(crate) fn lossless_target(transfer_syntax_uid: &str) -> Result<Encoding, TranscodeError> {
    match transfer_syntax_uid {
        uids::RLE_LOSSLESS
        | uids::JPEGLS_LOSSLESS
        | uids::JPEG2000_LOSSLESS
        | uids::HTJ2K_LOSSLESS
        | uids::HTJ2K_LOSSLESS_RPCL => Encoding::of(transfer_syntax_uid),
        other => {
            let transfer_syntax = other.chars().take(64).collect::<String>().into();
            Err(TranscodeError::Unsupported { transfer_syntax })
        }
    }
}

/// Whether frames can be encoded in this transfer syntax here, without loss: RLE, JPEG-LS, JPEG 2000 and HTJ2K.
#[must_use]
pub fn can_encode(transfer_syntax_uid: &str) -> bool {
    lossless_target(transfer_syntax_uid).is_ok()
}

// Retired, and still found in archives.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
const JPEG_SPECTRAL_SELECTION: &str = "1.2.840.10008.1.2.4.53";
const JPEG_FULL_PROGRESSION: &str = "1.2.840.10008.1.2.4.55";
const JPEG_LOSSLESS_PROCESS_15: &str = "1.2.840.10008.1.2.4.58";

/// Whether frames of this transfer syntax can be decoded and rendered here.
#[must_use]
pub fn can_decode(transfer_syntax_uid: &str) -> bool {
    Encoding::of(transfer_syntax_uid).is_ok()
}
