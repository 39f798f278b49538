//! JPEG encoding with libjpeg-turbo, in this process: what goes in was made by our own arithmetic.
#![expect(unsafe_code, reason = "bindings to a C library")]

use std::cell::RefCell;

use turbojpeg_sys as tj;

use crate::TranscodeError;

const CODEC: &str = "JPEG encoder";

/// From this quality on, colour keeps its full resolution.
const FULL_CHROMA_QUALITY: u8 = 90;

/// More room than this is not kept for the next picture.
const KEPT_BYTES: usize = 4 << 20;

/// A picture that is encoded: 8-bit grey (`channels` 1) or RGB (3), rows from the top without gaps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) channels: usize,
    /// From 1 to 100.
    pub(super) quality: u8,
}

impl Shape {
    fn format(self) -> (tj::TJPF, tj::TJSAMP) {
        match (self.channels, self.quality) {
            (1, _) => (tj::TJPF_TJPF_GRAY, tj::TJSAMP_TJSAMP_GRAY),
            (_, FULL_CHROMA_QUALITY..) => (tj::TJPF_TJPF_RGB, tj::TJSAMP_TJSAMP_444),
            _ => (tj::TJPF_TJPF_RGB, tj::TJSAMP_TJSAMP_420),
        }
    }

    /// Columns and rows of pixels that are encoded as one unit (ITU-T T.81 §A.2).
    pub(super) fn unit(self) -> u32 {
        if self.format().1 == tj::TJSAMP_TJSAMP_420 { 16 } else { 8 }
    }
}

thread_local! {
    /// What encoding needs beside the picture, kept by each thread that encodes: making it anew costs as much as a small picture.
    static ENCODER: RefCell<Option<Encoder>> = const { RefCell::new(None) };
}

/// Encodes a picture, on the calling thread.
///
/// # Errors
/// `Parameter` for a size that JPEG can't hold, `Codec` when there is no memory.
pub(super) fn encode(pixels: &[u8], shape: Shape) -> Result<Vec<u8>, TranscodeError> {
    let size = u64::from(shape.width) * u64::from(shape.height) * shape.channels as u64;
    let fits = (1..=65_500).contains(&shape.width) && (1..=65_500).contains(&shape.height);
    if !fits || pixels.len() as u64 != size || !matches!(shape.channels, 1 | 3) {
        return Err(TranscodeError::parameter("viewport", "JPEG can't hold an image of this size"));
    }
    ENCODER.with_borrow_mut(|kept| {
        let mut encoder = kept.take().map_or_else(Encoder::new, Ok)?;
        let encoded = encoder.encode(pixels, shape)?;
        *kept = Some(encoder);
        Ok(encoded)
    })
}

/// A compressor that is used again, and room for what it makes.
struct Encoder {
    handle: Handle,
    room: Vec<u8>,
}

impl Encoder {
    fn new() -> Result<Self, TranscodeError> {
        // SAFETY: takes no pointers; the handle is freed by the guard.
        let handle = Handle(unsafe { tj::tj3Init(tj::TJINIT_TJINIT_COMPRESS as libc::c_int) });
        if handle.0.is_null() {
            return Err(TranscodeError::codec(CODEC, "not enough memory"));
        }
        Ok(Self { handle, room: Vec::new() })
    }

    /// The stream, in no more memory than it needs. An encoder that has failed is not used again.
    fn encode(&mut self, pixels: &[u8], shape: Shape) -> Result<Vec<u8>, TranscodeError> {
        let (format, subsampling) = shape.format();
        let (width, height) = (shape.width as libc::c_int, shape.height as libc::c_int);
        // SAFETY: takes no pointers.
        let capacity = unsafe { tj::tj3JPEGBufSize(width, height, subsampling) } as usize;
        if capacity == 0 {
            return Err(TranscodeError::codec(CODEC, "not enough memory"));
        }
        if self.room.len() < capacity {
            self.room = vec![0; capacity];
        }
        let parameters = [
            (tj::TJPARAM_TJPARAM_NOREALLOC, 1),
            (tj::TJPARAM_TJPARAM_QUALITY, libc::c_int::from(shape.quality.clamp(1, 100))),
            (tj::TJPARAM_TJPARAM_SUBSAMP, subsampling),
        ];
        for (parameter, value) in parameters {
            // SAFETY: the handle is valid.
            if unsafe { tj::tj3Set(self.handle.0, parameter as libc::c_int, value) } != 0 {
                return Err(TranscodeError::codec(CODEC, "a parameter was refused"));
            }
        }
        let (mut buffer, mut length) = (self.room.as_mut_ptr(), self.room.len() as tj::size_t);
        // SAFETY: `pixels` holds width * height * channels bytes (checked by `encode`) and the pitch of 0 means rows without gaps;
        // `buffer` has room for the worst case and is never reallocated (NOREALLOC), so it stays ours.
        let result = unsafe {
            tj::tj3Compress8(self.handle.0, pixels.as_ptr(), width, 0, height, format, &mut buffer, &mut length)
        };
        let encoded = self.room.get(..length as usize).filter(|_| result == 0);
        let encoded = encoded.ok_or_else(|| TranscodeError::codec(CODEC, "the image was refused"))?.to_vec();
        if self.room.len() > KEPT_BYTES {
            self.room = Vec::new();
        }
        Ok(encoded)
    }
}

struct Handle(tj::tjhandle);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by `tj3Init`, freed only here; NULL is allowed.
        unsafe { tj::tj3Destroy(self.0) };
    }
}
