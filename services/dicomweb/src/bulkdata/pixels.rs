//! PixelData as a bulk value: one part when it is uncompressed, a part for each frame when it is not (PS3.18 §10.4.3.3.6). The forms are
//! those of frames: as stored, uncompressed, and compressed without loss for who takes no other.

use std::io;

use axum::body::Body;
use axum::response::Response;
use face::Problem;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use http::HeaderMap;
use index_model::{FrameIndex, InstanceEntry};
use registry::{Frame, PathStep, RegistryError};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Held;
use crate::accept::{Accept, Container, Wanted};
use crate::frames::{self, Form, Stored, content_type};
use crate::multipart::{self, AHEAD_BYTES, Part};
use crate::range;
use crate::syntax::{self, OCTET_STREAM};

/// PixelData (7FE0,0010).
pub(super) const TAG: u32 = 0x7FE0_0010;
/// Its path.
pub(super) const PIXEL_DATA: [PathStep; 1] = [PathStep::Attribute(TAG)];

/// Pixel data at the first level, and no other attribute: PS3.18 §10.4.3.3.6.
#[derive(Deserialize, Default)]
struct Header {
    #[serde(rename = "7FE00010")]
    pixel_data: Option<IgnoredAny>,
    #[serde(rename = "7FE00008")]
    float: Option<IgnoredAny>,
    #[serde(rename = "7FE00009")]
    double: Option<IgnoredAny>,
}

/// Which pixel data the instance has.
pub(super) fn tag(entry: &InstanceEntry) -> Option<u32> {
    let header: Header = serde_json::from_str(entry.metadata.get()).unwrap_or_default();
    let found = [(header.pixel_data, TAG), (header.float, 0x7FE0_0008), (header.double, 0x7FE0_0009)];
    found.into_iter().find_map(|(found, tag)| found.map(|_| tag))
}

/// The pixel data of one instance that has frames; in `container` where the caller takes either.
pub(super) async fn answer(
    held: Held,
    accept: &Accept,
    headers: &HeaderMap,
    container: Container,
) -> Result<Response, Problem> {
    let first = held.frame(1, false).await?;
    let alone = held.entry.frames.count() == 1;
    let either = accept.wanted().next().is_some_and(|wanted| wanted.container == Container::Any);
    let wanted = |form: Form| Form { multipart: form.multipart && !(either && container == Container::Single), ..form };
    let decodes = held.decodes(&first).await;
    let stored = Stored::of(&first);
    let kept = |range: Wanted<'_>| kept(stored, range, decodes).map(wanted);
    let form = accept.choose(
        |range| kept(range).filter(|form| form.multipart || alone || is_whole(*form, &first)),
        |range| stored.encoded(range, alone).filter(|_| decodes),
    );
    let form = form.ok_or_else(|| frames::none_of_these(&first, alone))?;
    if form.multipart {
        let ahead = form.encoded.is_some();
        let parts = parts(held, first, form);
        return if ahead {
            multipart::related_ahead(form.media_type, parts).await
        } else {
            multipart::related(form.media_type, parts).await
        };
    }
    if form.encoded.is_some() {
        let frame = held.frame_in(1, form).await?;
        let tag = range::etag(&frame.etag, "-pixels");
        return Ok(range::bytes(headers, &content_type(&frame.transfer_syntax_uid, form), Some(&tag), frame.bytes));
    }
    let tag = held.etag(if form.native { "-pixels-native" } else { "-pixels" });
    if !is_whole(form, &first) {
        return Ok(range::bytes(headers, &content_type(&first.transfer_syntax_uid, form), tag.as_deref(), first.bytes));
    }
    let content_type = content_type(EXPLICIT, form);
    let whole = Whole::of(&held).await?;
    let size_bytes = whole.size_bytes();
    Ok(range::streamed(headers, &content_type, tag.as_deref(), size_bytes, |range| {
        Body::from_stream(multipart::flushed(whole.run(range)))
    }))
}

use index_model::transfer_syntax::{
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN as DEFLATED, EXPLICIT_VR_BIG_ENDIAN as BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN as EXPLICIT,
};

/// The form of what is stored that a range names and we can make. What can't be uncompressed is no `application/octet-stream` unless the
/// caller names its transfer syntax (§8.7.3.3.2).
fn kept(stored: Stored<'_>, wanted: Wanted<'_>, decodes: bool) -> Option<Form> {
    possible(stored.kept(wanted, true)?, stored.syntax, decodes)
}

fn possible(form: Form, stored: &str, decodes: bool) -> Option<Form> {
    match form.native && !decodes {
        // Who takes anything gets it under its own name.
        true => form.our_choice.then_some(Form { native: false, media_type: syntax::media_type(stored), ..form }),
        false => Some(form),
    }
}

/// Whether the caller takes the pixel data of an instance in parts, in one of the forms that it has by its transfer syntax and its
/// header. A stream that is shown wrong, or is damaged, has no form that this does not tell, but may have fewer.
pub(super) fn fits(accept: &Accept, entry: &InstanceEntry) -> bool {
    let stored = match entry.instance.transfer_syntax_uid.as_str() {
        // What lies inside a deflated data set is not deflated itself.
        DEFLATED => EXPLICIT,
        own => own,
    };
    let decodes = syntax::video(stored).is_none() && registry::decodes(entry);
    in_parts(accept, Stored::in_syntax(stored), decodes).is_some()
}

/// The form in parts that the caller likes best.
fn in_parts(accept: &Accept, stored: Stored<'_>, decodes: bool) -> Option<Form> {
    accept.choose(
        |range| kept(stored, range, decodes).filter(|form| form.multipart),
        |range| stored.encoded(range, false).filter(|_| decodes),
    )
}

/// Whether the value is one run of uncompressed samples.
fn is_whole(form: Form, stored: &Frame) -> bool {
    form.native || (form.media_type == OCTET_STREAM && syntax::is_native(&stored.transfer_syntax_uid))
}

/// The pixel data of an instance in the first form that the caller takes in parts.
///
/// # Errors
/// [`RegistryError::NotAcceptable`] where there is none.
pub(super) async fn parts_of(held: Held, accept: &Accept) -> Result<Parts, RegistryError> {
    let first = held.frame(1, false).await?;
    let decodes = held.decodes(&first).await;
    let form = in_parts(accept, Stored::of(&first), decodes);
    if let Some(form) = form.filter(|form| form.encoded.is_some()) {
        // What this syntax can't hold is left out as a whole: it is known by the first frame, which is kept for a while.
        held.frame_in(1, form).await?;
    }
    let refused = || RegistryError::NotAcceptable { rule: "its pixel data have no form that is acceptable".to_owned() };
    form.map(|form| parts(held, first, form)).ok_or_else(refused)
}

pub(super) type Parts = BoxStream<'static, Result<Part, RegistryError>>;

fn parts(held: Held, first: Frame, form: Form) -> Parts {
    let uri = held.uri(&PIXEL_DATA);
    if is_whole(form, &first) {
        let content_type = content_type(EXPLICIT, form);
        let whole = async move {
            let whole = Whole::of(&held).await?;
            let size_bytes = whole.size_bytes();
            Ok(Part { content_type, location: Some(uri), size_bytes, body: whole.run(0..size_bytes) })
        };
        return stream::once(whole).boxed();
    }
    let count = held.entry.frames.count();
    let frames = stream::iter(1..=count).then(move |number| {
        let held = held.clone();
        async move { Ok((number, held.frame_in(number, form).await?)) }
    });
    let part = move |(number, frame): (u32, Frame)| {
        let location = if count == 1 { uri.clone() } else { format!("{uri}/frames/{number}") };
        Part::of(content_type(&frame.transfer_syntax_uid, form), frame.bytes).at(location)
    };
    frames.map_ok(part).boxed()
}

impl Held {
    /// Whether samples must be decoded to be little endian: whole bytes, compressed or in big endian.
    fn is_decoded(&self) -> bool {
        match self.entry.frames {
            FrameIndex::Native { frame_bits, .. } => {
                frame_bits % 8 == 0 && self.entry.instance.transfer_syntax_uid == BIG_ENDIAN
            }
            FrameIndex::Encapsulated(_) => true,
            _ => false,
        }
    }

    /// Whether the samples can be sent uncompressed: their syntax is one that is decoded, and the first frame is no damaged stream.
    async fn decodes(&self, first: &Frame) -> bool {
        let known = registry::rendering::can_decode(&first.transfer_syntax_uid);
        let video = syntax::video(&self.entry.instance.transfer_syntax_uid).is_some();
        known
            && !video
            && (!matches!(self.entry.frames, FrameIndex::Encapsulated(_)) || self.frame(1, true).await.is_ok())
    }

    /// All frames, uncompressed, one after the other.
    async fn all_decoded(&self) -> Result<bytes::Bytes, RegistryError> {
        let mut all = bytes::BytesMut::new();
        let mut length = None;
        for number in 1..=self.entry.frames.count() {
            let frame = self.frame(number, true).await?.bytes;
            // Another size would shift every frame after it.
            if frame.len() != *length.get_or_insert(frame.len()) {
                return Err(RegistryError::NotAcceptable { rule: "its frames are not of one size".to_owned() });
            }
            all.extend_from_slice(&frame);
        }
        Ok(all.freeze())
    }

    /// A frame as stored, or encoded.
    async fn frame_in(&self, number: u32, form: Form) -> Result<Frame, RegistryError> {
        let (registry, opened) = (&self.face.registry, &self.opened);
        match form.encoded {
            Some(syntax) => {
                Box::pin(registry.frame_encoded(opened, &self.series, self.instance(), number, syntax)).await
            }
            None => self.frame(number, false).await,
        }
    }

    async fn frame(&self, number: u32, native: bool) -> Result<Frame, RegistryError> {
        let (registry, opened) = (&self.face.registry, &self.opened);
        match native {
            true => registry.frame_native(opened, &self.series, self.instance(), number).await,
            false => registry.frame(opened, &self.series, self.instance(), number).await,
        }
    }
}

/// All samples of an instance, uncompressed and in little endian.
enum Whole {
    /// As they lie in the object.
    Stored(registry::PixelBytes),
    /// Not in whole bytes, inside a deflated data set, or few enough to be decoded at once.
    Read(bytes::Bytes),
    /// Decoded frame by frame, each as long as the first.
    Decoded { held: Box<Held>, first: bytes::Bytes },
}

impl Whole {
    async fn of(held: &Held) -> Result<Self, RegistryError> {
        if let Some(stored) = held.face.registry.pixel_bytes(&held.opened, &held.series, held.instance()).await? {
            return Ok(Self::Stored(stored));
        }
        match held.entry.frames {
            // Samples of big-endian objects are words of their own width, which the value's representation does not tell.
            FrameIndex::Encapsulated(_) | FrameIndex::Native { .. } if held.is_decoded() => {
                let first = held.frame(1, true).await?.bytes;
                let decoded = Self::Decoded { held: Box::new(held.clone()), first };
                // A short value is decoded before anything is sent, so that a frame that can't be has its own status.
                if decoded.size_bytes() > AHEAD_BYTES {
                    return Ok(decoded);
                }
                held.all_decoded().await.map(Self::Read)
            }
            _ => Ok(Self::Read(held.read(&PIXEL_DATA).await?)),
        }
    }

    fn size_bytes(&self) -> u64 {
        match self {
            Self::Stored(stored) => stored.size_bytes,
            Self::Read(bytes) => bytes.len() as u64,
            Self::Decoded { held, first } => first.len() as u64 * u64::from(held.entry.frames.count()),
        }
    }

    /// A run of the bytes.
    fn run(self, range: std::ops::Range<u64>) -> BoxStream<'static, io::Result<bytes::Bytes>> {
        match self {
            Self::Stored(stored) => stored.stream(range),
            Self::Read(bytes) => {
                let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(bytes.len());
                let run = bytes.slice(at(range.start)..at(range.end));
                stream::once(async move { Ok(run) }).boxed()
            }
            Self::Decoded { held, first } => decoded(*held, first.len() as u64, range),
        }
    }
}

/// The frames that a run touches, each cut to it.
fn decoded(held: Held, frame_bytes: u64, range: std::ops::Range<u64>) -> BoxStream<'static, io::Result<bytes::Bytes>> {
    let of_frames = frame_bytes.max(1);
    let frames = range.start / of_frames..range.end.div_ceil(of_frames);
    let cut = stream::iter(frames).then(move |index| {
        let (held, range) = (held.clone(), range.clone());
        async move {
            let number = u32::try_from(index + 1).map_err(io::Error::other)?;
            let frame = held.frame(number, true).await.map_err(|_| io::Error::other("broken off"))?.bytes;
            // Another size would shift every frame after it.
            if frame.len() as u64 != frame_bytes {
                return Err(io::Error::other("broken off"));
            }
            let at = |byte: u64| byte.saturating_sub(index * frame_bytes).min(frame_bytes) as usize;
            Ok(frame.slice(at(range.start)..at(range.end)))
        }
    });
    cut.boxed()
}
