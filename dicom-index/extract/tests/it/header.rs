//! Headers as DICOM JSON, PS3.18 Annex F.

use serde_json::{Value, json};

use crate::build::{EXPLICIT_BE, EXPLICIT_LE, Form, IMPLICIT_LE, part10};
use crate::{image_with, metadata, notes, read, refused};

const LE: Form = Form::Explicit;

/// One element's JSON, of an image that has it.
#[track_caller]
fn written(element: Vec<u8>) -> Value {
    let tag = format!("{:02X}{:02X}{:02X}{:02X}", element[1], element[0], element[3], element[2]);
    metadata(&read(&image_with(&[element])).unwrap())[tag].clone()
}

#[test]
fn an_instance_is_written_the_same_from_every_encoding() {
    let forms = [(IMPLICIT_LE, Form::Implicit), (EXPLICIT_LE, LE), (EXPLICIT_BE, Form::BigEndian)];
    let [first, rest @ ..] = forms.map(|(uid, form)| {
        let mut value = metadata(&read(&part10(uid, &form.image(2))).unwrap());
        assert_eq!(value["00083002"].take()["Value"], json!([uid]));
        value
    });
    assert!(rest.iter().all(|other| *other == first));
    let expected = r#"{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},
        "00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.7"]},
        "00080018":{"vr":"UI","Value":["1.2.3.4.5"]},
        "00080020":{"vr":"DA","Value":["20240229"]},
        "00080060":{"vr":"CS","Value":["OT"]},
        "00081140":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.3"]}},{}]},
        "00083002":null,
        "00100010":{"vr":"PN","Value":[{"Alphabetic":"Essai^Ren\u00e9"}]},
        "00100020":{"vr":"LO","Value":["MRN-1"]},
        "0020000D":{"vr":"UI","Value":["1.2.3.4"]},
        "0020000E":{"vr":"UI","Value":["1.2.3.4.1"]},
        "00200013":{"vr":"IS","Value":[7]},
        "00280002":{"vr":"US","Value":[1]},
        "00280004":{"vr":"CS","Value":["MONOCHROME2"]},
        "00280008":{"vr":"IS","Value":[2]},
        "00280010":{"vr":"US","Value":[4]},
        "00280011":{"vr":"US","Value":[4]},
        "00280100":{"vr":"US","Value":[8]},
        "00280103":{"vr":"US","Value":[0]},
        "7FE00010":{"vr":"OW","BulkDataURI":"/dicom-web/studies/1.2.3.4/series/1.2.3.4.1/instances/1.2.3.4.5/bulkdata/7FE00010"}}"#;
    assert_eq!(first, serde_json::from_str::<Value>(expected).unwrap());
}

#[test]
fn an_empty_attribute_has_no_value_and_an_empty_value_among_others_is_null() {
    assert_eq!(written(LE.element(0x0032_1060, "LO", "")), json!({"vr": "LO"}));
    assert_eq!(written(LE.element(0x0032_1060, "LO", "   ")), json!({"vr": "LO"}));
    assert_eq!(written(LE.element(0x0040_0260, "SQ", "")), json!({"vr": "SQ"}));
    assert_eq!(written(LE.element(0x0028_1203, "OW", "")), json!({"vr": "OW"}));
    assert_eq!(written(LE.us(0x0028_0106, 0)[..6].iter().copied().chain([0, 0]).collect()), json!({"vr": "US"}));
    assert_eq!(written(LE.element(0x0032_1032, "PN", "=")), json!({"vr": "PN"}));
    assert_eq!(written(LE.element(0x0040_0280, "LO", "A\\\\B")), json!({"vr": "LO", "Value": ["A", null, "B"]}));
    assert_eq!(written(LE.element(0x0028_0030, "DS", "1.5\\")), json!({"vr": "DS", "Value": [1.5, null]}));
    let written = read(&image_with(&[LE.element(0x0028_0030, "DS", "")])).unwrap();
    assert!(!written.entry.metadata.get().contains("[]"));
}

#[test]
fn decimal_strings_keep_their_digits_and_what_is_no_number_stays_text() {
    let read = read(&image_with(&[LE.element(0x0028_0030, "DS", "0.1234567890123456\\+1.50\\.5\\1,5")])).unwrap();
    assert!(read.entry.metadata.get().contains(r#"{"vr":"DS","Value":[0.1234567890123456,1.50,0.5,"1,5"]}"#));
    assert_eq!(written(LE.element(0x0028_3010, "IS", "007\\1.5")), json!({"vr": "IS", "Value": [7, "1.5"]}));
}

#[test]
fn binary_values_are_numbers_tags_or_base64() {
    assert_eq!(written(LE.element(0x0028_0106, "SS", [0xFE, 0xFF])), json!({"vr": "SS", "Value": [-2]}));
    assert_eq!(
        written(LE.element(0x0028_0009, "AT", [0x18, 0, 0x63, 0x10])),
        json!({"vr": "AT", "Value": ["00181063"]})
    );
    assert_eq!(written(LE.element(0x0040_9211, "FD", 0.1f64.to_le_bytes())), json!({"vr": "FD", "Value": [0.1]}));
    assert_eq!(written(LE.element(0x0028_1201, "OW", [1, 2, 3, 4])), json!({"vr": "OW", "InlineBinary": "AQIDBA=="}));
    let odd = read(&image_with(&[LE.element(0x0028_0106, "UL", [1, 0])])).unwrap();
    assert_eq!(notes(&odd), ["SmallestImagePixelValue has a length that is no multiple of its numbers'"]);
}

#[test]
fn numbers_of_big_endian_objects_are_swapped_inline_too() {
    let be = Form::BigEndian;
    let elements = [
        be.image_header(1),
        be.element(0x0028_1201, "OW", [1, 2, 3, 4]),
        be.element(0x0040_9211, "FD", 0.1f64.to_be_bytes()),
    ];
    let value = metadata(&read(&part10(EXPLICIT_BE, &elements.concat())).unwrap());
    assert_eq!(value["00281201"]["InlineBinary"], "AgEEAw==");
    assert_eq!(value["00409211"]["Value"], json!([0.1]));
}

#[test]
fn values_up_to_64_kib_stand_in_the_header_and_longer_ones_are_retrieved() {
    let base = "/dicom-web/studies/1.2.3.4/series/1.2.3.4.1/instances/1.2.3.4.5/bulkdata";
    let palette = |length: usize| written(LE.element(0x0028_1201, "OW", vec![7; length]));
    assert!(palette(65_536)["InlineBinary"].is_string());
    assert_eq!(palette(65_538), json!({"vr": "OW", "BulkDataURI": format!("{base}/00281201")}));
    let private = written(LE.element(0x0029_1010, "OB", vec![7; 1026]));
    assert_eq!(private["BulkDataURI"], format!("{base}/00291010"));
    let waveform = LE.sequence(0x5400_0100, &[Vec::new(), LE.element(0x5400_1010, "OW", vec![7; 70_000])]);
    assert_eq!(written(waveform)["Value"][1]["54001010"]["BulkDataURI"], format!("{base}/54000100/2/54001010"));
}

#[test]
fn names_are_written_by_component_group_in_unicode() {
    let japanese = [
        LE.element(0x0008_0005, "CS", "\\ISO 2022 IR 87"),
        LE.image_header(1)[18..].to_vec(),
        LE.element(
            0x0032_1032,
            "PN",
            b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B\\Doe^J",
        ),
    ];
    let read = read(&part10(EXPLICIT_LE, &japanese.concat())).unwrap();
    let value = metadata(&read);
    assert_eq!(value["00080005"]["Value"], json!(["ISO_IR 192"]));
    assert_eq!(
        value["00321032"]["Value"],
        json!([
            {"Alphabetic": "Yamada^Tarou", "Ideographic": "\u{5c71}\u{7530}^\u{592a}\u{90ce}", "Phonetic": "\u{3084}\u{307e}\u{3060}^\u{305f}\u{308d}\u{3046}"},
            {"Alphabetic": "Doe^J"}
        ])
    );
    // The name in Latin-1 that this header also has is not what it declares: read, flagged, and no replacement character.
    assert_eq!(notes(&read), ["PatientName has characters that its character set does not allow"]);
    assert!(!read.entry.metadata.get().contains('\u{FFFD}'));
}

#[test]
fn an_item_may_have_a_character_set_of_its_own() {
    let item = [LE.element(0x0008_0005, "CS", "ISO_IR 192"), LE.element(0x0040_A123, "PN", "Lef\u{e8}vre")].concat();
    let plain = LE.element(0x0040_A123, "PN", b"Lef\xE8vre");
    let value = written(LE.sequence(0x0040_A073, &[item, plain]));
    assert_eq!(value["Value"][0]["00080005"]["Value"], json!(["ISO_IR 192"]));
    for item in 0..2 {
        assert_eq!(value["Value"][item]["0040A123"]["Value"], json!([{"Alphabetic": "Lef\u{e8}vre"}]));
    }
    assert_eq!(value["Value"][1].get("00080005"), None);
}

#[test]
fn text_that_declares_no_set_is_read_by_the_sources_default_or_flagged() {
    let bytes = part10(EXPLICIT_LE, &LE.image(1)[18..]);
    let flagged = read(&bytes).unwrap();
    assert_eq!(notes(&flagged), ["PatientName has characters that its character set does not allow"]);
    assert_eq!(flagged.study.patient.patient_name.alphabetic, "Essai^Ren\u{e9}");
    let defaults = index_extract::Defaults { character_set: Some("ISO_IR 144".into()), ..crate::defaults() };
    let cyrillic = index_extract::extract(&bytes, &defaults).unwrap();
    assert!(cyrillic.findings.is_empty());
    assert_eq!(cyrillic.study.patient.patient_name.alphabetic, "Essai^Ren\u{449}");
}

#[test]
fn backslashes_part_values_whatever_the_character_set() {
    // In ISO_IR 13 the byte 0x5C is the yen sign; in GB18030 it is also the second byte of characters.
    let header = |set: &str| [LE.element(0x0008_0005, "CS", set), LE.image_header(1)[18..].to_vec()].concat();
    let position = LE.element(0x0028_0030, "DS", "0.5\\0.25");
    let japanese = part10(EXPLICIT_LE, &[header("ISO_IR 13"), position].concat());
    assert_eq!(metadata(&read(&japanese).unwrap())["00280030"]["Value"], json!([0.5, 0.25]));
    let text = LE.element(0x0032_1060, "LO", b"\x95\x5C\\B");
    let chinese = part10(EXPLICIT_LE, &[header("GB18030"), text].concat());
    assert_eq!(metadata(&read(&chinese).unwrap())["00321060"]["Value"], json!(["\u{661e}", "B"]));
}

#[test]
fn what_came_as_unknown_is_written_as_the_dictionary_has_it() {
    assert_eq!(written(LE.element(0x0032_1060, "UN", "CT HEAD")), json!({"vr": "LO", "Value": ["CT HEAD"]}));
    assert_eq!(written(LE.element(0x0028_0106, "UN", [4, 0])), json!({"vr": "US", "Value": [4]}));
    assert_eq!(written(LE.element(0x0029_1010, "UN", "AB")), json!({"vr": "UN", "InlineBinary": "QUI="}));
    let content = Form::Implicit.sequence(0x0040_0275, &[Form::Implicit.element(0x0040_1001, "SH", "R1")]);
    let request = written(LE.element(0x0040_0275, "UN", &content[8..]));
    assert_eq!(request, json!({"vr": "SQ", "Value": [{"00401001": {"vr": "SH", "Value": ["R1"]}}]}));
}

#[test]
fn signed_pixels_make_ambiguous_attributes_signed() {
    let implicit = Form::Implicit;
    let header = implicit.image_header(1);
    let signed = [&header[..header.len() - 2], &[1, 0], &implicit.element(0x0028_0120, "SS", [0x30, 0xF8])].concat();
    let value = metadata(&read(&part10(IMPLICIT_LE, &signed)).unwrap());
    assert_eq!(value["00280120"], json!({"vr": "SS", "Value": [-2000]}));
}

#[test]
fn group_lengths_meta_header_and_padding_are_left_out() {
    let bytes = image_with(&[LE.element(0x0032_0000, "UL", [0; 4]), LE.element(0xFFFC_FFFC, "OB", [0; 8])]);
    let value = metadata(&read(&bytes).unwrap());
    let keys: Vec<_> = value.as_object().unwrap().keys().collect();
    assert!(keys.iter().all(|key| !key.ends_with("0000") && !key.starts_with("0002") && !key.starts_with("FFFC")));
}

#[test]
fn elements_out_of_order_are_sorted_and_contradictions_are_refused() {
    let late = LE.element(0x0008_0070, "LO", "ACME");
    let read = read(&image_with(&[late.clone(), late.clone()])).unwrap();
    assert_eq!(notes(&read), ["file has elements that do not ascend"]);
    assert!(read.entry.metadata.get().find("00080070") < read.entry.metadata.get().find("00083002"));
    let other = LE.element(0x0010_0020, "LO", "MRN-2");
    assert_eq!(refused(&image_with(&[other])), "PatientID is there twice, with different values");
}

#[test]
fn control_characters_and_quotes_are_escaped() {
    let text = written(LE.element(0x0040_A160, "UT", "a\"b\\c\r\n\x01<script>"));
    assert_eq!(text["Value"], json!(["a\"b\\c\r\n\u{1}<script>"]));
}
