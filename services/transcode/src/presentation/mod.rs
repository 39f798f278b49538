//! Softcopy Presentation States, as far as they are applied: grayscale, color and pseudo-color (PS3.3 §A.33.1 to §A.33.3, PS3.4 Annex N).
//!
//! Read from the DICOM JSON of the state for one frame of one image that it refers to. A state of another kind, and one that asks for
//! what isn't drawn here, is refused: a picture that leaves something out would be a wrong one.

mod area;
mod graphics;
mod grey;
mod overlay;
mod own;
mod shutter;

use std::sync::Arc;

pub(crate) use area::{DisplayedArea, Rotation, SizeMode};
pub(crate) use graphics::{Graphic, Justification, Outline, Shape, Units};
pub(crate) use grey::{GreyTransformation, PresentationLut, StateVoi};
pub(crate) use overlay::Overlay;
pub use own::OwnPresentation;
pub(crate) use shutter::{Shutter, ShutterShape};

use crate::TranscodeError;
use crate::description::json::{self, DataSet};
use crate::description::{self, Inputs, Palette};
use crate::render::Ink;

const GRAYSCALE: &str = "1.2.840.10008.5.1.4.1.1.11.1";
const COLOR: &str = "1.2.840.10008.5.1.4.1.1.11.2";
const PSEUDO_COLOR: &str = "1.2.840.10008.5.1.4.1.1.11.3";

/// What becomes of the samples.
#[derive(Debug, Clone)]
pub(crate) enum Samples {
    /// Grey by the state's own transformations; those of the image are not used.
    Grey(GreyTransformation),
    /// Grey, and then a colour for each level.
    PseudoColor(GreyTransformation, Palette),
    /// Colours stay.
    Color,
}

/// A presentation state for one frame.
#[derive(Clone)]
pub struct Presentation {
    pub(crate) samples: Samples,
    pub(crate) shutter: Option<Shutter>,
    pub(crate) overlays: Vec<Overlay>,
    pub(crate) rotation: Rotation,
    /// Image Horizontal Flip (0070,0041), after the rotation.
    pub(crate) flipped: bool,
    pub(crate) area: Option<DisplayedArea>,
    /// In the order in which they are drawn.
    pub(crate) graphics: Vec<Graphic>,
    pub(crate) icc_profile: Option<Arc<[u8]>>,
}

/// Its texts may tell about a patient.
impl std::fmt::Debug for Presentation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presentation").field("graphics", &self.graphics.len()).finish_non_exhaustive()
    }
}

/// An image that a presentation state refers to: PS3.3 §C.11.11.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencedImage {
    /// Series Instance UID (0020,000E).
    pub series_instance_uid: String,
    /// Referenced SOP Instance UID (0008,1155).
    pub sop_instance_uid: String,
    /// Referenced Frame Number (0008,1160); none for the whole image.
    pub frames: Vec<u32>,
}

/// No state refers to more images than are looked at.
const MOST_REFERENCES: usize = 10_000;

impl Presentation {
    /// Whether an instance of this class is a presentation state, of whatever kind.
    #[must_use]
    pub fn is_state(sop_class_uid: &str) -> bool {
        sop_class_uid.starts_with("1.2.840.10008.5.1.4.1.1.11.")
    }

    /// The images of the state's Referenced Series Sequence (0008,1115), in its order.
    #[must_use]
    pub fn references(state: &DataSet) -> Vec<ReferencedImage> {
        let series = json::items(state, "00081115");
        let images = series.flat_map(|series| {
            let series_uid = json::text(series, "0020000E").unwrap_or_default();
            json::items(series, "00081140").filter_map(move |image| {
                Some(ReferencedImage {
                    series_instance_uid: series_uid.to_owned(),
                    sop_instance_uid: json::text(image, "00081155")?.to_owned(),
                    frames: frames(image),
                })
            })
        });
        images.take(MOST_REFERENCES).collect()
    }

    /// Reads a state for frame `frame` of the image whose header is `image`.
    ///
    /// # Errors
    /// `Mismatch` naming what is not supported or breaks a rule.
    pub fn from_json(state: &DataSet, image: &DataSet, frame: u32) -> Result<Self, TranscodeError> {
        let sop_instance_uid = json::text(image, "00080018").unwrap_or_default();
        let is_tiled = json::integer(image, "00480006").is_some();
        let target = Target { sop_instance_uid, frame, is_tiled, stored: description::stored_values(image) };
        if json::item(state, "00286100").is_some() {
            return Err(TranscodeError::mismatch(
                "MaskSubtractionSequence",
                "of the presentation state is not applied",
            ));
        }
        let layers = graphics::Layers::of(state);
        let (rotation, flipped) = area::orientation(state)?;
        Ok(Self {
            samples: samples(state, &target)?,
            shutter: shutter::read(state, frame)?,
            overlays: overlay::active(state, image, frame, &layers)?,
            rotation,
            flipped,
            area: area::read(state, &target)?,
            graphics: graphics::read(state, &target, &layers)?,
            icc_profile: json::bytes(state, "00282000").map(Into::into),
        })
    }

    /// Whether something is drawn that grey can't show.
    pub(crate) fn is_coloured(&self) -> bool {
        let inks =
            self.graphics.iter().map(|graphic| graphic.ink).chain(self.overlays.iter().map(|overlay| overlay.ink));
        let inks: Vec<Ink> = inks.chain(self.shutter.as_ref().map(|shutter| shutter.ink)).collect();
        inks.iter().any(|ink| ink.colour.is_some())
    }
}

fn samples(state: &DataSet, target: &Target<'_>) -> Result<Samples, TranscodeError> {
    match json::text(state, "00080016").unwrap_or_default() {
        GRAYSCALE => Ok(Samples::Grey(grey::read(state, target)?)),
        PSEUDO_COLOR => {
            let absent = || {
                TranscodeError::mismatch("RedPaletteColorLookupTableDescriptor", "of the presentation state is absent")
            };
            let palette = Palette::from_json(state, Inputs::WORDS).ok_or_else(absent)??;
            Ok(Samples::PseudoColor(grey::read(state, target)?, palette))
        }
        COLOR => Ok(Samples::Color),
        _ => Err(TranscodeError::mismatch(
            "SOPClassUID",
            "is none of the presentation states that are applied: grayscale, color and pseudo-color softcopy",
        )),
    }
}

/// The image and frame for which a state is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    sop_instance_uid: &'a str,
    frame: u32,
    /// The image is a tile of a larger matrix (Total Pixel Matrix Columns, 0048,0006).
    is_tiled: bool,
    /// The image's stored values.
    stored: Inputs,
}

impl Target<'_> {
    /// Whether an item is for this frame: its Referenced Image Sequence (0008,1140) names it, or is absent and so names all.
    fn is_of(&self, item: &DataSet) -> bool {
        let mut named = json::items(item, "00081140").peekable();
        named.peek().is_none() || named.any(|image| self.is(image))
    }

    /// The one item of a sequence that is for this frame.
    ///
    /// # Errors
    /// `Mismatch` where two are, which say different things of one picture (PS3.3 §C.11.8: "No more than one").
    fn only<'a>(
        &self,
        state: &'a DataSet,
        tag: &str,
        keyword: &'static str,
    ) -> Result<Option<&'a DataSet>, TranscodeError> {
        let mut items = json::items(state, tag).filter(|item| self.is_of(item));
        match (items.next(), items.next()) {
            (Some(_), Some(_)) => {
                Err(TranscodeError::mismatch(keyword, "of the presentation state has two items for one frame"))
            }
            (item, _) => Ok(item),
        }
    }

    fn is(&self, image: &DataSet) -> bool {
        let frames = frames(image);
        json::text(image, "00081155") == Some(self.sop_instance_uid)
            && (frames.is_empty() || frames.contains(&self.frame))
    }
}

/// Referenced Frame Number (0008,1160).
fn frames(image: &DataSet) -> Vec<u32> {
    json::numbers(image, "00081160").into_iter().filter(|number| *number >= 1.0).map(|number| number as u32).collect()
}

#[cfg(test)]
mod tests;
