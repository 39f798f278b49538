//! Which value representation an element is read with.

use dicom_core::VR;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_dictionary_std::StandardDataDictionary;
use index_guard::{Kind, Node};

/// The representation of `node`, where it is implicit, ambiguous or UN: PS3.6 and PS3.5 §A.1, §6.2.2.
///
/// `signed` is what PixelRepresentation says, which decides between `SS` and `US`.
pub(crate) fn effective(node: &Node<'_>, signed: bool) -> VR {
    let vr = match node.element.vr {
        VirtualVr::Exact(VR::UN) if !node.is_sequence() => known(node),
        vr => vr,
    };
    match vr {
        _ if node.element.kind == Kind::Fragments => VR::OB, // PS3.5 §A.4
        VirtualVr::Exact(vr) => vr,
        VirtualVr::Xs if signed => VR::SS,
        VirtualVr::Xs => VR::US,
        _ => VR::OW,
    }
}

/// An attribute that went through a system that did not know it comes as UN; its content is still what PS3.6 says.
fn known(node: &Node<'_>) -> VirtualVr {
    match StandardDataDictionary.by_tag(node.tag()).map(DataDictionaryEntry::vr) {
        Some(vr) if vr != VirtualVr::Exact(VR::SQ) => vr,
        _ => VirtualVr::Exact(VR::UN),
    }
}

/// Whether numbers in `node` begin with their highest byte; what is in UN is always little endian.
pub(crate) fn is_big_endian(node: &Node<'_>) -> bool {
    node.element.big_endian && node.element.vr != VirtualVr::Exact(VR::UN)
}

/// Bytes of one number of this representation; 1 where order does not matter (PS3.5 §7.3).
pub(crate) const fn word(vr: VR) -> usize {
    match vr {
        VR::AT | VR::OW | VR::SS | VR::US => 2,
        VR::FL | VR::OF | VR::OL | VR::SL | VR::UL => 4,
        VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => 8,
        _ => 1,
    }
}

/// Whether leading spaces are padding too: PS3.5 table 6.2-1.
pub(crate) const fn ignores_leading_spaces(vr: VR) -> bool {
    !matches!(vr, VR::LT | VR::ST | VR::UT | VR::UR | VR::UC)
}
