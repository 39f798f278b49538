use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use index_model::{DocumentKind as Kind, ReportStatus};
use proptest::prelude::*;

use crate::oru::tests::{one, parse, refused, with_body};
use crate::{ErrorCode, Level};

const PDF: &[u8] = b"%PDF-1.4 \x00\xFF body";
const CDA: &str = "<?xml version='1.0' encoding='ISO-8859-1'?><ClinicalDocument><title>CT T\u{ea}te</title><component>\
    <structuredBody><section><title>Impression</title><text><paragraph>Normal &amp; stable.</paragraph></text></section>\
    </structuredBody></component></ClinicalDocument>";

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| c as u8).collect()
}

fn observation(value: &str) -> String {
    with_body(&format!("OBX|1|ED|PDF^Report document^L||{value}||||||F"))
}

fn base64(kind: &str, bytes: &[u8]) -> String {
    observation(&format!("^{kind}^Base64^{}", STANDARD.encode(bytes)))
}

#[test]
fn a_pdf_is_kept_as_it_came_whatever_its_type_is_called() {
    for kind in ["application^pdf", "AP^PDF", "PDF^", "IM^"] {
        let report = one(&base64(kind, PDF));
        let document = &report.documents[0];
        assert_eq!((document.kind, document.title.as_str()), (Kind::Pdf, "Report document"));
        assert_eq!((document.content.expose().as_ref(), document.size_bytes), (PDF, PDF.len() as u64));
        assert_eq!((report.status, report.text.expose().as_str()), (ReportStatus::Final, ""), "it needs no words");
    }
}

#[test]
fn lines_and_padding_of_base64_are_as_senders_write_them() {
    let data = STANDARD.encode(PDF);
    let (first, rest) = data.split_at(7);
    for between in ["\\.br\\", "\r\n", "\n", " ", "\\X0D0A\\"] {
        let report =
            one(&observation(&format!("^application^pdf^Base64^{first}{between}{}", rest.trim_end_matches('='))));
        assert_eq!(report.documents[0].content.expose().as_ref(), PDF, "{between:?}");
    }
    let hex: String = PDF.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(one(&observation(&format!("^application^pdf^Hex^{hex}"))).documents[0].content.expose().as_ref(), PDF);
}

#[test]
fn the_words_of_a_clinical_document_are_the_reports() {
    let encoded = one(&base64("text^x-hl7-text+xml", &latin1(CDA)));
    let escaped = CDA.replace('&', "\\T\\").replace('^', "\\S\\");
    let plain = one(&observation(&format!("^text^xml^A^{escaped}")));
    for report in [encoded, plain] {
        assert_eq!(report.text.expose(), "CT Tête\n\nImpression\nNormal & stable.");
        assert_eq!((report.documents[0].kind, report.documents[0].title.as_str()), (Kind::Cda, "CT Tête"));
        assert_eq!(index_narrative::cda::read(report.documents[0].content.expose()).unwrap().title, "CT Tête");
    }
}

#[test]
fn a_pdf_within_a_clinical_document_is_a_document_too() {
    let body = format!("<text mediaType='application/pdf' representation='B64'>{}</text>", STANDARD.encode(PDF));
    let document =
        format!("<ClinicalDocument><component><nonXMLBody>{body}</nonXMLBody></component></ClinicalDocument>");
    let kinds: Vec<_> = one(&base64("text^xml", document.as_bytes())).documents.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [Kind::Cda, Kind::Pdf]);
}

#[test]
fn text_in_an_encoding_is_text_and_other_things_stay_with_the_message() {
    assert_eq!(one(&base64("TEXT^plain", b"one\r\ntwo \xE9")).text.expose(), "one\ntwo é");
    let picture = one(&base64("image^jpeg", b"\xFF\xD8\xFF"));
    assert_eq!((picture.text.expose().as_str(), picture.documents.len()), ("[document attached]", 0));
}

#[test]
fn what_is_broken_is_refused_where_it_is_and_nothing_of_it_is_told() {
    let pdf = STANDARD.encode(PDF);
    let broken_cda = STANDARD.encode("<ClinicalDocument><title>Secret</title>");
    let table = [
        ("^application^pdf^Base64^JVBER*Secret", ErrorCode::DataType, 5),
        (&format!("^application^pdf^Base64^{}", &pdf[..5]), ErrorCode::DataType, 5),
        ("^application^pdf^Hex^2550444", ErrorCode::DataType, 5),
        ("^application^pdf^Hex^+5", ErrorCode::DataType, 5),
        ("^application^pdf^Base64^", ErrorCode::RequiredFieldMissing, 5),
        ("^application^pdf^Base64^U2VjcmV0", ErrorCode::DataType, 5),
        ("^multipart^x-hl7-cda-level-one^Base64^U2VjcmV0", ErrorCode::DataType, 5),
        (&format!("^text^xml^Base64^{broken_cda}"), ErrorCode::DataType, 5),
        (&format!("^application^pdf^uuencode^{pdf}"), ErrorCode::TableValue, 4),
    ];
    for (value, code, component) in table {
        let text = with_body(&format!("OBX|1|TX|R||words||||||F\rOBX|2|ED|PDF^Report||{value}||||||F"));
        assert_eq!(refused(&text), (Level::Error, code, format!("OBX^2^5^1^{component}")), "{value}");
        assert!(!format!("{:?}", parse(&text).unwrap_err()).contains("Secret"));
    }
    let many = format!("OBX|1|ED|P||^application^pdf^Base64^{pdf}||||||F\r").repeat(17);
    assert_eq!(refused(&with_body(&many)).2, "OBX^17^5^1^1");
}

#[test]
fn the_place_of_an_observation_is_counted_over_the_whole_message() {
    let second = "OBX|1|TX|R||a||||||F\rOBR|2||F9|B^NECK||||||||||||||ACC9|||||||F\rOBX|1|ED|P||^application^pdf^Base64^*||||||F";
    assert_eq!(refused(&with_body(second)).2, "OBX^2^5^1^5");
}

proptest! {
    /// Bytes overwritten anywhere in the value: a report or a refusal, never a panic.
    #[test]
    fn damaged_documents_are_answered_or_refused(at in 0usize..600, with in "[\\x20-\\x7e]{1,6}", is_cda: bool) {
        let mut text = if is_cda { base64("text^xml", &latin1(CDA)) } else { base64("application^pdf", PDF) };
        let from = text.find("OBX").unwrap();
        let at = from + at % (text.len() - from);
        text.replace_range(at..(at + with.len()).min(text.len()), &with);
        let _ = parse(&text);
    }
}
