//! From the DICOM JSON of a header (PS3.18 annex F) to the values of an identifier.

use dicom_core::{Tag, VR};
use dimse::identifier::{Attributes, Value, vr_of};
use serde_json::{Map, Value as Json};

/// Sequences within sequences that are followed.
const MOST_DEPTH: usize = 4;

/// An attribute of a header; without value where the header does not have it, or has it as bulk data.
pub(crate) fn attribute(header: &Map<String, Json>, tag: Tag) -> (VR, Value) {
    let member = header.get(&format!("{:04X}{:04X}", tag.group(), tag.element()));
    member.map_or_else(|| (vr_of(tag), Value::Text(String::new())), |member| value(tag, member, MOST_DEPTH))
}

fn value(tag: Tag, member: &Json, depth: usize) -> (VR, Value) {
    let vr = member["vr"].as_str().and_then(|vr| vr.parse().ok()).unwrap_or_else(|| vr_of(tag));
    let values = member["Value"].as_array().map_or(&[][..], Vec::as_slice);
    let value = match vr {
        VR::SQ if depth == 0 => Value::Items(Vec::new()),
        VR::SQ => Value::Items(values.iter().filter_map(Json::as_object).map(|item| items(item, depth - 1)).collect()),
        VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::UN => Value::Binary(Vec::new()),
        _ => match binary(vr, values) {
            Some(bytes) => Value::Binary(bytes),
            None => Value::Text(values.iter().map(text).collect::<Vec<_>>().join("\\")),
        },
    };
    (vr, value)
}

fn items(item: &Map<String, Json>, depth: usize) -> Attributes {
    let tag = |name: &str| {
        let number = u32::from_str_radix(name, 16).ok().filter(|_| name.len() == 8)?;
        Some(Tag((number >> 16) as u16, (number & 0xFFFF) as u16))
    };
    item.iter().filter_map(|(name, member)| tag(name).map(|tag| (tag, value(tag, member, depth)))).collect()
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        // PN: component groups (PS3.18 §F.2.2).
        Json::Object(groups) => {
            let group = |key| groups.get(key).and_then(Json::as_str).unwrap_or_default();
            let name = ["Alphabetic", "Ideographic", "Phonetic"].map(group).join("=");
            name.trim_end_matches('=').to_owned()
        }
        Json::Null | Json::Bool(_) | Json::Array(_) => String::new(),
    }
}

/// Values that are numbers on the wire, little endian; `None` for those that are text. What does not fit its VR is left out.
fn binary(vr: VR, values: &[Json]) -> Option<Vec<u8>> {
    let whole = |value: &Json| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let real = |value: &Json| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let values = values.iter();
    Some(match vr {
        VR::US => values.filter_map(|value| u16::try_from(whole(value)?).ok()).flat_map(u16::to_le_bytes).collect(),
        VR::SS => values.filter_map(|value| i16::try_from(whole(value)?).ok()).flat_map(i16::to_le_bytes).collect(),
        VR::UL => values.filter_map(|value| u32::try_from(whole(value)?).ok()).flat_map(u32::to_le_bytes).collect(),
        VR::SL => values.filter_map(|value| i32::try_from(whole(value)?).ok()).flat_map(i32::to_le_bytes).collect(),
        VR::SV => values.filter_map(whole).flat_map(i64::to_le_bytes).collect(),
        VR::UV => values
            .filter_map(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()))
            .flat_map(u64::to_le_bytes)
            .collect(),
        VR::FL => values.filter_map(real).flat_map(|value| (value as f32).to_le_bytes()).collect(),
        VR::FD => values.filter_map(real).flat_map(f64::to_le_bytes).collect(),
        VR::AT => {
            values.filter_map(|value| u32::from_str_radix(value.as_str()?, 16).ok()).flat_map(tag_bytes).collect()
        }
        _ => return None,
    })
}

fn tag_bytes(tag: u32) -> [u8; 4] {
    let ([g0, g1], [e0, e1]) = (((tag >> 16) as u16).to_le_bytes(), ((tag & 0xFFFF) as u16).to_le_bytes());
    [g0, g1, e0, e1]
}

#[cfg(test)]
mod tests {
    use super::attribute;
    use dicom_core::{Tag, VR};
    use dimse::identifier::Value;
    use serde_json::json;

    #[test]
    fn every_kind_of_value_goes_over_as_its_vr_wants() {
        let header = json!({
            "00080008": { "vr": "CS", "Value": ["ORIGINAL", null, "AXIAL"] },
            "00081140": { "vr": "SQ", "Value": [{ "00081155": { "vr": "UI", "Value": ["1.2"] } }] },
            "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "Yamada^Tarou", "Phonetic": "やまだ^たろう" }] },
            "00180050": { "vr": "DS", "Value": [2.5] },
            "00280009": { "vr": "AT", "Value": ["00181063"] },
            "00280010": { "vr": "US", "Value": [512] },
            "00189074": { "vr": "FD", "Value": ["NaN", 1.5] },
            "7FE00010": { "vr": "OW", "BulkDataURI": "/x" },
        });
        let header = header.as_object().cloned().unwrap_or_default();
        let of = |group, element| attribute(&header, Tag(group, element));
        let text = |vr, text: &str| (vr, Value::Text(text.to_owned()));
        assert_eq!(of(0x0008, 0x0008), text(VR::CS, "ORIGINAL\\\\AXIAL"));
        assert_eq!(of(0x0010, 0x0010), text(VR::PN, "Yamada^Tarou==やまだ^たろう"));
        assert_eq!(of(0x0018, 0x0050), text(VR::DS, "2.5"));
        assert_eq!(of(0x0018, 0x0060), text(VR::DS, ""));
        assert_eq!(of(0x0028, 0x0009), (VR::AT, Value::Binary(vec![0x18, 0, 0x63, 0x10])));
        assert_eq!(of(0x0028, 0x0010), (VR::US, Value::Binary(vec![0, 2])));
        assert_eq!(of(0x7FE0, 0x0010), (VR::OW, Value::Binary(Vec::new())));
        let (vr, Value::Items(items)) = of(0x0008, 0x1140) else { panic!("a sequence") };
        assert_eq!((vr, items.len()), (VR::SQ, 1));
        assert_eq!(items[0][&Tag(0x0008, 0x1155)], text(VR::UI, "1.2"));
    }
}
