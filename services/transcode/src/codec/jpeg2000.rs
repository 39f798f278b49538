//! JPEG 2000 and HTJ2K decoding: what is usual and lossless with our own decoder, all else with OpenJPEG. Only ever called in a worker
//! process.
#![expect(unsafe_code, reason = "bindings to a C library")]

use std::ffi::c_void;

use openjpeg_sys as opj;
use transcode_jpeg2000::{Decoded, Expected};

use super::siz::{self, Siz};
use super::{Job, Outcome, container, reserve};
use crate::syntax::Encoding;
use crate::{PhotometricInterpretation, TranscodeError};

const CODEC: &str = "JPEG 2000";

pub(super) fn decode(job: &Job, frame: &[u8]) -> Result<(Vec<u8>, Outcome), TranscodeError> {
    let siz = siz::read(frame)?;
    let samples = match decode_usual(job, frame, &siz) {
        Some(decoded) => samples(job, &siz, decoded.components.iter().map(Vec::as_slice))?,
        None => decode_image(&mut Source { bytes: frame, at: 0 }, &siz)?.samples(job, &siz)?,
    };
    let outcome = Outcome {
        photometric_interpretation: match job.photometric_interpretation {
            // The decoder has undone the transform, whatever the data set called it.
            colour if siz.has_colour_transform && colour.is_colour_by_sample() => PhotometricInterpretation::Rgb,
            PhotometricInterpretation::YbrIct | PhotometricInterpretation::YbrRct => PhotometricInterpretation::Rgb,
            PhotometricInterpretation::YbrFull422 => PhotometricInterpretation::YbrFull,
            other => other,
        },
        bits_stored: container::bits_stored(job, siz.precision),
    };
    Ok((samples, outcome))
}

/// What the faster decoder makes of a frame: nothing where it has no way to, or doubts, so that OpenJPEG says what is wrong.
fn decode_usual(job: &Job, frame: &[u8], siz: &Siz) -> Option<Decoded> {
    if siz.is_jp2 || job.encoding == Encoding::Htj2k {
        return None;
    }
    let expected =
        Expected { columns: job.columns.into(), rows: job.rows.into(), components: job.samples_per_pixel.into() };
    transcode_jpeg2000::decode(frame, expected).ok()
}

/// Components, each of Columns times Rows values, as samples by pixel.
fn samples<'a>(
    job: &Job,
    siz: &Siz,
    components: impl ExactSizeIterator<Item = &'a [i32]>,
) -> Result<Vec<u8>, TranscodeError> {
    let size = job.sample_bytes();
    let stride = size * components.len();
    let mut out: Vec<u8> = reserve(job.decoded_bytes(), CODEC)?;
    out.resize(job.decoded_bytes(), 0);
    let stream = siz.values();
    let fit = container::Fit::of(job, stream);
    for (index, values) in components.enumerate() {
        container::Beyond::of(job, stream).check(values.iter().copied())?;
        let containers = out[index * size..].chunks_mut(stride).zip(values);
        match size {
            1 => containers.for_each(|(bytes, &value)| bytes[0] = fit.apply(value) as u8),
            2 => containers
                .for_each(|(bytes, &value)| bytes[..2].copy_from_slice(&(fit.apply(value) as u16).to_le_bytes())),
            _ => containers.for_each(|(bytes, &value)| bytes[..4].copy_from_slice(&fit.apply(value).to_le_bytes())),
        }
    }
    Ok(out)
}

fn decode_image(source: &mut Source<'_>, siz: &Siz) -> Result<Image, TranscodeError> {
    let damaged = |what| TranscodeError::codec(CODEC, what);
    let stream = Stream::over(source).ok_or_else(|| damaged("not enough memory"))?;
    let format = if siz.is_jp2 { opj::CODEC_FORMAT::OPJ_CODEC_JP2 } else { opj::CODEC_FORMAT::OPJ_CODEC_J2K };
    // SAFETY: takes no pointers; the codec is freed by the guard.
    let codec = Codec(unsafe { opj::opj_create_decompress(format) });
    if codec.0.is_null() {
        return Err(damaged("not enough memory"));
    }
    // SAFETY: a C struct of integers and character arrays, for which zeros are valid; the library then sets its defaults.
    let mut parameters: opj::opj_dparameters_t = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live struct of the right type.
    unsafe { opj::opj_set_default_decoder_parameters(&mut parameters) };
    // SAFETY: the codec and the parameters are valid. Strict mode is the default: a stream that ends early is an error.
    if unsafe { opj::opj_setup_decoder(codec.0, &mut parameters) } == 0 {
        return Err(damaged("the decoder can't be set up"));
    }
    let mut image = Image(std::ptr::null_mut());
    // SAFETY: stream and codec are valid; on success the image is ours, and the guard frees it in any case.
    if unsafe { opj::opj_read_header(stream.0, codec.0, &mut image.0) } == 0 || image.0.is_null() {
        return Err(damaged("the header can't be read"));
    }
    // SAFETY: all three are valid and belong together.
    if unsafe { opj::opj_decode(codec.0, stream.0, image.0) } == 0 {
        return Err(damaged("the codestream can't be decoded"));
    }
    Ok(image)
}

pub(super) struct Image(pub(super) *mut opj::opj_image_t);

impl Image {
    /// The components, compared with the description, as samples by pixel.
    fn samples(&self, job: &Job, siz: &Siz) -> Result<Vec<u8>, TranscodeError> {
        let pixels = usize::from(job.rows) * usize::from(job.columns);
        // SAFETY: not null, as `decode_image` has checked, and alive as long as `self`.
        let image = unsafe { &*self.0 };
        if image.comps.is_null() || image.numcomps != u32::from(job.samples_per_pixel) {
            return Err(TranscodeError::codec(CODEC, "components are missing"));
        }
        // SAFETY: the library allocates `numcomps` components.
        let components = unsafe { std::slice::from_raw_parts(image.comps, image.numcomps as usize) };
        for component in components {
            let whole = (component.w, component.h) == (u32::from(job.columns), u32::from(job.rows));
            if component.data.is_null() || !whole || component.prec != u32::from(siz.precision) {
                return Err(TranscodeError::codec(CODEC, "a component has the wrong size"));
            }
        }
        // SAFETY: not null, and of w * h integers, which are Columns times Rows.
        let values = |component: &opj::opj_image_comp_t| unsafe { std::slice::from_raw_parts(component.data, pixels) };
        samples(job, siz, components.iter().map(values))
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: made by the library, freed only here; NULL is allowed.
        unsafe { opj::opj_image_destroy(self.0) };
    }
}

pub(super) struct Codec(pub(super) *mut opj::opj_codec_t);

impl Drop for Codec {
    fn drop(&mut self) {
        // SAFETY: made by the library, freed only here; NULL is allowed.
        unsafe { opj::opj_destroy_codec(self.0) };
    }
}

/// The frame that the library reads from.
struct Source<'a> {
    bytes: &'a [u8],
    at: usize,
}

struct Stream<'a>(*mut opj::opj_stream_t, std::marker::PhantomData<&'a ()>);

impl<'a> Stream<'a> {
    /// A stream over `source`, which it borrows for its life.
    fn over(source: &'a mut Source<'_>) -> Option<Self> {
        let length = source.bytes.len();
        // SAFETY: takes no pointers; 1 asks for an input stream.
        let stream = unsafe { opj::opj_stream_default_create(1) };
        if stream.is_null() {
            return None;
        }
        // SAFETY: the stream is valid; `source` is borrowed for as long as it lives, and is not the library's to free.
        unsafe {
            opj::opj_stream_set_user_data(stream, std::ptr::from_mut(source).cast(), None);
            opj::opj_stream_set_user_data_length(stream, length as u64);
            opj::opj_stream_set_read_function(stream, Some(read));
            opj::opj_stream_set_skip_function(stream, Some(skip));
            opj::opj_stream_set_seek_function(stream, Some(seek));
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

/// What the callbacks answer at the end of the data.
const END: usize = usize::MAX;

unsafe extern "C" fn read(buffer: *mut c_void, length: opj::OPJ_SIZE_T, user: *mut c_void) -> opj::OPJ_SIZE_T {
    // SAFETY: `user` is the `Source` that `Stream::over` gave and still borrows.
    let source = unsafe { &mut *user.cast::<Source<'_>>() };
    let rest = source.bytes.get(source.at..).unwrap_or(&[]);
    if rest.is_empty() {
        return END as opj::OPJ_SIZE_T;
    }
    let count = rest.len().min(length);
    // SAFETY: the library's buffer has `length` bytes, the rest has at least `count`, and they don't overlap.
    unsafe { std::ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast::<u8>(), count) };
    source.at += count;
    count as opj::OPJ_SIZE_T
}

unsafe extern "C" fn skip(count: opj::OPJ_OFF_T, user: *mut c_void) -> opj::OPJ_OFF_T {
    // SAFETY: as in `read`.
    let source = unsafe { &mut *user.cast::<Source<'_>>() };
    let target = (source.at as i64).saturating_add(count).clamp(0, source.bytes.len() as i64);
    let moved = target - source.at as i64;
    source.at = target as usize;
    moved
}

unsafe extern "C" fn seek(position: opj::OPJ_OFF_T, user: *mut c_void) -> opj::OPJ_BOOL {
    // SAFETY: as in `read`.
    let source = unsafe { &mut *user.cast::<Source<'_>>() };
    match usize::try_from(position) {
        Ok(position) if position <= source.bytes.len() => {
            source.at = position;
            1
        }
        _ => 0,
    }
}
