//! What an image itself has over its pixels, which is shown where no presentation state is named: its display shutter (PS3.3 §C.7.6.11) and
//! its graphic overlays (§C.9.2).
//!
//! With a state, the state alone says what is shown (PS3.4 §N.2.4). Without one, nothing says that an overlay is not to be seen, and what is
//! drawn there (a side, a measurement, a biopsy's path) belongs to the image for who made it: left out, nobody would miss it. Regions of
//! interest are not drawn: how they are shown the standard leaves open (§C.9.2.1.1), and filled in they would hide what they are about.

use super::overlay::{self, Overlay};
use super::shutter::{self, Shutter};
use crate::description::json::{self, DataSet};
use crate::description::{Unusable, overlay_groups};
use crate::render::Ink;

/// Shutter and overlays of one frame.
#[derive(Debug, Clone, Default)]
pub struct OwnPresentation {
    pub(crate) shutter: Option<Shutter>,
    /// It has a shutter, but one that can't be read.
    pub(crate) has_unread_shutter: bool,
    pub(crate) overlays: Vec<Overlay>,
    /// Why not all of them can be drawn.
    pub(crate) unusable: Option<Unusable>,
}

impl OwnPresentation {
    /// Of a frame of the image with this header, whose shutter is in `shutter_of`: the header, or a functional group.
    pub(crate) fn of(header: &DataSet, shutter_of: &DataSet, frame: u32) -> Self {
        // A shutter that can't be read leaves more to see, not less; the picture says so.
        let read = shutter::read(shutter_of, frame);
        let has_unread_shutter = read.is_err();
        let mut own = Self { shutter: read.ok().flatten(), has_unread_shutter, ..Self::default() };
        for group in overlay_groups().filter(|group| is_graphic(header, *group)) {
            match overlay::plane(header, group, frame, Ink::WHITE) {
                Ok(overlay) => own.overlays.extend(overlay),
                Err(_) => own.unusable = Some(Unusable { attribute: "OverlayData", rule: NOT_WHOLE }),
            }
        }
        own
    }

    /// Whether the pixels are shown as they are.
    pub(crate) fn is_empty(&self) -> bool {
        self.shutter.is_none() && !self.has_unread_shutter && self.overlays.is_empty() && self.unusable.is_none()
    }
}

const NOT_WHOLE: &str = "is not as long as its rows and columns say";

/// Whether a group holds a plane of graphics: none without data, none within the pixels (retired, §C.11.7), and none of a region of interest.
fn is_graphic(header: &DataSet, group: u16) -> bool {
    let tag = |element: &str| format!("{group:04X}{element}");
    let data = header.get(&tag("3000"));
    data.is_some_and(|data| data.get("InlineBinary").is_some() || data.get("BulkDataURI").is_some())
        && json::integer(header, &tag("0100")).is_none_or(|bits| bits == 1)
        && json::text(header, &tag("0040")) != Some("R")
}
