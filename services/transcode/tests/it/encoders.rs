//! Encoders of the same libraries, for streams to decode. (Other libraries' streams: `referee`.)
#![expect(unsafe_code, reason = "bindings to C libraries")]

use std::ffi::c_void;

use charls::{CharLS, FrameInfo, InterleaveMode};
use openjpeg_sys as opj;
use turbojpeg_sys as tj;

use crate::support::Shape;

/// JPEG-LS of unsigned integers of `stored` bits.
pub(crate) fn jpeg_ls(shape: &Shape, interleave: InterleaveMode) -> Vec<u8> {
    let mask = (1 << shape.stored) - 1;
    let values: Vec<i32> = shape.values().iter().map(|value| value & mask).collect();
    jpeg_ls_of(shape, interleave, &values)
}

/// JPEG-LS of these unsigned integers.
pub(crate) fn jpeg_ls_of(shape: &Shape, interleave: InterleaveMode, values: &[i32]) -> Vec<u8> {
    let mut values = values.to_vec();
    if interleave == InterleaveMode::None && shape.samples == 3 {
        values =
            (0..3).flat_map(|channel| values.iter().skip(channel).step_by(3).copied().collect::<Vec<_>>()).collect();
    }
    let mut encoder = CharLS::default();
    encoder.set_interleave_mode(interleave).unwrap();
    let frame = FrameInfo {
        width: shape.columns.into(),
        height: shape.rows.into(),
        bits_per_sample: shape.stored.into(),
        component_count: shape.samples.into(),
    };
    encoder.encode(frame, 0, &shape.bytes(&values)).unwrap()
}

/// JPEG: lossless when `lossless`, else 8- or 12-bit lossy at quality 100.
pub(crate) fn jpeg(shape: &Shape, lossless: bool) -> Vec<u8> {
    let mask = (1 << shape.stored) - 1;
    jpeg_of(shape, lossless, &shape.values().iter().map(|value| value & mask).collect::<Vec<_>>())
}

/// JPEG of these unsigned integers.
pub(crate) fn jpeg_of(shape: &Shape, lossless: bool, values: &[i32]) -> Vec<u8> {
    jpeg_with(shape, (tj::TJPARAM_TJPARAM_LOSSLESS, lossless), values)
}

/// Lossy JPEG of 8 bits in several scans, from coarse to fine.
pub(crate) fn progressive_jpeg(shape: &Shape) -> Vec<u8> {
    jpeg_with(shape, (tj::TJPARAM_TJPARAM_PROGRESSIVE, true), &shape.values())
}

fn jpeg_with(shape: &Shape, (parameter, is_set): (tj::TJPARAM, bool), values: &[i32]) -> Vec<u8> {
    let values: Vec<u16> = values.iter().map(|&value| value as u16).collect();
    let (width, height) = (i32::from(shape.columns), i32::from(shape.rows));
    let format = if shape.samples == 3 { tj::TJPF_TJPF_RGB } else { tj::TJPF_TJPF_GRAY };
    // SAFETY: buffers outlive the calls and hold width * height * samples values; the library allocates the output, which is
    // copied and freed here.
    unsafe {
        let handle = tj::tj3Init(tj::TJINIT_TJINIT_COMPRESS as i32);
        tj::tj3Set(handle, tj::TJPARAM_TJPARAM_QUALITY as i32, 100);
        tj::tj3Set(handle, tj::TJPARAM_TJPARAM_SUBSAMP as i32, if shape.samples == 3 { 0 } else { 3 });
        tj::tj3Set(handle, parameter as i32, i32::from(is_set));
        tj::tj3Set(handle, tj::TJPARAM_TJPARAM_PRECISION as i32, i32::from(shape.stored));
        let (mut out, mut length) = (std::ptr::null_mut(), 0);
        let result = match shape.stored {
            ..=8 => {
                let bytes: Vec<u8> = values.iter().map(|&value| value as u8).collect();
                tj::tj3Compress8(handle, bytes.as_ptr(), width, 0, height, format, &mut out, &mut length)
            }
            9..=12 => {
                tj::tj3Compress12(handle, values.as_ptr().cast(), width, 0, height, format, &mut out, &mut length)
            }
            _ => tj::tj3Compress16(handle, values.as_ptr(), width, 0, height, format, &mut out, &mut length),
        };
        assert_eq!(result, 0, "the encoder failed");
        let bytes = std::slice::from_raw_parts(out, length as usize).to_vec();
        tj::tj3Free(out.cast());
        tj::tj3Destroy(handle);
        bytes
    }
}

/// Lossless JPEG 2000, its sign flag set as `flag` says, whatever the values are.
pub(crate) fn jpeg_2000(shape: &Shape, flag: bool) -> Vec<u8> {
    let mask = (1 << shape.stored) - 1;
    let values = shape.values().into_iter().map(|value| match (shape.signed, flag) {
        (true, false) => value & mask,
        (false, true) if value > mask / 2 => value - mask - 1,
        _ => value,
    });
    jpeg_2000_of(shape, flag, &values.collect::<Vec<_>>())
}

/// Lossless JPEG 2000 of these integers, its sign flag set as `flag` says.
pub(crate) fn jpeg_2000_of(shape: &Shape, flag: bool, values: &[i32]) -> Vec<u8> {
    // SAFETY: zeroed structs of integers are valid; pointers are to live objects; everything made is destroyed at the end.
    unsafe {
        let mut parameters: opj::opj_cparameters_t = std::mem::zeroed();
        opj::opj_set_default_encoder_parameters(&mut parameters);
        parameters.tcp_numlayers = 1;
        parameters.cp_disto_alloc = 1;
        parameters.numresolution = 4;
        parameters.tcp_mct = i8::from(shape.samples == 3);
        let mut component: opj::opj_image_cmptparm_t = std::mem::zeroed();
        (component.dx, component.dy, component.prec) = (1, 1, shape.stored.into());
        (component.w, component.h, component.sgnd) = (shape.columns.into(), shape.rows.into(), u32::from(flag));
        let mut components = [component; 3];
        let space =
            if shape.samples == 3 { opj::COLOR_SPACE::OPJ_CLRSPC_SRGB } else { opj::COLOR_SPACE::OPJ_CLRSPC_GRAY };
        let image = opj::opj_image_create(shape.samples.into(), components.as_mut_ptr(), space);
        (*image).x1 = shape.columns.into();
        (*image).y1 = shape.rows.into();
        for (channel, component) in
            std::slice::from_raw_parts_mut((*image).comps, shape.samples.into()).iter().enumerate()
        {
            for (index, value) in values.iter().skip(channel).step_by(shape.samples.into()).enumerate() {
                *component.data.add(index) = *value;
            }
        }
        let codec = opj::opj_create_compress(opj::CODEC_FORMAT::OPJ_CODEC_J2K);
        assert_eq!(opj::opj_setup_encoder(codec, &mut parameters, image), 1);
        let mut out: Vec<u8> = Vec::new();
        let stream = opj::opj_stream_default_create(0);
        opj::opj_stream_set_user_data(stream, std::ptr::from_mut(&mut out).cast(), None);
        opj::opj_stream_set_write_function(stream, Some(write));
        assert_eq!(opj::opj_start_compress(codec, image, stream), 1);
        assert_eq!(opj::opj_encode(codec, stream), 1);
        assert_eq!(opj::opj_end_compress(codec, stream), 1);
        opj::opj_stream_destroy(stream);
        opj::opj_destroy_codec(codec);
        opj::opj_image_destroy(image);
        out
    }
}

unsafe extern "C" fn write(buffer: *mut c_void, length: opj::OPJ_SIZE_T, user: *mut c_void) -> opj::OPJ_SIZE_T {
    // SAFETY: `user` is the vector above, and the buffer has `length` bytes.
    unsafe { (*user.cast::<Vec<u8>>()).extend_from_slice(std::slice::from_raw_parts(buffer.cast(), length)) };
    length
}
