//! From DICOM JSON to a description that later steps can trust.

use super::captions::Captions;
use super::json::{self, DataSet};
use super::lut::{Inputs, LookupTable, Palette};
use super::{ImageDescription, MAX_FRAME_BYTES, PhotometricInterpretation, PixelPadding, VoiWindow};
use crate::TranscodeError;
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
    let (modality_lut, rescale) = modality(&groups, stored);
    // A table's outputs are unsigned.
    let modality_values = if modality_lut.is_some() { Inputs::WORDS } else { stored.rescaled(rescale) };
    let palette = match pixels.photometric_interpretation {
        PhotometricInterpretation::PaletteColor => Palette::from_json(metadata, stored),
        _ => None,
    };
    Ok(ImageDescription {
        transfer_syntax_uid: transfer_syntax_uid.trim_end_matches(['\0', ' ']).to_owned(),
        frame,
        number_of_frames,
        rescale,
        modality_lut,
        windows: windows(&groups),
        voi_lut: groups.find(FRAME_VOI_LUT, "00283010").and_then(|group| {
            json::item(group, "00283010").and_then(|item| LookupTable::from_item(item, modality_values))
        }),
        pixel_padding: padding(metadata),
        inverse: json::text(metadata, "20500020") == Some("INVERSE"),
        palette,
        pixel_aspect: pixel_aspect(&groups),
        lossy: json::text(metadata, "00282110") == Some("01"),
        icc_profile: icc_profile(metadata),
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
fn icc_profile(metadata: &DataSet) -> Option<std::sync::Arc<[u8]>> {
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
    Some(PixelPadding { first: value.min(limit), last: value.max(limit) })
}

const PIXEL_VALUE_TRANSFORMATION: &str = "00289145";
const FRAME_VOI_LUT: &str = "00289132";
const PIXEL_MEASURES: &str = "00289110";

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

    /// The nearest place that has a value of `tag`.
    fn find(&self, group: &str, tag: &str) -> Option<&'a DataSet> {
        let in_group = |items: Option<&'a DataSet>| items.and_then(|items| json::item(items, group));
        [in_group(self.per_frame), in_group(self.shared), Some(self.data_set)]
            .into_iter()
            .flatten()
            .find(|place| !json::values(place, tag).is_empty())
    }
}

fn modality(groups: &Groups<'_>, stored: Inputs) -> (Option<LookupTable>, Option<(f64, f64)>) {
    let table = json::item(groups.data_set, "00283000").and_then(|item| LookupTable::from_item(item, stored));
    let rescale = groups.find(PIXEL_VALUE_TRANSFORMATION, "00281053").and_then(|place| {
        let slope = json::number(place, "00281053").filter(|&slope| slope != 0.0)?;
        Some((slope, json::number(place, "00281052").unwrap_or(0.0)))
    });
    (table, rescale)
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
    let place = [
        (PIXEL_MEASURES, "00280030"), // Pixel Spacing: between rows, between columns
        (PIXEL_MEASURES, "00181164"), // Imager Pixel Spacing
        (PIXEL_MEASURES, "00280034"), // Pixel Aspect Ratio: vertical, horizontal
    ]
    .into_iter()
    .find_map(|(group, tag)| groups.find(group, tag).map(|place| json::numbers(place, tag)))?;
    let &[height, width, ..] = place.as_slice() else { return None };
    let ratio = height / width;
    let plausible = height > 0.0 && width > 0.0 && (0.1..=10.0).contains(&ratio);
    (plausible && (ratio - 1.0).abs() > 0.01).then_some((height, width))
}
