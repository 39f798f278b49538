//! What an instance is shown as: its resource category (PS3.18 §8.7.2), the media types of that (§8.7.4), and the making of one.

use bytes::Bytes;
use face::Problem;
use index_model::{InstanceEntry, Uid};
use registry::rendering::{MAX_ANIMATION_FRAMES, MAX_ANIMATION_PIXELS, Presentation, RenderOptions};
use registry::{OpenedStudy, Picture, RegistryError, ShownFrame};

use crate::accept::Offer;
use crate::document::Document;
use crate::json::DataSet;
use crate::{Face, range, syntax};

/// What an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    /// One frame.
    Image,
    /// Several frames, which make an animation that is not too long.
    MultiFrame,
    /// More frames than an animation may have.
    LongMultiFrame,
    /// A stream of this media type.
    Video(&'static str),
    /// A presentation state, shown by the images that it refers to.
    State,
    /// A report or an encapsulated document.
    Text(Document),
    /// Nothing that is shown: plans, structures, waveforms.
    Other,
}

const IMAGE: [&str; 3] = ["image/jpeg", "image/png", "image/gif"];
const MULTI_FRAME: [&str; 3] = ["image/gif", "image/jpeg", "image/png"];

impl Category {
    /// The category of an instance.
    pub(crate) fn of(entry: &InstanceEntry) -> Self {
        let frames = entry.frames.count().max(entry.instance.number_of_frames);
        if let Some(document) = Document::of(entry) {
            return Self::Text(document);
        }
        if Presentation::is_state(entry.instance.sop_class_uid.as_str()) {
            return Self::State;
        }
        match (frames, syntax::video(&entry.instance.transfer_syntax_uid)) {
            (0, _) => Self::Other,
            (_, Some(video)) => Self::Video(video),
            (1, None) => Self::Image,
            (frames, None) if is_short(entry, frames) => Self::MultiFrame,
            _ => Self::LongMultiFrame,
        }
    }

    /// Whether frames of it can be rendered.
    pub(crate) fn is_image(self) -> bool {
        matches!(self, Self::Image | Self::MultiFrame | Self::LongMultiFrame)
    }

    /// Its Rendered Media Types, the default first.
    pub(crate) fn media_types(&self) -> &[&'static str] {
        match self {
            Self::Image | Self::LongMultiFrame | Self::State => &IMAGE,
            Self::MultiFrame => &MULTI_FRAME,
            Self::Video(media_type) => std::slice::from_ref(media_type),
            Self::Text(document) => document.media_types(),
            Self::Other => &[],
        }
    }

    /// The same as forms of an answer: alone, or in parts.
    pub(crate) fn offers(&self) -> Vec<Offer> {
        let singles = self.media_types().iter().map(|media_type| Offer::single(media_type));
        singles.chain(self.media_types().iter().map(|media_type| Offer::multipart(media_type))).collect()
    }

    /// 406, saying what there is.
    pub(crate) fn refused(&self) -> Problem {
        match self.media_types() {
            [] => Problem::not_acceptable("there is nothing here that can be rendered"),
            types => Problem::not_acceptable(format!("this is rendered as {}", types.join(", "))),
        }
    }
}

/// The numbers of an instance's frames.
pub(crate) fn numbers(entry: &InstanceEntry) -> std::ops::RangeInclusive<u32> {
    1..=entry.frames.count().max(entry.instance.number_of_frames)
}

fn is_short(entry: &InstanceEntry, frames: u32) -> bool {
    let header: DataSet = serde_json::from_str(entry.metadata.get()).unwrap_or_default();
    let side = |tag: &str| header.get(tag).and_then(|a| a.get("Value")?.get(0)?.as_u64()).unwrap_or(0).min(65_535);
    let pixels = side("00280010") * side("00280011") * u64::from(frames);
    frames as usize <= MAX_ANIMATION_FRAMES && pixels <= MAX_ANIMATION_PIXELS
}

/// Something rendered.
#[derive(Debug, Clone)]
pub(crate) struct Rendition {
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
    pub(crate) etag: String,
    /// The Content Security Policy of what came from outside, or was made of texts that did: nothing in it may run.
    pub(crate) policy: Option<&'static str>,
}

/// One frame as a picture.
pub(crate) async fn frame(
    face: &Face,
    opened: &OpenedStudy,
    shown: &ShownFrame,
    options: &RenderOptions,
) -> Result<Rendition, RegistryError> {
    let rendered = face.registry.rendered(opened, shown, options).await?;
    Ok(picture(&rendered))
}

/// Frames as an animation.
pub(crate) async fn animation(
    face: &Face,
    opened: &OpenedStudy,
    (series, entry): (&Uid, &InstanceEntry),
    numbers: &[u32],
    options: &RenderOptions,
) -> Result<Rendition, RegistryError> {
    let rendered = face.registry.animated(opened, series, &entry.instance.sop_instance_uid, numbers, options).await?;
    Ok(picture(&rendered))
}

/// A video's stream as it is stored.
pub(crate) async fn video(
    face: &Face,
    opened: &OpenedStudy,
    (series, entry): (&Uid, &InstanceEntry),
    media_type: &str,
) -> Result<Rendition, RegistryError> {
    let frame = face.registry.frame(opened, series, &entry.instance.sop_instance_uid, 1).await?;
    let (content_type, etag) = (media_type.to_owned(), range::etag(&frame.etag, ""));
    Ok(Rendition { content_type, bytes: frame.bytes, etag, policy: None })
}

pub(crate) fn picture(picture: &Picture) -> Rendition {
    let (content_type, bytes) = (picture.media_type.to_owned(), picture.bytes.clone());
    Rendition { content_type, bytes, etag: range::etag(&picture.etag, ""), policy: None }
}
