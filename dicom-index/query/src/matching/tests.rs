//! Pair by pair: a rule, a value representation, a value.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Map, Value, json};

use super::matches;
use crate::{Level, parse};

/// A header with one of each.
fn header() -> Map<String, Value> {
    let value = json!({
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]},
        "00080008": {"vr": "CS", "Value": ["ORIGINAL", "PRIMARY", "AXIAL"]},
        "00080020": {"vr": "DA", "Value": ["20240115"]},
        "00080030": {"vr": "TM", "Value": ["103015.25"]},
        "0008002A": {"vr": "DT", "Value": ["20240115103015-0500"]},
        "00080050": {"vr": "SH"},
        "00080080": {"vr": "LO", "Value": ["Hôpital-Général d'Ottawa"]},
        "00100010": {"vr": "PN", "Value": [{
            "Alphabetic": "Lefèbvre-Côté^Geneviève^A", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"
        }]},
        "00100020": {"vr": "LO", "Value": ["aB1"]},
        "00081032": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["cT1"]}}]},
        "00180015": {"vr": "CS", "Value": ["HEAD"]},
        "00180050": {"vr": "DS", "Value": [2.5]},
        "00200013": {"vr": "IS", "Value": [7]},
        "00280009": {"vr": "AT", "Value": ["00181063"]},
        "00280010": {"vr": "US", "Value": [512]},
        "00400275": {"vr": "SQ", "Value": [
            {"00401001": {"vr": "SH", "Value": ["P1"]}},
            {"00401001": {"vr": "SH", "Value": ["P2"]}, "00400009": {"vr": "SH"}}
        ]},
        "7FE00010": {"vr": "OW", "BulkDataURI": "bulk"}
    });
    value.as_object().unwrap().clone()
}

/// Whether `PatientName=DOE*`, as it is written on the wire, matches the header.
fn is(text: &str) -> bool {
    let mut pairs: Vec<(String, String)> =
        text.split('&').filter_map(|pair| pair.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    if text.contains("\"\"") {
        pairs.push(("emptyvaluematching".to_owned(), "true".to_owned()));
    }
    matches(&parse(Level::Instance, &pairs).unwrap().query.matches, &header())
}

macro_rules! pairs {
    ($($name:ident: [$($yes:literal),* $(,)?] not [$($no:literal),* $(,)?]),+ $(,)?) => {
        $(#[test]
        fn $name() {
            $(assert!(is($yes), "{} matches", $yes);)*
            $(assert!(!is($no), "{} does not match", $no);)*
        })+
    };
}

pairs! {
    universal_matching_takes_what_is_not_there: ["StudyDate=", "StationName=", "StationName=*", "RequestAttributesSequence="] not [],
    what_is_not_there_matches_no_value: [] not ["StationName=A", "StationName=A*", "AccessionNumber=1", "SeriesDate=-20240101"],
    uids_match_whole: [
        "SOPClassUID=1.2.840.10008.5.1.4.1.1.2", "SOPClassUID=1.2,1.2.840.10008.5.1.4.1.1.2",
    ] not ["SOPClassUID=1.2.840.10008.5.1.4.1.1.22", "SOPClassUID=1.2,1.3"],
    one_of_several_values_is_enough: ["ImageType=PRIMARY", "ImageType=AX*", "ImageType=X,AXIAL"] not ["ImageType=primary", "ImageType=X"],
    dates_are_equal_or_in_range: [
        "StudyDate=20240115", "StudyDate=20240101-20240131", "StudyDate=20240115-", "StudyDate=-20240115",
    ] not ["StudyDate=20240116", "StudyDate=20240116-", "StudyDate=-20240114"],
    a_time_stands_for_all_that_it_does_not_tell_apart: [
        "StudyTime=10", "StudyTime=1030", "StudyTime=103015", "StudyTime=103015.25", "StudyTime=1030-1030", "StudyTime=-10",
    ] not ["StudyTime=1031", "StudyTime=103015.26", "StudyTime=103016-", "StudyTime=-1029"],
    a_date_and_its_time_are_taken_together: [
        "StudyDate=20240114-20240116&StudyTime=11-09", "StudyDate=20240115-20240116&StudyTime=10-09",
        "StudyDate=20240114-20240115&StudyTime=11-1031", "StudyDate=20240115-&StudyTime=103015-", "StudyDate=-20240115&StudyTime=-10",
    ] not [
        "StudyDate=20240115-20240116&StudyTime=11-12", "StudyDate=20240114-20240115&StudyTime=08-09",
        "StudyDate=20240115-&StudyTime=1031-", "SeriesDate=20240101-&SeriesTime=10-",
    ],
    all_of_several_values_when_that_is_asked: [
        "ImageType=PRIMARY\\AXIAL&multiplevaluematching=true", "ImageType=X\\AXIAL",
    ] not ["ImageType=X\\AXIAL&multiplevaluematching=true"],
    fuzzy_names_match_by_sound: [
        "PatientName=genevieve lefevre&fuzzymatching=true", "PatientName=jenevieve&fuzzymatching=true", "PatientName=やま&fuzzymatching=true",
    ] not ["PatientName=genevieve tremblay&fuzzymatching=true"],
    date_times_are_compared_in_utc_where_both_sides_say_their_offset_from_it: [
        "AcquisitionDateTime=20240115153015+0000", "AcquisitionDateTime=2024011515+0000", "AcquisitionDateTime=20240115093015-0600",
        "AcquisitionDateTime=20240115153014+0000-20240115153016+0000", "AcquisitionDateTime=20240115153015+0000-",
    ] not [
        "AcquisitionDateTime=20240115103015+0000", "AcquisitionDateTime=20240115153016+0000-",
        "AcquisitionDateTime=-20240115153014+0000",
    ],
    date_times_are_compared_as_local_time: [
        "AcquisitionDateTime=2024", "AcquisitionDateTime=20240115", "AcquisitionDateTime=20240115-20240116",
        "AcquisitionDateTime=20240115103015-0500",
    ] not ["AcquisitionDateTime=2023", "AcquisitionDateTime=20240116-"],
    text_is_folded: [
        "InstitutionName=hopital general d'ottawa", "InstitutionName=HÔPITAL*", "InstitutionName=*general*", "InstitutionName=h?pital*",
    ] not ["InstitutionName=hopital", "InstitutionName=*toronto*"],
    codes_match_character_by_character: [
        "BodyPartExamined=HEAD", "BodyPartExamined=H*", "ProcedureCodeSequence.CodeValue=cT1", "ProcedureCodeSequence.CodeValue=c*",
        "RequestAttributesSequence.RequestedProcedureID=P*",
    ] not [
        "BodyPartExamined=head", "BodyPartExamined=h*", "BodyPartExamined=*ead", "ProcedureCodeSequence.CodeValue=CT1",
        "ProcedureCodeSequence.CodeValue=ct*", "RequestAttributesSequence.RequestedProcedureID=p2",
    ],
    an_identifier_is_not: ["PatientID=aB1", "PatientID=a*"] not ["PatientID=ab1", "PatientID=AB1", "PatientID=A*"],
    names_match_by_component: [
        "PatientName=LEFEBVRE COTE", "PatientName=lefebvre-cote^genevieve", "PatientName=Lefèbvre-Côté^Geneviève^A",
        "PatientName=lef*", "PatientName=*^genev*", "PatientName=^GENEVIEVE", "PatientName=lefebvre?cote",
    ] not ["PatientName=LEFEBVRE", "PatientName=lefebvre cote^gen", "PatientName=GENEVIEVE", "PatientName=^B"],
    names_match_in_any_group_or_in_the_one_that_is_named: [
        "PatientName=山田", "PatientName=山田^太郎", "PatientName==山田", "PatientName===やまだ", "PatientName=lef*=山田",
    ] not ["PatientName===山田", "PatientName=lef*=太郎", "PatientName=x*=山田"],
    numbers_match_by_value: [
        "InstanceNumber=7", "InstanceNumber=07", "SliceThickness=2.50", "Rows=512", "Rows=256\\512",
    ] not ["InstanceNumber=70", "SliceThickness=2.51", "Rows=51"],
    tags_match_by_digits: ["FrameIncrementPointer=00181063"] not ["FrameIncrementPointer=00181064"],
    one_item_of_a_sequence_is_enough: [
        "RequestAttributesSequence.RequestedProcedureID=P2", "RequestAttributesSequence.RequestedProcedureID=P?",
    ] not ["RequestAttributesSequence.RequestedProcedureID=P3", "OtherPatientIDsSequence.PatientID=1"],
    two_quotes_match_what_has_no_value: [
        "AccessionNumber=\"\"", "StationName=\"\"", "RequestAttributesSequence.ScheduledProcedureStepID=\"\"",
        "OtherPatientIDsSequence.PatientID=\"\"",
    ] not ["StudyDate=\"\"", "PatientName=\"\"", "PixelData=\"\""],
}

/// PS3.4 §C.2.2.2.6.
#[test]
fn keys_within_one_sequence_are_met_by_one_item() {
    let item = |step: &str, code: &str| {
        json!({
            "00400009": {"vr": "SH", "Value": [step]},
            "00400008": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": [code]}, "00080102": {"vr": "SH", "Value": ["L"]}}]}
        })
    };
    let header = json!({
        "00080060": {"vr": "CS", "Value": ["CT"]},
        "00400275": {"vr": "SQ", "Value": [item("S1", "A"), item("S2", "B")]}
    });
    let is = |text: &str| {
        let pairs: Vec<_> = text.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (name.replace("R.", "RequestAttributesSequence."), (*value).to_owned()))
            .collect();
        let query = parse(Level::Instance, &pairs).unwrap().query;
        matches(&query.matches, header.as_object().unwrap())
    };
    let code = "R.ScheduledProtocolCodeSequence.CodeValue";
    let scheme = "R.ScheduledProtocolCodeSequence.CodingSchemeDesignator";
    assert!(is(&format!("R.ScheduledProcedureStepID=S1&Modality=CT&{code}=A&{scheme}=L")));
    assert!(is(&format!("R.ScheduledProcedureStepID=S2&{code}=B&R.RequestedProcedureID=")));
    assert!(!is(&format!("R.ScheduledProcedureStepID=S1&{code}=B")), "of two items");
    assert!(!is(&format!("{code}=A&R.ScheduledProcedureStepID=S2&{scheme}=L")));
    assert!(!is(&format!("{code}=B&Modality=MR")));
    assert!(is("R.ScheduledProcedureStepID=S1&R.RequestedProcedureID=\"\"&emptyvaluematching=true"));
    let none =
        "ReferencedStudySequence.ReferencedSOPInstanceUID=\"\"&ReferencedStudySequence.ReferencedSOPClassUID=\"\"";
    assert!(is(&format!("{none}&emptyvaluematching=true")));
}

#[test]
fn broken_headers_match_nothing_and_harm_nobody() {
    let broken = json!({
        "00100010": {"vr": "PN", "Value": "DOE"},
        "00100020": "1",
        "00080020": {"vr": "DA", "Value": [[], {}, null, true]},
        "00400275": {"vr": "SQ", "Value": [1, null, "x"]}
    });
    let dataset = broken.as_object().unwrap();
    for text in
        ["PatientName=DOE", "PatientID=1", "StudyDate=20240101", "RequestAttributesSequence.RequestedProcedureID=1"]
    {
        let (name, value) = text.split_once('=').unwrap();
        let query = parse(Level::Instance, &[(name.to_owned(), value.to_owned())]).unwrap().query;
        assert!(!matches(&query.matches[..1], dataset));
    }
}

#[test]
fn what_is_asked_of_one_sequence_is_met_by_one_item() {
    for (text, expected) in [
        ("RequestAttributesSequence.RequestedProcedureID=P1", true),
        (
            "RequestAttributesSequence.RequestedProcedureID=P1&RequestAttributesSequence.ScheduledProcedureStepID=S1",
            true,
        ),
        (
            "RequestAttributesSequence.RequestedProcedureID=P1&RequestAttributesSequence.ScheduledProcedureStepID=S2",
            false,
        ),
        (
            "RequestAttributesSequence.RequestedProcedureID=P2&RequestAttributesSequence.ScheduledProcedureStepID=S2",
            true,
        ),
        ("RequestAttributesSequence.RequestedProcedureID=P2&Modality=MR", false),
    ] {
        let items = json!({ "00080060": {"vr": "CS", "Value": ["CT"]}, "00400275": {"vr": "SQ", "Value": [
            {"00401001": {"vr": "SH", "Value": ["P1"]}, "00400009": {"vr": "SH", "Value": ["S1"]}},
            {"00401001": {"vr": "SH", "Value": ["P2"]}, "00400009": {"vr": "SH", "Value": ["S2"]}}
        ]}});
        let pairs: Vec<_> = text.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let query = parse(Level::Instance, &pairs).unwrap().query;
        assert_eq!(matches(&query.matches, items.as_object().unwrap()), expected, "{text}");
    }
}
