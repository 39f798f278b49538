//! From DICOM JSON to a description that later steps can trust.

use std::sync::Arc;

use super::captions::Captions;
use super::json::{self, DataSet};
use super::lut::{Inputs, LookupTable, Palette};
use super::{ImageDescription, MAX_FRAME_BYTES, PhotometricInterpretation, PixelPadding, Unusable, VoiWindow};
use crate::TranscodeError;
use crate::presentation::OwnPresentation;
use crate::render::WindowFunction;
use crate::syntax::Encoding;

pub(super) fn description(
    metadata: &DataSet,
    transfer_syntax_uid: &str,
    frame: u32,
) -> Result<ImageDescription, TranscodeError> {
    Encoding::of(transfer_syntax_uid)?;
    let number_of_frames = number_of_frames(metadata);
    if frame == 0 || frame > number_of_frames {
        return Err(TranscodeError::mismatch("NumberOfFrames", "is less than the frame that was asked for"));
    }
    let groups = Groups::of(metadata, frame);
    let pixels = pixel_module(metadata)?;
    let stored = pixels.inputs();
    let (modality_lut, rescale) = (modality_lut(&groups, stored), nearest_rescale(&groups));
    // A table's outputs are unsigned.
    let modality_values = if modality_lut.is_some() { Inputs::WORDS } else { stored.rescaled(rescale) };
    let palette = palette(metadata, &groups, pixels.photometric_interpretation, stored);
    Ok(ImageDescription {
        transfer_syntax_uid: transfer_syntax_uid.trim_end_matches(['\0', ' ']).to_owned(),
        frame,
        number_of_frames,
        rescale,
        modality_lut,
        windows: windows(&groups),
        voi_lut: groups.find(FRAME_VOI_LUT, "00283010").and_then(|group| {
            let item = json::item(group, "00283010")?;
            Some(LookupTable::from_item(item, "VOILUTSequence", modality_values))
        }),
        pixel_padding: if pixels.float { float_padding(metadata) } else { padding(metadata) },
        inverse: json::text(metadata, "20500020") == Some("INVERSE"),
        palette,
        pixel_aspect: pixel_aspect(&groups),
        lossy: json::text(metadata, "00282110") == Some("01"),
        icc_profile: icc_profile(metadata),
        own_presentation: {
            let shutter_of = groups.find(FRAME_DISPLAY_SHUTTER, "00181600").unwrap_or(metadata);
            OwnPresentation::of(metadata, shutter_of, frame).into()
        },
        ..pixels
    })
}

/// The values that an image's pixels may have, by its header.
pub(crate) fn stored_values(metadata: &DataSet) -> Inputs {
    pixel_module(metadata).map_or(Inputs::WORDS, |pixels| pixels.inputs())
}

impl ImageDescription {
    fn inputs(&self) -> Inputs {
        Inputs::stored(self.bits_stored, self.signed)
    }
}

/// The Image Pixel module alone, checked: PS3.3 §C.7.6.3.
fn pixel_module(metadata: &DataSet) -> Result<ImageDescription, TranscodeError> {
    let float = metadata.contains_key("7FE00008") || metadata.contains_key("7FE00009");
    let samples_per_pixel = one_of(metadata, "00280002", "SamplesPerPixel", &[1, 3], Some(1))?;
    let bits_allocated = one_of(metadata, "00280100", "BitsAllocated", &[1, 8, 16, 32, 64], None)?;
    if bits_allocated == 64 && !float {
        return Err(TranscodeError::mismatch("BitsAllocated", "is 64 for samples that are no floating point numbers"));
    }
    let bits_stored = match json::integer(metadata, "00280101") {
        Some(bits) if (1..=i64::from(bits_allocated)).contains(&bits) => bits as u16,
        None => bits_allocated,
        Some(_) => return Err(TranscodeError::mismatch("BitsStored", "is not between 1 and BitsAllocated")),
    };
    // A High Bit that can't be is a slip of the writer's; the samples are then in the low bits.
    let high_bit = match json::integer(metadata, "00280102") {
        Some(bit) if (i64::from(bits_stored) - 1..i64::from(bits_allocated)).contains(&bit) => bit as u16,
        _ => bits_stored - 1,
    };
    let photometric_interpretation = photometric(metadata, samples_per_pixel)?;
    let image = ImageDescription {
        transfer_syntax_uid: String::new(),
        frame: 1,
        number_of_frames: 1,
        rows: dimension(metadata, "00280010", "Rows")?,
        columns: dimension(metadata, "00280011", "Columns")?,
        samples_per_pixel,
        bits_allocated,
        bits_stored,
        high_bit,
        signed: !float && json::integer(metadata, "00280103") == Some(1),
        float,
        photometric_interpretation,
        planar: samples_per_pixel > 1 && json::integer(metadata, "00280006") == Some(1),
        has_embedded_overlays: overlay_groups().any(|group| has_embedded_overlay(metadata, group)),
        pixel_data_is_words: json::vr(metadata, "7FE00010").map_or(bits_allocated > 8, |vr| vr == "OW"),
        rescale: None,
        modality_lut: None,
        windows: Vec::new(),
        voi_lut: None,
        pixel_padding: None,
        inverse: false,
        palette: None,
        pixel_aspect: None,
        lossy: false,
        icc_profile: None,
        captions: Captions::default(),
        own_presentation: Arc::default(),
        presentation: None,
    };
    if image.decoded_frame_bytes() > MAX_FRAME_BYTES {
        return Err(TranscodeError::mismatch(
            "Rows",
            "and Columns make a frame that is larger than any that is decoded",
        ));
    }
    Ok(image)
}

/// The sixteen groups of overlays: PS3.5 §7.6.
pub(crate) fn overlay_groups() -> impl Iterator<Item = u16> {
    (0x6000..=0x601E).step_by(2)
}

/// Whether the plane of a group is within Pixel Data: by Overlay Bits Allocated (60xx,0100), which then is theirs, or by Bit Position (60xx,0102).
fn has_embedded_overlay(metadata: &DataSet, group: u16) -> bool {
    let is_above = |element: &str, least| {
        json::integer(metadata, &format!("{group:04X}{element}")).is_some_and(|value| value > least)
    };
    is_above("0100", 1) || is_above("0102", 0)
}

fn photometric(metadata: &DataSet, samples_per_pixel: u16) -> Result<PhotometricInterpretation, TranscodeError> {
    let attribute = "PhotometricInterpretation";
    let term = json::text(metadata, "00280004").ok_or_else(|| TranscodeError::mismatch(attribute, "is absent"))?;
    let value = PhotometricInterpretation::from_term(term)
        .ok_or_else(|| TranscodeError::mismatch(attribute, "is not a term of PS3.3 §C.7.6.3.1.2"))?;
    if value.is_colour_by_sample() != (samples_per_pixel == 3) {
        return Err(TranscodeError::mismatch(attribute, "does not fit SamplesPerPixel"));
    }
    Ok(value)
}

fn dimension(metadata: &DataSet, tag: &str, keyword: &'static str) -> Result<u16, TranscodeError> {
    let value = json::integer(metadata, tag).ok_or_else(|| TranscodeError::mismatch(keyword, "is absent"))?;
    u16::try_from(value)
        .ok()
        .filter(|&value| value > 0)
        .ok_or_else(|| TranscodeError::mismatch(keyword, "is not between 1 and 65535"))
}

fn one_of(
    metadata: &DataSet,
    tag: &str,
    keyword: &'static str,
    allowed: &[u16],
    absent: Option<u16>,
) -> Result<u16, TranscodeError> {
    match json::integer(metadata, tag) {
        None => absent.ok_or_else(|| TranscodeError::mismatch(keyword, "is absent")),
        Some(value) => allowed
            .iter()
            .copied()
            .find(|&candidate| i64::from(candidate) == value)
            .ok_or_else(|| TranscodeError::mismatch(keyword, "has a value that is not supported")),
    }
}

/// The profile of the image, else that of its first optical path (PS3.3 §C.8.12.5).
fn icc_profile(metadata: &DataSet) -> Option<Arc<[u8]>> {
    let own = |data_set: &DataSet| json::bytes(data_set, "00282000").filter(|profile| !profile.is_empty());
    own(metadata).or_else(|| json::item(metadata, "00480105").and_then(own)).map(Into::into)
}

fn number_of_frames(metadata: &DataSet) -> u32 {
    json::integer(metadata, "00280008").and_then(|count| u32::try_from(count).ok()).unwrap_or(1).max(1)
}

fn padding(metadata: &DataSet) -> Option<PixelPadding> {
    // Of the representation of the pixels (PS3.3 §C.7.5.1.1.2): senders write the bits of a negative one as an unsigned number.
    let bits = json::integer(metadata, "00280100").filter(|bits| (1..=32).contains(bits));
    let signed = bits.filter(|_| json::integer(metadata, "00280103") == Some(1));
    let of_pixels = |value: i64| match signed {
        Some(bits) if value >= 1 << (bits - 1) => value - (1 << bits),
        _ => value,
    };
    let value = of_pixels(json::integer(metadata, "00280120")?);
    let limit = json::integer(metadata, "00280121").map_or(value, of_pixels);
    Some(PixelPadding { first: value.min(limit) as f64, last: value.max(limit) as f64 })
}

/// Float Pixel Padding Value (0028,0122) and Range Limit (0028,0124), else those of doubles (0028,0123 and 0028,0125): PS3.3 §C.7.5.1.1.2.
fn float_padding(metadata: &DataSet) -> Option<PixelPadding> {
    // JSON may have the shortest text of a number of 32 bits, which is another number in 64.
    let single = |tag| json::number(metadata, tag).map(|value| f64::from(value as f32));
    let double = |tag| json::number(metadata, tag);
    let (value, limit) = match single("00280122") {
        Some(value) => (value, single("00280124")),
        None => (double("00280123")?, double("00280125")),
    };
    let limit = limit.unwrap_or(value);
    Some(PixelPadding { first: value.min(limit), last: value.max(limit) })
}

const PIXEL_VALUE_TRANSFORMATION: &str = "00289145";
const FRAME_VOI_LUT: &str = "00289132";
const PIXEL_MEASURES: &str = "00289110";
const FRAME_DISPLAY_SHUTTER: &str = "00189472";

/// Where an attribute of an image may be: the frame's functional groups, the shared ones, the data set itself.
struct Groups<'a> {
    per_frame: Option<&'a DataSet>,
    shared: Option<&'a DataSet>,
    data_set: &'a DataSet,
}

impl<'a> Groups<'a> {
    fn of(data_set: &'a DataSet, frame: u32) -> Self {
        Self {
            per_frame: json::nth_item(data_set, "52009230", frame as usize - 1),
            shared: json::item(data_set, "52009229"),
            data_set,
        }
    }

    /// Pixel Presentation (0008,9205): of the frame's type, whose sequence has another name for each kind of image (PS3.3 §C.8.16.2), else of
    /// the image.
    fn pixel_presentation(&self) -> Option<&'a str> {
        let in_groups =
            |groups: &'a DataSet| groups.keys().find_map(|group| json::text(json::item(groups, group)?, "00089205"));
        self.per_frame
            .and_then(in_groups)
            .or_else(|| self.shared.and_then(in_groups))
            .or_else(|| json::text(self.data_set, "00089205"))
    }

    /// The nearest place that has a value of `tag`.
    fn find(&self, group: &str, tag: &str) -> Option<&'a DataSet> {
        let in_group = |items: Option<&'a DataSet>| items.and_then(|items| json::item(items, group));
        [in_group(self.per_frame), in_group(self.shared), Some(self.data_set)]
            .into_iter()
            .flatten()
            .find(|place| !json::values(place, tag).is_empty())
    }
}

/// X-Ray Angiographic, its biplane form (retired) and X-Ray Radiofluoroscopic Image Storage.
const FLUOROSCOPY: [&str; 3] =
    ["1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.3", "1.2.840.10008.5.1.4.1.1.12.2"];

/// The tables that give an image its colours.
fn palette(
    metadata: &DataSet,
    groups: &Groups<'_>,
    photometric: PhotometricInterpretation,
    stored: Inputs,
) -> Option<Result<Palette, Unusable>> {
    match photometric {
        PhotometricInterpretation::PaletteColor => Palette::from_json(metadata, stored),
        // PS3.3 §C.7.6.23: tables that are blended with one another. In grey it would be another picture.
        grey if grey.is_grey() && json::item(metadata, "0028140B").is_some() => Some(Err(Unusable {
            attribute: "EnhancedPaletteColorLookupTableSequence",
            rule: "gives the image its colours, and is not supported",
        })),
        // PS3.3 §C.8.16.2.1.1.1: the Supplemental Palette Color Lookup Table.
        grey if grey.is_grey() && groups.pixel_presentation() == Some("COLOR") => Palette::from_json(metadata, stored),
        _ => None,
    }
}

/// The table of the modality transformation: PS3.3 §C.11.1. That of fluoroscopy leads back to the intensity of the beam (Pixel Intensity
/// Relationship, §C.8.7.1.1.2), to which its windows do not apply: it is for measuring, and no part of how it is shown (PS3.4 §N.2.5: "it
/// shall be ignored").
fn modality_lut(groups: &Groups<'_>, stored: Inputs) -> Option<Result<LookupTable, Unusable>> {
    let is_for_display = !FLUOROSCOPY.contains(&json::text(groups.data_set, "00080016").unwrap_or_default());
    let item = json::item(groups.data_set, "00283000").filter(|_| is_for_display)?;
    Some(LookupTable::from_item(item, "ModalityLUTSequence", stored))
}

/// Slope and intercept of the nearest place that has either.
fn nearest_rescale(groups: &Groups<'_>) -> Option<(f64, f64)> {
    ["00281053", "00281052"].into_iter().find_map(|tag| groups.find(PIXEL_VALUE_TRANSFORMATION, tag)).and_then(rescale)
}

/// Rescale Slope (0028,1053) and Rescale Intercept (0028,1052), which are to come together: one that is absent changes nothing, and does
/// not take the other with it.
pub(crate) fn rescale(place: &DataSet) -> Option<(f64, f64)> {
    let is_absent = |tag: &str| json::values(place, tag).is_empty();
    if is_absent("00281053") && is_absent("00281052") {
        return None;
    }
    let slope = if is_absent("00281053") { Some(1.0) } else { json::number(place, "00281053") };
    let slope = slope.filter(|&slope| slope != 0.0)?;
    Some((slope, json::number(place, "00281052").unwrap_or(0.0)))
}

fn windows(groups: &Groups<'_>) -> Vec<VoiWindow> {
    let Some(place) = groups.find(FRAME_VOI_LUT, "00281050") else { return Vec::new() };
    let function = match json::text(place, "00281056") {
        Some("LINEAR_EXACT") => WindowFunction::LinearExact,
        Some("SIGMOID") => WindowFunction::Sigmoid,
        _ => WindowFunction::Linear,
    };
    let explanations = json::values(place, "00281055");
    let centers = json::numbers(place, "00281050");
    let widths = json::numbers(place, "00281051");
    (centers.into_iter().zip(widths).enumerate())
        .filter(|(_, (_, width))| *width > 0.0)
        .map(|(index, (center, width))| VoiWindow {
            center,
            width,
            explanation: explanations.get(index).and_then(|value| value.as_str()).map(str::to_owned),
            function,
        })
        .collect()
}

/// The height and width of a pixel, when they differ by more than the eye could miss.
fn pixel_aspect(groups: &Groups<'_>) -> Option<(f64, f64)> {
    let (height, width) = [
        "00280030", // Pixel Spacing: between rows, between columns
        "00181164", // Imager Pixel Spacing
        "00182010", // Nominal Scanned Pixel Spacing
        "00280034", // Pixel Aspect Ratio: vertical, horizontal
    ]
    .into_iter()
    .find_map(|tag| {
        let place = groups.find(PIXEL_MEASURES, tag)?;
        let &[height, width, ..] = json::numbers(place, tag).as_slice() else { return None };
        let is_plausible = height > 0.0 && width > 0.0 && (0.1..=10.0).contains(&(height / width));
        is_plausible.then_some((height, width))
    })?;
    ((height / width - 1.0).abs() > 0.01).then_some((height, width))
}
