//! JPEG encoding with libjpeg-turbo, in this process: what goes in was made by our own arithmetic.
#![expect(unsafe_code, reason = "bindings to a C library")]

use turbojpeg_sys as tj;

use crate::TranscodeError;

const CODEC: &str = "JPEG encoder";

/// From this quality on, colour keeps its full resolution.
const FULL_CHROMA_QUALITY: u8 = 90;

/// Encodes 8-bit grey (`channels` 1) or RGB (3) at `quality` from 1 to 100.
pub(crate) fn encode(
    pixels: &[u8],
    width: u32,
    height: u32,
    channels: usize,
    quality: u8,
) -> Result<Vec<u8>, TranscodeError> {
    let size = u64::from(width) * u64::from(height) * channels as u64;
    let fits = (1..=65_500).contains(&width) && (1..=65_500).contains(&height);
    if !fits || pixels.len() as u64 != size || !matches!(channels, 1 | 3) {
        return Err(TranscodeError::parameter("viewport", "JPEG can't hold an image of this size"));
    }
    let (format, subsampling) = match (channels, quality) {
        (1, _) => (tj::TJPF_TJPF_GRAY, tj::TJSAMP_TJSAMP_GRAY),
        (_, FULL_CHROMA_QUALITY..) => (tj::TJPF_TJPF_RGB, tj::TJSAMP_TJSAMP_444),
        _ => (tj::TJPF_TJPF_RGB, tj::TJSAMP_TJSAMP_420),
    };
    let (width, height) = (width as libc::c_int, height as libc::c_int);
    // SAFETY: takes no pointers.
    let capacity = unsafe { tj::tj3JPEGBufSize(width, height, subsampling) } as usize;
    let mut out = vec![0_u8; capacity];
    // SAFETY: takes no pointers; the handle is freed by the guard.
    let handle = Handle(unsafe { tj::tj3Init(tj::TJINIT_TJINIT_COMPRESS as libc::c_int) });
    if handle.0.is_null() || capacity == 0 {
        return Err(TranscodeError::codec(CODEC, "not enough memory"));
    }
    let parameters = [
        (tj::TJPARAM_TJPARAM_NOREALLOC, 1),
        (tj::TJPARAM_TJPARAM_QUALITY, libc::c_int::from(quality.clamp(1, 100))),
        (tj::TJPARAM_TJPARAM_SUBSAMP, subsampling),
    ];
    for (parameter, value) in parameters {
        // SAFETY: the handle is valid.
        if unsafe { tj::tj3Set(handle.0, parameter as libc::c_int, value) } != 0 {
            return Err(TranscodeError::codec(CODEC, "a parameter was refused"));
        }
    }
    let (mut buffer, mut length) = (out.as_mut_ptr(), capacity as tj::size_t);
    // SAFETY: `pixels` holds width * height * channels bytes (checked above) and the pitch of 0 means rows without gaps; `buffer` has
    // room for the worst case and is never reallocated (NOREALLOC), so it stays ours.
    let result =
        unsafe { tj::tj3Compress8(handle.0, pixels.as_ptr(), width, 0, height, format, &mut buffer, &mut length) };
    if result != 0 {
        return Err(TranscodeError::codec(CODEC, "the image was refused"));
    }
    out.truncate(length as usize);
    Ok(out)
}

struct Handle(tj::tjhandle);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by `tj3Init`, freed only here; NULL is allowed.
        unsafe { tj::tj3Destroy(self.0) };
    }
}
