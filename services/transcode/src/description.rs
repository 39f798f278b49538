//! What is needed to decode and show one frame: PS3.3 §C.7.6.3, §C.11.1, §C.11.2 and the functional groups of §C.7.6.16.

mod captions;
pub(crate) mod json;
mod lut;
mod read;

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use captions::Captions;
pub(crate) use lut::Inputs;
pub use lut::{LookupTable, Palette, Unusable};
pub(crate) use read::{overlay_groups, rescale, stored_values};

use crate::TranscodeError;
use crate::presentation::{OwnPresentation, Presentation};
use crate::render::WindowFunction;
use crate::syntax::Encoding;

/// The largest frame that is ever decoded, in bytes of its decoded form.
pub const MAX_FRAME_BYTES: u64 = 512 << 20;

/// Everything about one frame that its decoding and rendering depend on.
#[derive(Debug, Clone)]
pub struct ImageDescription {
    /// Transfer Syntax UID of the frame's bytes.
    pub transfer_syntax_uid: String,
    /// The frame that is described, counted from 1.
    pub frame: u32,
    /// Number of Frames (0028,0008); 1 when absent.
    pub number_of_frames: u32,
    /// Rows (0028,0010).
    pub rows: u16,
    /// Columns (0028,0011).
    pub columns: u16,
    /// Samples per Pixel (0028,0002): 1 or 3.
    pub samples_per_pixel: u16,
    /// Bits Allocated (0028,0100): 1, 8, 16, 32, or 64 for doubles.
    pub bits_allocated: u16,
    /// Bits Stored (0028,0101).
    pub bits_stored: u16,
    /// High Bit (0028,0102).
    pub high_bit: u16,
    /// Pixel Representation (0028,0103) is 1.
    pub signed: bool,
    /// The samples are Float Pixel Data (7FE0,0008) or Double Float Pixel Data (7FE0,0009).
    pub float: bool,
    /// Photometric Interpretation (0028,0004).
    pub photometric_interpretation: PhotometricInterpretation,
    /// Planar Configuration (0028,0006) is 1: colour by plane.
    pub planar: bool,
    /// Old overlays lie in bits of Pixel Data (60xx,0100 is not 1), a usage that is retired: PS3.3 §C.11.7. They are not drawn.
    pub has_embedded_overlays: bool,
    /// Pixel Data is OW; only told apart from OB in big endian data.
    pub pixel_data_is_words: bool,
    /// Rescale Slope and Rescale Intercept.
    pub rescale: Option<(f64, f64)>,
    /// The first item of the Modality LUT Sequence (0028,3000).
    pub modality_lut: Option<Result<LookupTable, Unusable>>,
    /// Window Center, Width, explanation and VOI LUT Function, in their order.
    pub windows: Vec<VoiWindow>,
    /// The first item of the VOI LUT Sequence (0028,3010).
    pub voi_lut: Option<Result<LookupTable, Unusable>>,
    /// Pixel Padding Value (0028,0120) and Range Limit (0028,0121), or those of floating point numbers.
    pub pixel_padding: Option<PixelPadding>,
    /// Presentation LUT Shape (2050,0020) is INVERSE.
    pub inverse: bool,
    /// The palette of PALETTE COLOR, or that of a grey image whose Pixel Presentation (0008,9205) is COLOR, for its highest stored values.
    pub palette: Option<Result<Palette, Unusable>>,
    /// Height and width of a pixel, when it is not square.
    pub pixel_aspect: Option<(f64, f64)>,
    /// Lossy Image Compression (0028,2110) is 01.
    pub lossy: bool,
    /// ICC Profile (0028,2000), its own or that of the optical path.
    pub icc_profile: Option<Arc<[u8]>>,
    /// What may be written on it; empty until [`ImageDescription::captioned`].
    pub captions: Captions,
    /// What the image has over its pixels where no presentation state is named.
    pub own_presentation: Arc<OwnPresentation>,
    /// The presentation state that it is shown with.
    pub presentation: Option<Arc<Presentation>>,
}

/// Photometric Interpretation (0028,0004): PS3.3 §C.7.6.3.1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PhotometricInterpretation {
    /// Grey, the smallest value white.
    Monochrome1,
    /// Grey, the smallest value black.
    Monochrome2,
    /// An index into three tables.
    PaletteColor,
    /// Red, green, blue.
    Rgb,
    /// Luminance and two colour differences, full range.
    YbrFull,
    /// The same, with half of the differences' columns.
    YbrFull422,
    /// Luminance from 16 to 235 (retired), with half of the differences' columns.
    YbrPartial422,
    /// As YBR_PARTIAL_422, a quarter of the differences.
    YbrPartial420,
    /// The irreversible transform of JPEG 2000.
    YbrIct,
    /// The reversible transform of JPEG 2000.
    YbrRct,
    /// The transform of JPEG XL.
    Xyb,
}

impl PhotometricInterpretation {
    /// Whether a pixel is one shade.
    pub(crate) fn is_grey(self) -> bool {
        matches!(self, Self::Monochrome1 | Self::Monochrome2)
    }

    /// The defined term.
    #[must_use]
    pub fn term(self) -> &'static str {
        match self {
            Self::Monochrome1 => "MONOCHROME1",
            Self::Monochrome2 => "MONOCHROME2",
            Self::PaletteColor => "PALETTE COLOR",
            Self::Rgb => "RGB",
            Self::YbrFull => "YBR_FULL",
            Self::YbrFull422 => "YBR_FULL_422",
            Self::YbrPartial422 => "YBR_PARTIAL_422",
            Self::YbrPartial420 => "YBR_PARTIAL_420",
            Self::YbrIct => "YBR_ICT",
            Self::YbrRct => "YBR_RCT",
            Self::Xyb => "XYB",
        }
    }

    /// Whether a pixel has three samples.
    #[must_use]
    pub fn is_colour_by_sample(self) -> bool {
        !matches!(self, Self::Monochrome1 | Self::Monochrome2 | Self::PaletteColor)
    }

    fn from_term(term: &str) -> Option<Self> {
        Some(match term.trim_end_matches(['\0', ' ']).trim_start() {
            "MONOCHROME1" => Self::Monochrome1,
            "MONOCHROME2" => Self::Monochrome2,
            "PALETTE COLOR" => Self::PaletteColor,
            "RGB" => Self::Rgb,
            "YBR_FULL" => Self::YbrFull,
            "YBR_FULL_422" => Self::YbrFull422,
            "YBR_PARTIAL_422" => Self::YbrPartial422,
            "YBR_PARTIAL_420" => Self::YbrPartial420,
            "YBR_ICT" => Self::YbrIct,
            "YBR_RCT" => Self::YbrRct,
            "XYB" => Self::Xyb,
            _ => return None,
        })
    }
}

/// What one decoded sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SampleFormat {
    /// Unsigned, 8 bits; 1-bit samples are unpacked to it.
    U8,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 16 bits.
    U16,
    /// Signed, 16 bits.
    I16,
    /// Unsigned, 32 bits.
    U32,
    /// Signed, 32 bits.
    I32,
    /// IEEE 754, 32 bits.
    F32,
    /// IEEE 754, 64 bits.
    F64,
}

impl SampleFormat {
    /// The size of a sample in bytes.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Whether negative values are meant.
    #[must_use]
    pub fn is_signed(self) -> bool {
        !matches!(self, Self::U8 | Self::U16 | Self::U32)
    }
}

/// A window that the data set proposes: PS3.3 §C.11.2.1.2.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiWindow {
    /// Window Center (0028,1050).
    pub center: f64,
    /// Window Width (0028,1051), above zero.
    pub width: f64,
    /// Window Center & Width Explanation (0028,1055).
    pub explanation: Option<String>,
    /// VOI LUT Function (0028,1056).
    pub function: WindowFunction,
}

/// The stored values that fill up an image and mean nothing: PS3.3 §C.7.5.1.1.2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelPadding {
    /// The smallest padding value.
    pub first: f64,
    /// The largest padding value.
    pub last: f64,
}

impl ImageDescription {
    /// Reads the description of frame `frame` (counted from 1) from an instance's DICOM JSON:
    /// the attributes of the image, overridden by the shared and then the per-frame functional groups.
    ///
    /// Lookup tables must be in the JSON itself (`Value` or `InlineBinary`); one that is behind a `BulkDataURI` is [`Unusable`].
    ///
    /// # Errors
    /// `Unsupported` for a transfer syntax nothing here reads; `Mismatch` for an attribute that is absent or breaks its rule, and
    /// for a frame of more than [`MAX_FRAME_BYTES`].
    pub fn from_json(
        metadata: &serde_json::Map<String, serde_json::Value>,
        transfer_syntax_uid: &str,
        frame: u32,
    ) -> Result<Self, TranscodeError> {
        read::description(metadata, transfer_syntax_uid, frame)
    }

    /// The same, with what may be written on the picture.
    #[must_use]
    pub fn captioned(self, metadata: &serde_json::Map<String, serde_json::Value>) -> Self {
        Self { captions: Captions::of(metadata, self.frame, self.number_of_frames), ..self }
    }

    /// What a decoded sample will be.
    #[must_use]
    pub fn sample_format(&self) -> SampleFormat {
        match (self.bits_allocated, self.float, self.signed) {
            (64, ..) => SampleFormat::F64,
            (32, true, _) => SampleFormat::F32,
            (32, false, true) => SampleFormat::I32,
            (32, false, false) => SampleFormat::U32,
            (16, _, true) => SampleFormat::I16,
            (16, _, false) => SampleFormat::U16,
            (8, _, true) => SampleFormat::I8,
            _ => SampleFormat::U8,
        }
    }

    /// The size of the decoded frame in bytes.
    #[must_use]
    pub fn decoded_frame_bytes(&self) -> u64 {
        self.pixels() * u64::from(self.samples_per_pixel) * self.sample_format().bytes() as u64
    }

    /// The bytes of native Pixel Data that hold this frame. Frames of 1-bit samples may share their first and last byte with
    /// their neighbours (PS3.5 §8.1.1), and so may bytes in big endian words; give all of them to the [`Transcoder`](crate::Transcoder).
    #[must_use]
    pub fn native_frame_range(&self) -> Range<u64> {
        let index = u64::from(self.frame - 1);
        if self.bits_allocated == 1 {
            let bits = self.pixels() * u64::from(self.samples_per_pixel);
            return index * bits / 8..((index + 1) * bits).div_ceil(8);
        }
        let bytes = self.native_frame_bytes();
        let (start, end) = (index * bytes, (index + 1) * bytes);
        if self.is_bytes_in_big_words() { start & !1..(end + 1) & !1 } else { start..end }
    }

    /// The Photometric Interpretation that the frame has once it is uncompressed, which metadata that accompany it must name.
    #[must_use]
    pub fn uncompressed_photometric_interpretation(&self) -> PhotometricInterpretation {
        use PhotometricInterpretation as P;
        use dicom_dictionary_std::uids;
        let lossless = matches!(
            self.transfer_syntax_uid.as_str(),
            uids::JPEG_LOSSLESS | uids::JPEG_LOSSLESS_SV1 | uids::JPEGXL_LOSSLESS
        );
        match (Encoding::of(&self.transfer_syntax_uid), self.photometric_interpretation) {
            (Ok(Encoding::Jpeg | Encoding::JpegXl), colour) if colour.is_colour_by_sample() && !lossless => P::Rgb,
            (_, P::YbrIct | P::YbrRct | P::Xyb) => P::Rgb,
            (Ok(Encoding::NativeLittle | Encoding::NativeBig | Encoding::DeflatedFrame), other) => other,
            (_, P::YbrFull422) => P::YbrFull,
            (_, other) => other,
        }
    }

    /// Whether a native frame may begin inside a byte, or share a word with its neighbour: then only
    /// [`ImageDescription::native_frame_range`] cuts it right.
    #[must_use]
    pub fn may_share_bytes(&self) -> bool {
        self.bits_allocated == 1 || self.is_bytes_in_big_words()
    }

    /// The bit of the first byte at which a 1-bit frame begins. Frames that are encapsulated begin with a byte of their own.
    pub(crate) fn first_bit(&self) -> usize {
        use dicom_dictionary_std::uids::{
            DEFLATED_IMAGE_FRAME_COMPRESSION, ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN,
        };
        let encapsulated = [DEFLATED_IMAGE_FRAME_COMPRESSION, ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN];
        if encapsulated.contains(&self.transfer_syntax_uid.as_str()) {
            return 0;
        }
        let bits = self.pixels() * u64::from(self.samples_per_pixel);
        (u64::from(self.frame - 1) * bits % 8) as usize
    }

    /// Whether bytes were stored in pairs, the second first: 8-bit samples as OW in big endian.
    pub(crate) fn is_bytes_in_big_words(&self) -> bool {
        self.bits_allocated == 8
            && self.pixel_data_is_words
            && matches!(Encoding::of(&self.transfer_syntax_uid), Ok(Encoding::NativeBig))
    }

    /// The size of the frame in native Pixel Data, in bytes.
    pub(crate) fn native_frame_bytes(&self) -> u64 {
        if self.bits_allocated == 1 {
            return (self.first_bit() as u64 + self.pixels() * u64::from(self.samples_per_pixel)).div_ceil(8);
        }
        if self.is_native_422() {
            // Two luminances and one of each difference for two pixels.
            let pairs = u64::from(self.columns).div_ceil(2) * u64::from(self.rows);
            return pairs * 4 * u64::from(self.bits_allocated / 8);
        }
        self.decoded_frame_bytes()
    }

    /// Whether native samples are laid out as PS3.3 §C.7.6.3.1.2 says for YBR_FULL_422.
    pub(crate) fn is_native_422(&self) -> bool {
        use PhotometricInterpretation::{YbrFull422, YbrPartial422};
        matches!(self.photometric_interpretation, YbrFull422 | YbrPartial422) && self.samples_per_pixel == 3
    }

    fn pixels(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.columns)
    }
}
