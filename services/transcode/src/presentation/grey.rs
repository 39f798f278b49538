//! The grayscale transformations of a state: PS3.4 §N.2.1, PS3.3 §C.11.1, §C.11.8 and §C.11.6.

use super::Target;
use crate::TranscodeError;
use crate::description::json::{self, DataSet};
use crate::description::{self, Inputs, LookupTable};
use crate::render::{Window, WindowFunction};

/// From stored values to P-Values. What the state does not give is the identity.
#[derive(Debug, Clone)]
pub(crate) struct GreyTransformation {
    pub(crate) rescale: Option<(f64, f64)>,
    pub(crate) modality_lut: Option<LookupTable>,
    pub(crate) voi: Option<StateVoi>,
    pub(crate) presentation: PresentationLut,
}

/// The item of the Softcopy VOI LUT Sequence (0028,3110) for the frame.
#[derive(Debug, Clone)]
pub(crate) enum StateVoi {
    Window(Window),
    Table(LookupTable),
}

/// Presentation LUT Shape (2050,0020) or Sequence (2050,0010).
#[derive(Debug, Clone)]
pub(crate) enum PresentationLut {
    Identity,
    Inverse,
    /// Over the whole range of the VOI transformation.
    Table(LookupTable),
}

pub(super) fn read(state: &DataSet, target: &Target<'_>) -> Result<GreyTransformation, TranscodeError> {
    let modality_lut = match json::item(state, "00283000") {
        Some(item) => Some(table(item, "ModalityLUTSequence", target.stored)?),
        None => None,
    };
    let rescale = description::rescale(state);
    if modality_lut.is_some() && rescale.is_some() {
        return Err(two_ways(
            "ModalityLUTSequence",
            "and RescaleSlope are both in the presentation state (PS3.3 §C.11.1)",
        ));
    }
    let values = if modality_lut.is_some() { Inputs::WORDS } else { target.stored.rescaled(rescale) };
    let voi = target.only(state, "00283110", "SoftcopyVOILUTSequence")?.map(|item| voi(item, values)).transpose()?;
    Ok(GreyTransformation { rescale, modality_lut, voi, presentation: presentation_lut(state)? })
}

/// A state that says one thing in two ways leaves open which of them is meant.
fn two_ways(attribute: &'static str, rule: &'static str) -> TranscodeError {
    TranscodeError::mismatch(attribute, rule)
}

fn voi(item: &DataSet, values: Inputs) -> Result<StateVoi, TranscodeError> {
    let (tables, windows) = (json::items(item, "00283010").count(), json::values(item, "00281050").len());
    if tables + windows > 1 {
        let rule = "has more than one window or table for a frame (PS3.3 §C.11.8)";
        return Err(two_ways("SoftcopyVOILUTSequence", rule));
    }
    if let Some(item) = json::item(item, "00283010") {
        return Ok(StateVoi::Table(table(item, "VOILUTSequence", values)?));
    }
    let (Some(center), Some(width)) = (json::number(item, "00281050"), json::number(item, "00281051")) else {
        return Err(TranscodeError::mismatch("SoftcopyVOILUTSequence", "has neither a window nor a table"));
    };
    let function = match json::text(item, "00281056") {
        Some("LINEAR_EXACT") => WindowFunction::LinearExact,
        Some("SIGMOID") => WindowFunction::Sigmoid,
        _ => WindowFunction::Linear,
    };
    let broken =
        |_| TranscodeError::mismatch("WindowWidth", "of the presentation state is none that its function allows");
    Window { center, width, function }.check().map(StateVoi::Window).map_err(broken)
}

fn presentation_lut(state: &DataSet) -> Result<PresentationLut, TranscodeError> {
    if json::item(state, "20500010").is_some() && json::text(state, "20500020").is_some() {
        let rule = "and PresentationLUTSequence are both in the presentation state (PS3.3 §C.11.6)";
        return Err(two_ways("PresentationLUTShape", rule));
    }
    if let Some(item) = json::item(state, "20500010") {
        return Ok(PresentationLut::Table(table(item, "PresentationLUTSequence", Inputs::WORDS)?));
    }
    match json::text(state, "20500020") {
        Some("INVERSE") => Ok(PresentationLut::Inverse),
        Some("IDENTITY") | None => Ok(PresentationLut::Identity),
        Some(_) => Err(TranscodeError::mismatch("PresentationLUTShape", "is neither IDENTITY nor INVERSE")),
    }
}

fn table(item: &DataSet, attribute: &'static str, inputs: Inputs) -> Result<LookupTable, TranscodeError> {
    Ok(LookupTable::from_item(item, attribute, inputs)?)
}
