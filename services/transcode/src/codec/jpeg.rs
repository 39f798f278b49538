//! JPEG decoding with libjpeg-turbo: lossy at 8 and 12 bits, lossless from 2 to 16. Only ever called in a worker process.
#![expect(unsafe_code, reason = "bindings to a C library")]

use std::borrow::Cow;
use std::ffi::CStr;

use turbojpeg_sys as tj;

use super::header::{self, Header};
use super::{Job, Outcome, container, reserve, scans};
use crate::{PhotometricInterpretation, TranscodeError};

const CODEC: &str = "JPEG";

/// A scan costs a pass over the whole image, so a small progressive file with many scans is a bomb; encoders write about ten.
const MAX_SCANS: libc::c_int = 100;

pub(super) fn decode(job: &Job, frame: &[u8]) -> Result<(Vec<u8>, Outcome), TranscodeError> {
    let header = header::read(frame, CODEC)?;
    if !scans::are_whole(&header, frame) {
        return Err(TranscodeError::codec(CODEC, "a scan is missing"));
    }
    let mut stream = Cow::Borrowed(frame);
    if header.components == 3 {
        stream = Cow::Owned(header::with_colour_transform(frame, colour_transform(&header, job)));
    }
    if header.is_sequential() {
        scans::name_all_coefficients(&mut stream);
    }
    let decoder = Decoder::open(&stream, &header)?;
    let precision = header.precision;
    let values = container::Stream::exact(precision).losing(!header.is_lossless());
    let samples = match precision {
        ..=8 if container::is_stored(job, values, 1) => decoder.decode_8()?,
        ..=8 => container::store(job, values, &decoder.decode_8()?, CODEC)?,
        9..=12 => container::store(job, values, &decoder.decode_12()?, CODEC)?,
        _ => container::store(job, values, &decoder.decode_16()?, CODEC)?,
    };
    let outcome = Outcome {
        photometric_interpretation: match job.photometric_interpretation {
            colour if header.components == 3 && !header.is_lossless() => {
                debug_assert!(colour.is_colour_by_sample());
                PhotometricInterpretation::Rgb
            }
            PhotometricInterpretation::YbrFull422 => PhotometricInterpretation::YbrFull,
            other => other,
        },
        bits_stored: container::bits_stored(job, precision),
    };
    Ok((samples, outcome))
}

/// 0 when the components are to be taken as they are, 1 when they are YCbCr.
///
/// The stream's own statements come first (an Adobe marker, component names, JFIF), then the data set. Lossless frames are
/// never transformed here: what was stored comes back, bit by bit.
fn colour_transform(header: &Header, job: &Job) -> u8 {
    if header.is_lossless() {
        return 0;
    }
    match (header.adobe_transform, &header.component_ids) {
        (Some(transform), _) => u8::from(transform != 0),
        (None, b"RGB" | b"rgb") => 0,
        (None, _) if header.jfif => 1,
        (None, _) => u8::from(job.photometric_interpretation != PhotometricInterpretation::Rgb),
    }
}

/// A decoder that has read the header of its stream and found it as expected.
struct Decoder<'a> {
    handle: tj::tjhandle,
    stream: &'a [u8],
    format: tj::TJPF,
    samples: usize,
}

impl<'a> Decoder<'a> {
    fn open(stream: &'a [u8], header: &Header) -> Result<Self, TranscodeError> {
        // SAFETY: takes no pointers; the handle is freed in `drop`.
        let handle = unsafe { tj::tj3Init(tj::TJINIT_TJINIT_DECOMPRESS as libc::c_int) };
        if handle.is_null() {
            return Err(TranscodeError::codec(CODEC, "not enough memory"));
        }
        let (width, height) = (libc::c_int::from(header.columns), libc::c_int::from(header.rows));
        let format = if header.components == 3 { tj::TJPF_TJPF_RGB } else { tj::TJPF_TJPF_GRAY };
        let samples = usize::from(header.columns) * usize::from(header.rows) * usize::from(header.components);
        let decoder = Self { handle, stream, format, samples };
        decoder.set(tj::TJPARAM_TJPARAM_SCANLIMIT, MAX_SCANS);
        // SAFETY: the stream outlives the call, and its length is its own.
        let result = unsafe { tj::tj3DecompressHeader(handle, stream.as_ptr(), stream.len() as tj::size_t) };
        if result != 0 && decoder.is_fatal() {
            return Err(decoder.error());
        }
        // The buffers below are sized by our reading of the header; libjpeg's must be the same.
        let same = decoder.get(tj::TJPARAM_TJPARAM_JPEGWIDTH) == width
            && decoder.get(tj::TJPARAM_TJPARAM_JPEGHEIGHT) == height
            && decoder.get(tj::TJPARAM_TJPARAM_PRECISION) == libc::c_int::from(header.precision);
        if same { Ok(decoder) } else { Err(TranscodeError::codec(CODEC, "its header can be read in two ways")) }
    }

    fn decode_8(&self) -> Result<Vec<u8>, TranscodeError> {
        self.decode_with(|stream, length, out: *mut u8, format| {
            // SAFETY: see `decode_with`.
            unsafe { tj::tj3Decompress8(self.handle, stream, length, out, 0, format) }
        })
    }

    fn decode_12(&self) -> Result<Vec<i16>, TranscodeError> {
        self.decode_with(|stream, length, out: *mut i16, format| {
            // SAFETY: see `decode_with`.
            unsafe { tj::tj3Decompress12(self.handle, stream, length, out, 0, format) }
        })
    }

    fn decode_16(&self) -> Result<Vec<u16>, TranscodeError> {
        self.decode_with(|stream, length, out: *mut u16, format| {
            // SAFETY: see `decode_with`.
            unsafe { tj::tj3Decompress16(self.handle, stream, length, out, 0, format) }
        })
    }

    /// Calls a decompress function with a buffer for all samples. With a pitch of 0 the function writes width times height times the
    /// components of the pixel format, and `open` has compared the first two with the header that the buffer is sized by.
    fn decode_with<T: Copy + Default>(
        &self,
        decompress: impl Fn(*const u8, tj::size_t, *mut T, libc::c_int) -> libc::c_int,
    ) -> Result<Vec<T>, TranscodeError> {
        let mut out = reserve(self.samples, CODEC)?;
        out.resize(self.samples, T::default());
        let result = decompress(self.stream.as_ptr(), self.stream.len() as tj::size_t, out.as_mut_ptr(), self.format);
        if result == 0 || self.is_harmless() { Ok(out) } else { Err(self.error()) }
    }

    fn set(&self, parameter: tj::TJPARAM, value: libc::c_int) {
        // SAFETY: the handle is valid. A parameter that is not taken is a limit less, not a danger.
        unsafe { tj::tj3Set(self.handle, parameter as libc::c_int, value) };
    }

    fn get(&self, parameter: tj::TJPARAM) -> libc::c_int {
        // SAFETY: the handle is valid.
        unsafe { tj::tj3Get(self.handle, parameter as libc::c_int) }
    }

    fn is_fatal(&self) -> bool {
        // SAFETY: the handle is valid.
        unsafe { tj::tj3GetErrorCode(self.handle) == tj::TJERR_TJERR_FATAL as libc::c_int }
    }

    /// A warning that leaves the image whole: bytes too many in front of the marker that ends it. Others mean that a part of it was made up,
    /// which is no image to read from.
    ///
    /// The library tells its first warning only. After that of the end no other comes; in front of any other marker, bytes too many may be
    /// followed by what is too little.
    fn is_harmless(&self) -> bool {
        !self.is_fatal() && self.message().contains("extraneous bytes before marker 0xd9")
    }

    fn message(&self) -> String {
        // SAFETY: the library returns a terminated string that lives as long as the handle.
        unsafe { CStr::from_ptr(tj::tj3GetErrorStr(self.handle)) }.to_string_lossy().into_owned()
    }

    fn error(&self) -> TranscodeError {
        TranscodeError::codec(CODEC, self.message())
    }
}

impl Drop for Decoder<'_> {
    fn drop(&mut self) {
        // SAFETY: made by `tj3Init`, and freed only here.
        unsafe { tj::tj3Destroy(self.handle) };
    }
}
