//! Frames in, frames out: decoding, windowing and rendering.
//!
//! This is the only crate that links image codecs, and it holds them at arm's length:
//!
//! - C codecs (JPEG, JPEG-LS, JPEG 2000), and that of JPEG XL, decode in **worker processes**: the same binary, started again
//!   with an address-space limit, no environment and no files. A stream that crashes, hangs or blows up a codec costs
//!   its own request and nothing else ([`Transcoder`], [`worker_main`]).
//! - Before a codec sees a stream, a parser of our own has compared its header with the data set.
//! - What an encoder of ours or of others has made is decoded again in a worker process, and compared, before it is given out.
//! - Safe codecs (uncompressed, RLE, deflated frames) and all arithmetic run on a pool of threads, in front of which
//!   stands a bounded queue: what doesn't fit is refused at once ([`TranscodeError::Overloaded`]).
//!
//! Rendering follows PS3.4 §N.2 and PS3.18 §8.3.5: Modality LUT, VOI LUT, inversion, colour, viewport, encoding.
//! The arithmetic of windows and rescaling is `dicom-pixeldata`'s; its decoders are not used, because they
//! would run in this process.
//!
//! ```
//! use transcode::ImageDescription;
//!
//! let metadata = serde_json::json!({
//!     "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
//!     "00280010": {"vr": "US", "Value": [512]}, "00280011": {"vr": "US", "Value": [512]},
//!     "00280100": {"vr": "US", "Value": [16]}, "00280101": {"vr": "US", "Value": [12]},
//!     "00280103": {"vr": "US", "Value": [0]},
//! });
//! let image = ImageDescription::from_json(metadata.as_object().unwrap(), "1.2.840.10008.1.2.1", 1).unwrap();
//! assert_eq!(image.native_frame_range(), 0..512 * 512 * 2);
//! ```

pub mod bare;
mod codec;
mod description;
mod error;
mod frame;
mod native;
mod presentation;
mod render;
mod syntax;
mod transcoder;
mod worker;

pub use description::{
    Captions, ImageDescription, LookupTable, MAX_FRAME_BYTES, Palette, PhotometricInterpretation, PixelPadding,
    SampleFormat, Unusable, VoiWindow,
};
pub use error::TranscodeError;
pub use frame::DecodedFrame;
pub use presentation::{OwnPresentation, Presentation, ReferencedImage};
pub use render::{
    Annotation, IccProfile, MAX_ANIMATION_FRAMES, MAX_ANIMATION_PIXELS, RenderOptions, Rendered, RenderedMedia,
    SourceRegion, Viewport, Window, WindowFunction, render_decoded,
};
pub use syntax::{can_decode, can_encode};
pub use transcoder::{Options, Transcoder, WorkerCommand};
pub use worker::worker_main;
