#![expect(clippy::unwrap_used, reason = "tests")]

use index_model::{Protocol, ReportRecord, ReportStatus, RepositoryDefinition};
use proptest::prelude::*;

use crate::{ErrorCode, Level, Refusal, parse_oru};

/// The message of a Toronto-area interface: OIDs for assigners, the health card's version code in CX-2, 8859/1.
const SAMPLE: &str = "MSH|^~\\&|1.3.6.1.4.1.99999.1^1.3.6.1.4.1.99999.1.101.1|0001^SITE|DICS|ON|20260110093000-0500||ORU^R01^ORU_R01|A0001|P|2.5|||||CAN|8859/1\r\
PID|1||555001^^^1.3.6.1.4.1.99999.1&1.3.6.1.4.1.99999.1.101.1^MR~9876543217^AB^^^JHN^^^^CANON&&HL70363||ESSAI^GENEVI\u{c8}VE||19700101|F\r\
ORC|RE|P77^1.3.6.1.4.1.99999.1|F88^1.3.6.1.4.1.99999.1\r\
OBR|1|P77^1.3.6.1.4.1.99999.1|F88^1.3.6.1.4.1.99999.1|CTHEAD^CT HEAD^1.3.6.1.4.1.99999.1.102.2|||20260110083000-0500|||||||||12345^TEST^A^^^^^^2.16.840.1.113883.4.347||ACC123||||20260110092500-0500||CT|F|||||||67890&TEST&B\r\
OBX|1|HD|113014^DICOM Study^DCM||2.25.1001||||||F\r\
OBX|2|FT|18748-4^Report^LN||FINDINGS: none.\\.br\\IMPRESSION: normal.||||||F\r";

fn definition() -> RepositoryDefinition {
    serde_json::from_value(serde_json::json!({
        "code": "swodin", "name": "SWODIN", "region": "South West", "protocol": "push", "patientIdIssuer": "SWODIN",
        "accessionIssuer": "SWODIN-ACC", "push": { "callingAeTitles": [] },
        "hl7": { "sendingFacility": "0001" }
    }))
    .unwrap()
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

pub(super) fn parse(text: &str) -> Result<Vec<ReportRecord>, Refusal> {
    parse_oru(&latin1(text), &definition())
}

pub(super) fn one(text: &str) -> ReportRecord {
    let mut reports = parse(text).unwrap();
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

/// The sample with its OBX segments replaced.
pub(super) fn with_body(body: &str) -> String {
    let head = SAMPLE.split_inclusive('\r').take(4).collect::<String>();
    format!("{head}{body}\r")
}

/// The sample with one field of one segment replaced.
fn with_field(segment: &str, field: usize, value: &str) -> String {
    let index = if segment == "MSH" { field - 1 } else { field };
    let edit = |line: &str| {
        let mut fields: Vec<&str> = line.split('|').collect();
        fields.resize(fields.len().max(index + 1), "");
        if line.starts_with(segment) {
            fields[index] = value;
        }
        fields.join("|")
    };
    SAMPLE.split_terminator('\r').map(edit).collect::<Vec<_>>().join("\r")
}

pub(super) fn refused(text: &str) -> (Level, ErrorCode, String) {
    let refusal = parse(text).unwrap_err();
    (refusal.level, refusal.code, refusal.location.to_string())
}

#[test]
fn the_sample_is_understood_in_full() {
    let report = one(SAMPLE);
    assert_eq!(report.message_control_id, "A0001");
    assert_eq!(report.message_sha256.len(), 64);
    let id = report.patient.patient_id.unwrap();
    assert_eq!((id.issuer.as_str(), id.value.expose().as_str()), ("1.3.6.1.4.1.99999.1", "555001"));
    let card = report.patient.health_number.unwrap();
    assert_eq!((card.number.expose().as_str(), card.version.as_str()), ("9876543217", "AB"));
    assert!(report.patient.other_patient_ids.is_empty());
    assert_eq!(report.patient.patient_name.alphabetic, "ESSAI^GENEVIÈVE");
    assert_eq!(report.patient.patient_birth_date.unwrap().expose(), "19700101");
    assert_eq!(report.patient.patient_sex.as_deref(), Some("F"));
    assert_eq!(report.study_instance_uids[0].as_str(), "2.25.1001");
    let accession = report.accession_number.unwrap();
    assert_eq!((accession.issuer.as_str(), accession.value.expose().as_str()), ("SWODIN-ACC", "ACC123"));
    let filler = report.filler_order_number.unwrap();
    assert_eq!((filler.issuer.as_str(), filler.value.expose().as_str()), ("1.3.6.1.4.1.99999.1", "F88"));
    assert_eq!(report.placer_order_number.unwrap().value.expose(), "P77");
    assert_eq!(report.status, ReportStatus::Final);
    assert_eq!(report.title, "CT HEAD");
    assert_eq!(report.text.expose(), "FINDINGS: none.\nIMPRESSION: normal.");
    assert_eq!(report.language, "en");
    assert_eq!(report.observed_ms, Some(1_768_051_800_000));
    assert_eq!(report.issued_ms, Some(1_768_055_100_000));
    assert_eq!(report.interpreter.alphabetic, "TEST^B");
}

#[test]
fn every_request_status_is_mapped() {
    use ReportStatus as S;
    let table = [
        ("O", S::Registered),
        ("S", S::Registered),
        ("I", S::Registered),
        ("A", S::Partial),
        ("R", S::Preliminary),
        ("P", S::Preliminary),
        ("F", S::Final),
        ("C", S::Corrected),
        ("X", S::Cancelled),
    ];
    for (code, status) in table {
        assert_eq!(one(&with_field("OBR", 25, code)).status, status, "{code}");
    }
    for code in ["Y", "Z", "?"] {
        let expected = (Level::Error, ErrorCode::TableValue, "OBR^1^25^1^1".to_owned());
        assert_eq!(refused(&with_field("OBR", 25, code)), expected);
    }
}

#[test]
fn an_observation_on_the_wrong_patient_withdraws_the_report() {
    let body = "OBX|1|TX|R||the text||||||F\rOBX|2|TX|R||||||||W";
    assert_eq!(one(&with_body(body)).status, ReportStatus::EnteredInError);
    let deleted = one(&with_body("OBX|1|TX|R||the text||||||D"));
    assert_eq!((deleted.status, deleted.text.expose().as_str()), (ReportStatus::EnteredInError, ""));
    let part = one(&with_body("OBX|1|TX|R||kept||||||F\rOBX|2|TX|R||gone||||||D"));
    assert_eq!((part.status, part.text.expose().as_str()), (ReportStatus::Final, "kept"));
}

/// HL7 table 0085.
#[test]
fn what_is_corrected_in_the_same_message_is_a_correction_and_what_is_wrong_or_has_no_result_says_nothing() {
    let told = |body: &str| {
        let report = one(&with_body(body));
        (report.status, report.text.expose().clone())
    };
    use ReportStatus as S;
    let wrong_then_right = "OBX|1|TX|R||of another||||||W\rOBX|2|TX|R||of this one||||||C";
    assert_eq!(told(wrong_then_right), (S::Corrected, "of this one".into()));
    let right_then_wrong = "OBX|1|TX|R||of this one||||||C\rOBX|2|TX|R||of another||||||W";
    assert_eq!(told(right_then_wrong).0, S::EnteredInError, "nothing corrects what comes last");
    assert_eq!(told("OBX|1|TX|R||kept||||||F\rOBX|2|NM|R||999|mm|||||X"), (S::Final, "kept".into()));
    assert_eq!(told("OBX|1|NM|R||999|mm|||||X"), (S::Cancelled, String::new()));
}

#[test]
fn utf_8_that_is_declared_as_latin_is_read_as_what_it_is() {
    let text = SAMPLE.replace("none.", "sténose à 50 %, œdème.");
    let report = parse_oru(text.as_bytes(), &definition()).unwrap().remove(0);
    assert_eq!(report.patient.patient_name.alphabetic, "ESSAI^GENEVIÈVE");
    assert_eq!(report.text.expose(), "FINDINGS: sténose à 50 %, œdème.\nIMPRESSION: normal.");
    assert_eq!(one(SAMPLE).patient.patient_name.alphabetic, "ESSAI^GENEVIÈVE", "and Latin stays Latin");
}

#[test]
fn an_addendum_names_its_parents_order_number_in_either_segment() {
    let parent = |report: ReportRecord| report.parent_order_number.map(|id| (id.issuer, id.value.into_inner()));
    let named = Some(("1.3.6.1.4.1.99999.1".to_owned(), "F1".to_owned()));
    assert_eq!(parent(one(&with_field("OBR", 29, "P1&X^F1&1.3.6.1.4.1.99999.1"))), named);
    assert_eq!(parent(one(&with_field("ORC", 8, "P1&X^F1&1.3.6.1.4.1.99999.1"))), named);
    assert_eq!(parent(one(&with_field("OBR", 29, "P1^F1"))), Some(("SWODIN-ACC".to_owned(), "F1".to_owned())));
    assert_eq!(parent(one(&with_field("OBR", 29, "P77&X^F88&1.3.6.1.4.1.99999.1"))), None, "its own number");
    assert_eq!(parent(one(SAMPLE)), None);
}

#[test]
fn without_a_request_status_the_least_certain_observation_counts() {
    let head = with_field("OBR", 25, "");
    let head: String = head.split_inclusive('\r').take(4).collect();
    let status = |codes: [&str; 2]| {
        parse(&format!("{head}OBX|1|TX|R||a||||||{}\rOBX|2|TX|R||b||||||{}", codes[0], codes[1]))
            .map(|reports| reports[0].status)
    };
    assert_eq!(status(["F", "F"]), Ok(ReportStatus::Final));
    assert_eq!(status(["F", "P"]), Ok(ReportStatus::Preliminary));
    assert_eq!(status(["C", "F"]), Ok(ReportStatus::Corrected));
    assert_eq!(status(["", ""]).unwrap_err().code, ErrorCode::RequiredFieldMissing);
}

#[test]
fn a_correction_or_a_parent_changes_what_a_final_report_is() {
    assert_eq!(one(&with_body("OBX|1|TX|R||a||||||C")).status, ReportStatus::Corrected);
    assert_eq!(one(&with_field("OBR", 29, "P1&X^F1&X")).status, ReportStatus::Appended);
}

#[test]
fn text_keeps_its_order_lines_notes_and_headings() {
    let body = "NTE|1||before\r\
        OBX|3|FT|18748-4^Report^LN||third\\.br\\line||||||F\r\
        OBX|1|TX|59776-5^Findings^LN||L4^L5 disc \\T\\ canal~second repetition||||||F\r\
        NTE|1||a comment\rNTE|2||continued\r\
        OBX|2|TX|19005-8^Impression^LN||IMPRESSION: fine||||||F\r\
        OBX|4|NM|X^Size||12|mm|||||F\r\
        OBX|5|CE|X^Code||1^in words^L||||||F\r\
        OBX|6|RP|IMG^Picture||pointer^image^jpeg||||||F";
    let expected = "Note: before\nFindings\nL4^L5 disc & canal\nsecond repetition\n\nNote: a comment\ncontinued\n\
        IMPRESSION: fine\nthird\nline\n12 mm\nin words\n[document attached]";
    assert_eq!(one(&with_body(body)).text.expose(), expected);
}

#[test]
fn studies_are_found_wherever_they_are_named() {
    let body = "OBX|1|HD|^Study Instance UID||2.25.7^2.25.7^ISO||||||F\rOBX|2|HD|^SR Instance UID||2.25.9||||||F\r\
        OBX|3|TX|R||a||||||F\rZDS|2.25.8^RIS^Application^DICOM\rOBX|4|HD|113014^DICOM Study^DCM||not a uid";
    let uids: Vec<String> = one(&with_body(body)).study_instance_uids.iter().map(ToString::to_string).collect();
    assert_eq!(uids, ["2.25.7", "2.25.8"]);
}

#[test]
fn identifiers_are_sorted_by_kind_and_never_lose_their_issuer() {
    let ids = "V1^^^^VN~77^^^HDIRS^MR~1234567897^^^^JHN^^^^CANON~1234567890^^^^JHN^^^^CANON~600^^^^JHN^^^^CABC~\"\"^^^^JHN~88^^^&1.2.3&ISO^PI";
    let patient = one(&with_field("PID", 3, ids)).patient;
    let shown = |id: &index_model::IssuedId| format!("{}:{}", id.issuer, id.value.expose());
    assert_eq!(shown(&patient.patient_id.unwrap()), "HDIRS:77");
    assert_eq!(patient.health_number.unwrap().number.expose(), "1234567897");
    let others: Vec<String> = patient.other_patient_ids.iter().map(shown).collect();
    assert_eq!(others, ["SWODIN:V1", "CANON:1234567890", "CABC:600", "1.2.3:88"]);
}

#[test]
fn a_report_deletes_what_it_says_is_not_so_but_takes_nobodys_card_away() {
    let deleted = |field, value| one(&with_field("PID", field, value)).patient.deleted;
    assert_eq!(deleted(7, "\"\""), [index_model::Demographic::BirthDate]);
    assert_eq!(deleted(3, "1^^^NORTH^MR~\"\"^^^^JHN"), []);
}

#[test]
fn the_sources_own_aliases_are_the_source() {
    let definition = RepositoryDefinition { issuer_aliases: vec!["1.3.6.1.4.1.99999.1".into()], ..definition() };
    let report = parse_oru(&latin1(SAMPLE), &definition).unwrap().remove(0);
    assert_eq!(report.patient.patient_id.unwrap().issuer, "SWODIN");
    assert_eq!(report.filler_order_number.unwrap().issuer, "SWODIN-ACC");
}

#[test]
fn a_patient_without_any_identifier_is_refused() {
    for ids in ["", "\"\"^^^^JHN"] {
        let expected = (Level::Error, ErrorCode::RequiredFieldMissing, "PID^1^3^1^1".to_owned());
        assert_eq!(refused(&with_field("PID", 3, ids)), expected);
    }
}

#[test]
fn names_take_the_order_of_dicom_and_their_representations() {
    let name = "Yamada&van^Tarou^M^Jr^Dr^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P";
    let text = with_field("PID", 5, name).replace("8859/1", "UNICODE UTF-8");
    let report = parse_oru(text.as_bytes(), &definition()).unwrap().remove(0);
    assert_eq!(report.patient.patient_name.to_dicom(), "Yamada^Tarou^M^Dr^Jr=山田^太郎=やまだ^たろう");
    let sneaky = one(&with_field("PID", 5, "A\\S\\B=C^D"));
    assert_eq!(sneaky.patient.patient_name.to_dicom(), "A B C^D");
}

#[test]
fn the_accession_number_stands_where_the_source_puts_it() {
    let mut definition = definition();
    for (field, value, issuer) in [("OBR-3", "F88", "1.3.6.1.4.1.99999.1"), ("OBR-18", "ACC123", "SWODIN-ACC")] {
        definition.hl7.as_mut().unwrap().accession_field = field.into();
        let accession = parse_oru(&latin1(SAMPLE), &definition).unwrap().remove(0).accession_number.unwrap();
        assert_eq!((accession.value.expose().as_str(), accession.issuer.as_str()), (value, issuer));
    }
    definition.hl7.as_mut().unwrap().accession_field = "OBR-20".into();
    assert_eq!(parse_oru(&latin1(SAMPLE), &definition).unwrap()[0].accession_number, None);
}

#[test]
fn each_request_is_a_report_of_its_own() {
    let second = "OBR|2|P9|F9|CTNECK^CT NECK||||||||||||||ACC9||||20260110092600-0500||CT|P\rOBX|1|TX|R||neck||||||P\r";
    let reports = parse(&format!("{SAMPLE}{second}")).unwrap();
    let seen: Vec<_> = reports.iter().map(|r| (r.message_control_id.as_str(), r.title.as_str(), r.status)).collect();
    assert_eq!(seen, [("A0001", "CT HEAD", ReportStatus::Final), ("A0001/2", "CT NECK", ReportStatus::Preliminary)]);
    assert_eq!(reports[1].text.expose(), "neck");
    assert!(reports[1].study_instance_uids.is_empty());
}

#[test]
fn a_combined_report_gives_its_text_to_every_examination() {
    let head: String = SAMPLE.split_inclusive('\r').take(3).collect();
    let text = format!(
        "{head}OBR|1||F1|A^HEAD||||||||||||||ACC1|||||||F\rOBR|2||F2|B^NECK||||||||||||||ACC2|||||||F\rOBX|1|TX|R||both||||||F\r"
    );
    let reports = parse(&text).unwrap();
    let seen: Vec<_> = reports
        .iter()
        .map(|r| (r.text.expose().as_str(), r.accession_number.as_ref().unwrap().value.expose().as_str()))
        .collect();
    assert_eq!(seen, [("both", "ACC1"), ("both", "ACC2")]);
}

#[test]
fn what_the_service_does_not_take_is_refused_with_its_code() {
    let table = [
        ("MSH", 9, "MDM^T02", Level::Reject, ErrorCode::UnsupportedMessageType, "MSH^1^9^1^1"),
        ("MSH", 9, "ORU^R03", Level::Reject, ErrorCode::UnsupportedEvent, "MSH^1^9^1^1"),
        ("MSH", 11, "T", Level::Reject, ErrorCode::UnsupportedProcessingId, "MSH^1^11^1^1"),
        ("MSH", 11, "D", Level::Reject, ErrorCode::UnsupportedProcessingId, "MSH^1^11^1^1"),
        ("MSH", 12, "3.0", Level::Reject, ErrorCode::UnsupportedVersion, "MSH^1^12^1^1"),
        ("MSH", 10, "", Level::Error, ErrorCode::RequiredFieldMissing, "MSH^1^10^1^1"),
        ("MSH", 18, "EBCDIC", Level::Error, ErrorCode::TableValue, "MSH^1^18^1^1"),
        ("MSH", 18, "ASCII", Level::Error, ErrorCode::DataType, "MSH^1^18^1^1"),
        ("MSH", 18, "UNICODE UTF-8", Level::Error, ErrorCode::DataType, "MSH^1^18^1^1"),
        ("OBR", 22, "yesterday", Level::Error, ErrorCode::DataType, "OBR^1^22^1^1"),
        ("OBX", 5, "", Level::Error, ErrorCode::RequiredFieldMissing, "OBX^1^5^1^1"),
    ];
    for (segment, field, value, level, code, location) in table {
        assert_eq!(
            refused(&with_field(segment, field, value)),
            (level, code, location.to_owned()),
            "{segment}-{field} {value}"
        );
    }
    let cut = |segments: usize| SAMPLE.split_inclusive('\r').take(segments).collect::<String>();
    assert_eq!(refused(&cut(1)), (Level::Error, ErrorCode::SegmentSequence, "PID^1".to_owned()));
    assert_eq!(refused(&cut(3)), (Level::Error, ErrorCode::SegmentSequence, "OBR^1".to_owned()));
    assert_eq!(refused("GET / HTTP/1.1"), (Level::Reject, ErrorCode::SegmentSequence, "MSH^1".to_owned()));
}

#[test]
fn a_message_that_declares_no_set_is_read_as_the_source_writes() {
    let undeclared = with_field("MSH", 18, "");
    assert_eq!(one(&undeclared).patient.patient_name.alphabetic, "ESSAI^GENEVIÈVE");
    let utf8 = parse_oru(undeclared.as_bytes(), &definition()).unwrap().remove(0);
    assert_eq!(utf8.patient.patient_name.alphabetic, "ESSAI^GENEVIÈVE");
    let ascii = RepositoryDefinition { character_set: Some("ISO_IR 6".into()), ..definition() };
    assert_eq!(parse_oru(&latin1(&undeclared), &ascii).unwrap_err().code, ErrorCode::DataType);
}

#[test]
fn times_without_an_offset_are_those_of_the_source() {
    let text = with_field("OBR", 22, "20260710120000");
    assert_eq!(one(&text).issued_ms, Some(1_783_699_200_000));
    let winnipeg =
        RepositoryDefinition { time_zone: "America/Winnipeg".into(), protocol: Protocol::Push, ..definition() };
    assert_eq!(parse_oru(&latin1(&text), &winnipeg).unwrap()[0].issued_ms, Some(1_783_702_800_000));
    assert_eq!(one(&with_field("OBR", 22, "")).issued_ms, Some(1_768_055_400_000), "MSH-7 stands in");
}

#[test]
fn french_is_told_by_the_text_then_by_the_header_then_by_the_patient() {
    assert_eq!(one(&with_body("OBX|1|TX|R||Il n'y a pas de lésion dans le foie.||||||F")).language, "fr");
    let mute = with_body("OBX|1|TX|R||12 mm||||||F");
    assert_eq!(one(&mute).language, "");
    assert_eq!(one(&mute.replace("8859/1", "8859/1|FRE")).language, "fr");
}

#[test]
fn a_refusal_never_repeats_a_value() {
    let refusal = parse(&with_field("PID", 3, "")).unwrap_err();
    let shown = format!("{refusal} {refusal:?}");
    assert!(!["ESSAI", "19700101", "ACC123", "A0001"].iter().any(|value| shown.contains(value)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Bytes overwritten anywhere: an answer or a refusal, never a panic.
    #[test]
    fn damaged_messages_are_answered_or_refused(at in 0usize..900, with in proptest::collection::vec(any::<u8>(), 1..8)) {
        let mut bytes = latin1(SAMPLE);
        let at = at % bytes.len();
        let end = (at + with.len()).min(bytes.len());
        bytes.splice(at..end, with);
        let _ = parse_oru(&bytes, &definition());
    }

    #[test]
    fn cut_messages_are_answered_or_refused(at in 0usize..900) {
        let bytes = latin1(SAMPLE);
        let _ = parse_oru(&bytes[..at % bytes.len()], &definition());
    }
}
