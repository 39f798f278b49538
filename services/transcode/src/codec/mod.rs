//! The codecs: a header check of our own, then the decoder; and lossless encoders that are held to it.

mod container;
mod encode;
mod header;
mod htj2k_encode;
mod jpeg;
mod jpeg2000;
mod jpeg2000_encode;
mod jpeg_bands;
mod jpeg_encode;
mod jpegls;
mod jpegls_encode;
mod jpegxl;
mod jpegxl_header;
mod rle;
mod scans;
mod siz;

use serde::{Deserialize, Serialize};

pub(crate) use encode::{encode, job as encoding_job};
pub(crate) use jpeg_bands::{Pixels, encode_jpeg};

use crate::native::Bits;
use crate::syntax::Encoding;
use crate::{DecodedFrame, ImageDescription, PhotometricInterpretation, TranscodeError};

/// What a codec has to know of a frame; small, and sent to the worker with it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) encoding: Encoding,
    pub(crate) rows: u16,
    pub(crate) columns: u16,
    pub(crate) samples_per_pixel: u16,
    pub(crate) bits_allocated: u16,
    pub(crate) bits_stored: u16,
    pub(crate) high_bit: u16,
    pub(crate) signed: bool,
    pub(crate) photometric_interpretation: PhotometricInterpretation,
    /// Overlays lie beside the samples in their containers.
    pub(crate) has_overlays: bool,
    /// What of the containers is wanted.
    pub(crate) bits: Bits,
}

/// What a decoder found out beside the samples.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) photometric_interpretation: PhotometricInterpretation,
    pub(crate) bits_stored: u16,
}

impl Job {
    pub(crate) fn new(image: &ImageDescription, encoding: Encoding) -> Self {
        Self {
            encoding,
            rows: image.rows,
            columns: image.columns,
            samples_per_pixel: image.samples_per_pixel,
            // Codecs know no packed bits: a 1-bit sample is a byte.
            bits_allocated: image.bits_allocated.max(8),
            bits_stored: image.bits_stored,
            high_bit: image.high_bit,
            signed: image.signed,
            photometric_interpretation: image.photometric_interpretation,
            has_overlays: image.has_embedded_overlays,
            bits: Bits::Stored,
        }
    }

    /// The job of decoding a frame, of whose containers `bits` are wanted.
    ///
    /// # Errors
    /// `Mismatch` for floating point numbers, which no codec holds.
    pub(crate) fn of_containers(
        image: &ImageDescription,
        encoding: Encoding,
        bits: Bits,
    ) -> Result<Self, TranscodeError> {
        if image.float {
            return Err(TranscodeError::mismatch("FloatPixelData", "can't be compressed"));
        }
        Ok(Self { bits, ..Self::new(image, encoding) })
    }

    /// The size of a sample in bytes.
    pub(crate) fn sample_bytes(&self) -> usize {
        usize::from(self.bits_allocated / 8)
    }

    /// The samples of a frame, all channels counted.
    pub(crate) fn samples(&self) -> usize {
        usize::from(self.rows) * usize::from(self.columns) * usize::from(self.samples_per_pixel)
    }

    /// The size of the decoded frame in bytes.
    pub(crate) fn decoded_bytes(&self) -> usize {
        self.samples() * self.sample_bytes()
    }
}

impl Outcome {
    /// The frame that was decoded to `samples`. RLE holds containers as they are, of which `bits` are wanted.
    pub(crate) fn frame(self, image: &ImageDescription, bits: Bits, samples: Vec<u8>) -> DecodedFrame {
        let samples = match Encoding::of(&image.transfer_syntax_uid) {
            Ok(Encoding::Rle) => bits.of(image, samples.into()),
            _ => samples.into(),
        };
        DecodedFrame {
            samples,
            rows: image.rows,
            columns: image.columns,
            samples_per_pixel: image.samples_per_pixel,
            format: image.sample_format(),
            bits_stored: self.bits_stored,
            photometric_interpretation: self.photometric_interpretation,
        }
    }
}

/// Compares the header of a compressed frame with the data set, before any codec sees it.
///
/// # Errors
/// `Mismatch` when they contradict, `Codec` when there is no readable header.
pub(crate) fn check_header(job: &Job, frame: &[u8]) -> Result<(), TranscodeError> {
    match job.encoding {
        Encoding::Rle => rle::check_header(job, frame),
        Encoding::Jpeg => header::read(frame, "JPEG").and_then(|header| header.check_jpeg(job)),
        Encoding::JpegLs => header::read(frame, "JPEG-LS").and_then(|header| header.check_jpegls(job)),
        Encoding::Jpeg2000 | Encoding::Htj2k => siz::read(frame).and_then(|siz| siz.check(job)),
        Encoding::JpegXl => jpegxl::check_header(job, frame),
        Encoding::NativeLittle | Encoding::NativeBig | Encoding::DeflatedFrame => Ok(()),
    }
}

/// Decodes a compressed frame to exactly [`Job::decoded_bytes`] bytes: little endian, colour by pixel, sign extended.
///
/// # Errors
/// As [`check_header`], and `Codec` when the stream is damaged.
pub(crate) fn decode(job: &Job, frame: &[u8]) -> Result<(Vec<u8>, Outcome), TranscodeError> {
    check_header(job, frame)?;
    let (samples, outcome) = match job.encoding {
        Encoding::Rle => rle::decode(job, frame),
        Encoding::Jpeg => jpeg::decode(job, frame),
        Encoding::JpegLs => jpegls::decode(job, frame),
        Encoding::Jpeg2000 | Encoding::Htj2k => jpeg2000::decode(job, frame),
        Encoding::JpegXl => jpegxl::decode(job, frame),
        Encoding::NativeLittle | Encoding::NativeBig | Encoding::DeflatedFrame => {
            Err(TranscodeError::mismatch("TransferSyntaxUID", "names no codec"))
        }
    }?;
    if samples.len() == job.decoded_bytes() {
        Ok((samples, outcome))
    } else {
        Err(TranscodeError::codec("any", "the decoded frame has the wrong size"))
    }
}

/// Compares what a stream says of itself with the data set.
fn check_shape(job: &Job, rows: u32, columns: u32, components: u16, precision: u16) -> Result<(), TranscodeError> {
    if rows != u32::from(job.rows) {
        return Err(TranscodeError::mismatch("Rows", "differs from the height in the compressed frame"));
    }
    if columns != u32::from(job.columns) {
        return Err(TranscodeError::mismatch("Columns", "differs from the width in the compressed frame"));
    }
    if components != job.samples_per_pixel {
        return Err(TranscodeError::mismatch("SamplesPerPixel", "differs from the components of the compressed frame"));
    }
    if precision == 0 || precision > job.bits_allocated {
        return Err(TranscodeError::mismatch("BitsAllocated", "is less than the precision of the compressed frame"));
    }
    Ok(())
}

/// An empty buffer with room for `bytes`, or an error in place of an abort.
fn reserve<T>(count: usize, codec: &'static str) -> Result<Vec<T>, TranscodeError> {
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(count).map_err(|_| TranscodeError::codec(codec, "not enough memory"))?;
    Ok(buffer)
}
