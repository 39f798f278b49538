//! What is said of an image whose compression lost something: PS3.3 C.7.6.1.1.5.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::native_bytes;
use crate::{DataSet, Tag, Value};

/// JPEG baseline and extended, which always lose something (PS3.5 §A.4.1).
const ALWAYS_LOSSY: [&str; 2] = ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"];
/// Syntaxes named for loss (PS3.5 §A.4.3, §A.4.4), though a stream in them may be reversible.
const NAMED_LOSSY: [&str; 4] =
    ["1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.93", "1.2.840.10008.1.2.4.203"];
/// What the transfer syntaxes of MPEG begin with.
const MPEG: &str = "1.2.840.10008.1.2.4.10";

/// Whether pixels in a transfer syntax have always lost something, whatever the header says.
pub fn always_loses(transfer_syntax_uid: &str) -> bool {
    ALWAYS_LOSSY.contains(&transfer_syntax_uid) || transfer_syntax_uid.starts_with(MPEG)
}

/// Says that the compression to so many bytes lost something where it did, how, and by which ratio.
pub(super) fn describe(data_set: &mut DataSet, transfer_syntax_uid: &str, bytes: u64) {
    let lossy = always_loses(transfer_syntax_uid) || NAMED_LOSSY.contains(&transfer_syntax_uid);
    if lossy && data_set.get(tags::LOSSY_IMAGE_COMPRESSION).is_none() {
        let mut text = |tag: Tag, vr: VR, text: String| data_set.put(tag, vr, Value::Bytes(text.into_bytes()));
        text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01".to_owned());
        if let Some(method) = method(transfer_syntax_uid) {
            text(tags::LOSSY_IMAGE_COMPRESSION_METHOD, VR::CS, method.to_owned());
        }
        if let Some(native) = native_bytes(data_set).filter(|_| bytes > 0) {
            let ratio = format!("{:.2}", native as f64 / bytes as f64);
            data_set.put(tags::LOSSY_IMAGE_COMPRESSION_RATIO, VR::DS, Value::Bytes(ratio.into_bytes()));
        }
    }
}

/// LossyImageCompressionMethod of a transfer syntax (PS3.3 C.7.6.1.1.5.1).
fn method(transfer_syntax_uid: &str) -> Option<&'static str> {
    let end = transfer_syntax_uid.strip_prefix("1.2.840.10008.1.2.4.")?.split('.').next()?.parse::<u16>().ok()?;
    Some(match end {
        50 | 51 => "ISO_10918_1",
        81 => "ISO_14495_1",
        91 | 93 => "ISO_15444_1",
        100 | 101 => "ISO_13818_2",
        102..=106 => "ISO_14496_10",
        107 | 108 => "ISO_23008_2",
        110..=112 => "ISO_18181_1",
        203 => "ISO_15444_15",
        _ => return None,
    })
}
