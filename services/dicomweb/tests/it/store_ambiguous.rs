//! Metadata that could be read in two ways are refused: whose data they are, and in which order, is not for a parser to choose.

use crate::app::{TestApp, first};

/// A native model of a secondary capture without pixels, and one attribute more.
fn model(more: &str) -> String {
    let uid = |tag: &str, value: &str| {
        format!("<DicomAttribute tag=\"{tag}\" vr=\"UI\"><Value number=\"1\">{value}</Value></DicomAttribute>")
    };
    let named = [uid("00080016", "1.2.840.10008.5.1.4.1.1.66"), uid("00080018", "1.2.3.1.1")];
    let placed = [uid("0020000D", "1.2.3"), uid("0020000E", "1.2.3.1")];
    format!("<NativeDicomModel>{}{}{more}</NativeDicomModel>", named.concat(), placed.concat())
}

fn json(more: &str) -> String {
    format!(
        "[{{\"00080016\":{{\"vr\":\"UI\",\"Value\":[\"1.2.840.10008.5.1.4.1.1.66\"]}},\"00080018\":{{\"vr\":\"UI\",\"Value\":[\"1.2.3.1.1\"]}},\
         \"0020000D\":{{\"vr\":\"UI\",\"Value\":[\"1.2.3\"]}},\"0020000E\":{{\"vr\":\"UI\",\"Value\":[\"1.2.3.1\"]}}{more}}}]"
    )
}

/// A body of metadata of this media type, and other parts.
fn body(media_type: &str, metadata: &str, others: &str) -> (String, String) {
    let kind = format!("multipart/related; type=\"{media_type}\"; boundary=tests");
    (kind, format!("--tests\r\nContent-Type: {media_type}\r\n\r\n{metadata}\r\n{others}--tests--\r\n"))
}

#[tokio::test]
async fn metadata_that_could_be_read_in_two_ways_are_refused_by_attribute_and_rule() {
    let app = TestApp::start().await;
    let part = |content: &str| {
        format!("--tests\r\nContent-Type: application/octet-stream\r\nContent-Location: z\r\n\r\n{content}\r\n")
    };
    let bulk = ",\"00420011\":{\"vr\":\"OB\",\"BulkDataURI\":\"z\"}";
    let patient = |id: &str| format!(",\"00100020\":{{\"vr\":\"LO\",\"Value\":[\"{id}\"]}}");
    let in_xml = |id: &str| {
        format!("<DicomAttribute tag=\"00100020\" vr=\"LO\"><Value number=\"1\">{id}</Value></DicomAttribute>")
    };
    let name = |group: &str| {
        format!(
            "<DicomAttribute tag=\"00100010\" vr=\"PN\"><PersonName number=\"1\"><Alphabetic><FamilyName>{group}</FamilyName></Alphabetic></PersonName></DicomAttribute>"
        )
    };
    let items = "<DicomAttribute tag=\"00081110\" vr=\"SQ\"><Item number=\"2\"></Item><Item number=\"1\"></Item></DicomAttribute>";
    let owner = "<DicomAttribute tag=\"00090002\" vr=\"LO\" privateCreator=\"OTHER\"><Value number=\"1\">y</Value></DicomAttribute>";
    let (in_json, native) = ("application/dicom+json", "application/dicom+xml");
    for ((kind, text), attribute, rule) in [
        (body(in_json, &json(&[patient("A"), patient("B")].concat()), ""), "PatientID", "is there twice"),
        (body(native, &model(&[in_xml("A"), in_xml("B")].concat()), ""), "PatientID", "is there twice"),
        (body(in_json, &json(bulk), &[part("1"), part("2")].concat()), "EncapsulatedDocument", ""),
        (
            body(in_json, &json(",\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"A=B\"}]}"), ""),
            "PatientName",
            "equals sign",
        ),
        (body(in_json, &json(",\"00280010\":{\"vr\":\"SV\",\"Value\":[\"4\"]}"), ""), "Rows", "PS3.6"),
        (
            body(in_json, &json(",\"00100020\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"a\"}]}"), ""),
            "PatientID",
            "PS3.6",
        ),
        (body(in_json, &json(",\"00110001\":{\"vr\":\"LO\",\"Value\":[\"a\"]}"), ""), "(0011,0001)", "7.8.1"),
        (body(native, &model(&name("A=B")), ""), "PatientName", "equals sign"),
        (body(native, &model(&name("A^B")), ""), "PatientName", "caret"),
        (body(native, &model(items), ""), "ReferencedStudySequence", "do not ascend"),
        (body(native, &model(owner), ""), "(0009,0002)", "private creator"),
    ] {
        let told = app.post_as("/studies", &kind, text.as_bytes()).await.expect(409).json();
        let failed = if told["00081198"].is_null() { &told["0008119A"] } else { &told["00081198"] };
        let failed = &failed["Value"][0];
        assert_eq!(first(failed, "00081197"), 0xC000.to_string(), "{attribute} {rule}");
        let comment = first(failed, "00000902");
        assert!(comment.starts_with(attribute) && comment.contains(rule), "{attribute} {rule}: {comment}");
        assert!(!comment.contains("OTHER"), "no value is repeated");
    }
    let reserved = "<DicomAttribute tag=\"00090010\" vr=\"LO\"><Value number=\"1\">OTHER</Value></DicomAttribute>";
    let gap = "<DicomAttribute tag=\"00081110\" vr=\"SQ\"><Item number=\"2\"><DicomAttribute tag=\"00081150\" vr=\"UI\">\
               <Value number=\"1\">1.2</Value></DicomAttribute></Item></DicomAttribute>";
    let (kind, text) = body(native, &model(&[gap, reserved, owner].concat()), "");
    app.post_as("/studies", &kind, text.as_bytes()).await.expect(200);
    let back = app.get("/studies/1.2.3/metadata").await.expect(200).json();
    assert_eq!(first(&back[0], "00091002"), "y", "in the block of its creator");
    let items = back[0]["00081110"]["Value"].as_array().unwrap();
    assert_eq!((items.len(), first(&items[1], "00081150")), (2, "1.2".to_owned()), "an item that is left out is empty");
}
