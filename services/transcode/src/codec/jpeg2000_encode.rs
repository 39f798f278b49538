//! Lossless JPEG 2000 with OpenJPEG: PS3.5 §8.2.4, §A.4.4. Only ever called in a worker process.
#![expect(unsafe_code, reason = "bindings to a C library")]

use std::ffi::c_void;

use openjpeg_sys as opj;

use super::jpeg2000::{Codec, Image};
use super::{Job, reserve};
use crate::{PhotometricInterpretation, TranscodeError};

const CODEC: &str = "JPEG 2000 encoder";
/// Five levels of the wavelet, as most encoders do.
const MAX_RESOLUTIONS: u32 = 6;

/// A codestream without a file around it; red, green and blue are transformed where the data set says YBR_RCT.
pub(super) fn encode(job: &Job, samples: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    let failed = |what| TranscodeError::codec(CODEC, what);
    let image = image_of(job, samples)?;
    let mut sink = Sink { bytes: reserve(samples.len() / 2, CODEC)?, limit: job.max_encoded_bytes() };
    // SAFETY: takes no pointers; the codec is freed by the guard.
    let codec = Codec(unsafe { opj::opj_create_compress(opj::CODEC_FORMAT::OPJ_CODEC_J2K) });
    let stream = Stream::over(&mut sink).filter(|_| !codec.0.is_null()).ok_or_else(|| failed("not enough memory"))?;
    let mut parameters = parameters(job);
    // SAFETY: all are valid, and belong together; the library copies what it keeps of the parameters.
    let encoded = unsafe {
        opj::opj_setup_encoder(codec.0, &mut parameters, image.0) != 0
            && opj::opj_start_compress(codec.0, image.0, stream.0) != 0
            && opj::opj_encode(codec.0, stream.0) != 0
            && opj::opj_end_compress(codec.0, stream.0) != 0
    };
    drop(stream);
    if encoded { Ok(sink.bytes) } else { Err(failed("the image was refused")) }
}

fn parameters(job: &Job) -> opj::opj_cparameters_t {
    // SAFETY: a C struct of numbers, arrays and pointers that may be null, for which zeros are valid; the library then sets its
    // defaults: reversible, one tile, blocks of 64 by 64.
    let mut parameters: opj::opj_cparameters_t = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live struct of the right type.
    unsafe { opj::opj_set_default_encoder_parameters(&mut parameters) };
    parameters.tcp_numlayers = 1;
    parameters.cp_disto_alloc = 1;
    // Every level halves the image; none is left without pixels.
    let levels = u32::from(job.rows.min(job.columns).max(1)).ilog2();
    parameters.numresolution = (levels + 1).min(MAX_RESOLUTIONS) as i32;
    parameters.tcp_mct = i8::from(job.photometric_interpretation == PhotometricInterpretation::YbrRct);
    parameters
}

/// The samples as the library holds them: by component, in integers.
fn image_of(job: &Job, samples: &[u8]) -> Result<Image, TranscodeError> {
    let failed = || TranscodeError::codec(CODEC, "not enough memory");
    // SAFETY: a C struct of integers, for which zeros are valid.
    let mut component: opj::opj_image_cmptparm_t = unsafe { std::mem::zeroed() };
    (component.dx, component.dy) = (1, 1);
    (component.w, component.h) = (job.columns.into(), job.rows.into());
    (component.prec, component.sgnd) = (job.bits_stored.into(), job.signed.into());
    let count = usize::from(job.samples_per_pixel);
    let mut components = vec![component; count];
    let space = if count == 3 { opj::COLOR_SPACE::OPJ_CLRSPC_SRGB } else { opj::COLOR_SPACE::OPJ_CLRSPC_GRAY };
    // SAFETY: as many components are there as are announced; the image is freed by the guard.
    let image = Image(unsafe { opj::opj_image_create(job.samples_per_pixel.into(), components.as_mut_ptr(), space) });
    // SAFETY: null, or a live image that nothing else refers to.
    let inner = unsafe { image.0.as_mut() }.ok_or_else(failed)?;
    (inner.x1, inner.y1) = (job.columns.into(), job.rows.into());
    if inner.comps.is_null() || inner.numcomps as usize != count {
        return Err(failed());
    }
    let (size, pixels) = (job.sample_bytes(), usize::from(job.rows) * usize::from(job.columns));
    // SAFETY: the library has allocated `numcomps` components.
    let components = unsafe { std::slice::from_raw_parts(inner.comps, count) };
    for (index, component) in components.iter().enumerate() {
        if component.data.is_null() {
            return Err(failed());
        }
        // SAFETY: not null, and of w * h integers, which are Columns times Rows.
        let values = unsafe { std::slice::from_raw_parts_mut(component.data, pixels) };
        let containers = samples[index * size..].chunks(size).step_by(count);
        values.iter_mut().zip(containers).for_each(|(value, bytes)| *value = number(bytes, job.signed));
    }
    Ok(image)
}

/// A container of one or two bytes as a number.
fn number(bytes: &[u8], signed: bool) -> i32 {
    match (bytes, signed) {
        (&[byte], false) => i32::from(byte),
        (&[byte], true) => i32::from(byte as i8),
        (&[low, high, ..], false) => i32::from(u16::from_le_bytes([low, high])),
        (&[low, high, ..], true) => i32::from(i16::from_le_bytes([low, high])),
        (&[], _) => 0,
    }
}

/// What the library writes to, up to its limit.
struct Sink {
    bytes: Vec<u8>,
    limit: usize,
}

struct Stream<'a>(*mut opj::opj_stream_t, std::marker::PhantomData<&'a ()>);

impl<'a> Stream<'a> {
    /// A stream over `sink`, which it borrows for its life.
    fn over(sink: &'a mut Sink) -> Option<Self> {
        // SAFETY: takes no pointers; 0 asks for an output stream.
        let stream = unsafe { opj::opj_stream_default_create(0) };
        if stream.is_null() {
            return None;
        }
        // SAFETY: the stream is valid; `sink` is borrowed for as long as it lives, and is not the library's to free.
        unsafe {
            opj::opj_stream_set_user_data(stream, std::ptr::from_mut(sink).cast(), None);
            opj::opj_stream_set_write_function(stream, Some(write));
        }
        Some(Self(stream, std::marker::PhantomData))
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        // SAFETY: made by the library, freed only here.
        unsafe { opj::opj_stream_destroy(self.0) };
    }
}

unsafe extern "C" fn write(buffer: *mut c_void, length: opj::OPJ_SIZE_T, user: *mut c_void) -> opj::OPJ_SIZE_T {
    // SAFETY: `user` is the `Sink` that `Stream::over` gave and still borrows.
    let sink = unsafe { &mut *user.cast::<Sink>() };
    if sink.limit - sink.bytes.len() < length || sink.bytes.try_reserve(length).is_err() {
        return usize::MAX as opj::OPJ_SIZE_T; // an error, in the library's terms
    }
    // SAFETY: the library's buffer has `length` bytes.
    sink.bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), length) });
    length
}
