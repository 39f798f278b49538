//! What the wire may say, and what it means.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::render;

fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.split('&').filter_map(pair).collect()
}

fn parsed(text: &str) -> Parsed {
    parse(Level::Study, &pairs(text)).unwrap()
}

/// The rule of the only condition, with its values.
fn rule(text: &str) -> String {
    let mut matches = parsed(text).query.matches;
    assert_eq!(matches.len(), 1);
    match matches.remove(0).rule {
        Rule::Universal => "universal".into(),
        Rule::Equals(value) => format!("= {value}"),
        Rule::Like(value) => format!("~ {value}"),
        Rule::AnyOf(values) => format!("in {}", values.join(" ")),
        Rule::AllOf(values) => format!("all {}", values.join(" ")),
        Rule::Range(from, to) => range(from, to),
        Rule::Span(span) => {
            format!("{} at {}", range(span.days.0, span.days.1), range(span.times.0, span.times.1))
        }
        Rule::Fuzzy(value) => format!("like {value}"),
        Rule::Empty => "empty".into(),
    }
}

fn range(from: Option<String>, to: Option<String>) -> String {
    format!("{} .. {}", from.unwrap_or_default(), to.unwrap_or_default())
}

/// The parameter that is wrong.
fn wrong(text: &str) -> String {
    parse(Level::Study, &pairs(text)).unwrap_err().parameter
}

/// Whether each value of a parameter is refused by its name.
fn refuses(name: &str, values: &[&str]) {
    for value in values {
        assert_eq!(wrong(&format!("{name}={value}")), name, "{value} is refused");
    }
}

#[test]
fn an_attribute_has_a_keyword_a_tag_or_a_path() {
    let name = |text: &str| crate::name(&parsed(text).query.matches[0].attribute);
    assert_eq!(name("PatientID=1"), "00100020");
    assert_eq!(name("00100020=1"), "00100020");
    assert_eq!(name("RequestAttributesSequence.RequestedProcedureID=1"), "00400275.00401001");
    assert_eq!(name("00400275.00401001=1"), "00400275.00401001");
    assert_eq!(name("00091001=1"), "00091001");
}

#[test]
fn a_name_that_is_neither_is_told() {
    assert_eq!(wrong("PatientNam=DOE"), "PatientNam");
    assert_eq!(wrong("patientname=DOE"), "patientname");
    assert_eq!(wrong("0010001=DOE"), "0010001");
    assert_eq!(wrong("PatientID.PatientName=1"), "PatientID.PatientName");
    assert_eq!(wrong("Patient<b>ID=1"), "PatientbID");
    let deep = ["RequestAttributesSequence"; 9].join(".");
    assert!(parse(Level::Study, &[(deep, "1".into())]).is_err());
}

#[test]
fn an_empty_value_or_a_lone_star_matches_everything() {
    assert_eq!(rule("PatientName="), "universal");
    assert_eq!(rule("PatientName=*"), "universal");
    assert_eq!(rule("PatientName=^ ^="), "universal");
    assert_eq!(rule("StudyDate="), "universal");
    for of_other_representations in
        ["StudyDate", "StudyTime", "StudyInstanceUID", "SeriesNumber", "PatientAge", "PatientWeight"]
    {
        assert_eq!(rule(&format!("{of_other_representations}=*")), "universal");
    }
    assert_eq!(rule("RequestAttributesSequence="), "universal");
}

#[test]
fn wild_cards_are_for_text() {
    assert_eq!(rule("PatientName=DOE*"), "~ DOE*");
    assert_eq!(rule("AccessionNumber=A?1"), "~ A?1");
    assert_eq!(rule("StudyDescription=*HEAD*"), "~ *HEAD*");
    refuses("StudyInstanceUID", &["1.2*", "?"]);
    refuses("StudyDate", &["2024*", "*-*"]);
    refuses("StudyTime", &["10*"]);
    refuses("SeriesNumber", &["1*"]);
}

#[test]
fn dates_are_days_that_there_are_or_ranges_of_them() {
    assert_eq!(rule("StudyDate=20240229"), "= 20240229");
    assert_eq!(rule("StudyDate=20240101-20240131"), "20240101 .. 20240131");
    assert_eq!(rule("StudyDate=20240101-"), "20240101 .. ");
    assert_eq!(rule("StudyDate=-20240131"), " .. 20240131");
    refuses(
        "StudyDate",
        &["20230229", "2024", "20241301", "2024-01-01", "-", "today", "+0240101", "20240101-2024013x"],
    );
    refuses("StudyDate", &["20240131-20240101", "00000000"]);
}

#[test]
fn times_have_two_four_or_six_digits_and_a_fraction() {
    assert_eq!(rule("StudyTime=10"), "= 10");
    assert_eq!(rule("StudyTime=1030-103015.250"), "1030 .. 103015.250");
    refuses("StudyTime", &["1", "24", "2460", "1060", "103061", "1030.5", "103000.1234567", "10:30", "-", "é1"]);
}

#[test]
fn a_hyphen_in_a_date_time_is_an_offset_or_a_range() {
    let name = "AcquisitionDateTime";
    assert_eq!(rule(&format!("{name}=20240101103000.5-0500")), "= 20240101103000.5-0500");
    assert_eq!(rule(&format!("{name}=20240101-20240102")), "20240101 .. 20240102");
    assert_eq!(rule(&format!("{name}=20240101-0500-20240102-0500")), "20240101-0500 .. 20240102-0500");
    assert_eq!(rule(&format!("{name}=2024-")), "2024 .. ");
    refuses(name, &["-", "202413", "20240101-0500-x", "20240101é", "2024010é"]);
}

#[test]
fn lists_are_of_uids_codes_and_numbers() {
    assert_eq!(rule("StudyInstanceUID=1.2,1.3\\1.4"), "in 1.2 1.3 1.4");
    assert_eq!(rule("StudyInstanceUID=1.2"), "= 1.2");
    assert_eq!(rule("ModalitiesInStudy=CT,MR"), "in CT MR");
    assert_eq!(rule("ModalitiesInStudy=CT\\MR"), "in CT MR");
    assert_eq!(rule("PatientName=DOE, JANE"), "= DOE, JANE");
    assert_eq!(rule("SeriesNumber=1\\2"), "in 1 2");
    refuses("StudyInstanceUID", &["1.2,x", "1.2.x"]);
    refuses("PatientID", &["A*\\B"]);
    refuses("SeriesNumber", &["one", ","]);
    refuses("RequestAttributesSequence", &["1"]);
    refuses("PixelData", &["1"]);
}

#[test]
fn two_quotes_match_what_is_empty() {
    assert_eq!(rule("AccessionNumber=\"\"&emptyvaluematching=true"), "empty");
    assert_eq!(rule("emptyvaluematching=true&StudyDate=\"\""), "empty");
    refuses("emptyvaluematching", &["yes"]);
}

/// PS3.18 §8.3.4.5: without the parameter there is no empty value matching.
#[test]
fn two_quotes_are_text_unless_empty_values_are_asked_for() {
    assert_eq!(rule("AccessionNumber=\"\""), "= \"\"");
    assert_eq!(rule("AccessionNumber=\"\"&emptyvaluematching=false"), "= \"\"");
    refuses("StudyDate", &["\"\""]);
}

/// PS3.18 §8.3.4.6, PS3.4 §C.2.2.2.8.
#[test]
fn of_several_values_one_is_enough_unless_all_are_asked_for() {
    assert_eq!(rule("ModalitiesInStudy=CT\\PT"), "in CT PT");
    assert_eq!(rule("ModalitiesInStudy=CT\\PT&multiplevaluematching=true"), "all CT PT");
    assert_eq!(rule("StudyInstanceUID=1.2,1.3&multiplevaluematching=true"), "in 1.2 1.3");
    refuses("multiplevaluematching", &["1"]);
}

/// PS3.18 §8.3.4.1.
#[test]
fn no_parameter_but_includefield_is_repeated() {
    assert_eq!(wrong("PatientID=1&PatientID=1"), "PatientID");
    assert_eq!(wrong("PatientID=1&00100020=2"), "00100020");
    assert_eq!(wrong("limit=1&limit=2"), "limit");
    assert_eq!(parsed("includefield=00081030&includefield=00081030").query.include.attributes.len(), 1);
}

/// PS3.18 §8.3.4.1.1, PS3.4 §C.2.2.2.5.
#[test]
fn a_range_of_dates_and_one_of_times_are_taken_together() {
    assert_eq!(rule("StudyDate=20240101-20240103&StudyTime=10-12"), "20240101 .. 20240103 at 10 .. 12");
    assert_eq!(rule("StudyTime=10-&StudyDate=20240101-"), "20240101 ..  at 10 .. ");
    assert_eq!(
        rule("PerformedProcedureStepStartDate=-20240101&PerformedProcedureStepStartTime=-10"),
        " .. 20240101 at  .. 10"
    );
    assert_eq!(rule("StudyDate=20240101-20240103&StudyTime=18-08"), "20240101 .. 20240103 at 18 .. 08");
    refuses("StudyTime", &["18-08"]);
    for apart in
        ["StudyDate=20240101&StudyTime=10-12", "StudyDate=20240101-&StudyTime=10", "StudyDate=20240101-&SeriesTime=10-"]
    {
        assert_eq!(parsed(apart).query.matches.len(), 2, "{apart}");
    }
}

#[test]
fn a_character_set_is_never_matched() {
    assert!(parsed("SpecificCharacterSet=ISO_IR 100").query.matches.is_empty());
}

/// PS3.18 §8.3.4.1.1.
#[test]
fn an_offset_from_utc_is_no_matching_key() {
    let parsed = parsed("TimezoneOffsetFromUTC=-0500&StudyTime=10");
    assert_eq!((parsed.query.matches.len(), parsed.warnings.len()), (1, 1));
    refuses("TimezoneOffsetFromUTC", &["-05", "0500", "-2500", "+0160", "EST", "-05é"]);
}

#[test]
fn an_age_is_three_digits_and_a_unit() {
    assert_eq!(rule("PatientAge=045Y"), "= 045Y");
    refuses("PatientAge", &["45", "45Y", "045X", "04é"]);
}

#[test]
fn a_page_has_bounds() {
    let page = |text: &str| {
        let page = parsed(text).query.page;
        (page.limit, page.offset)
    };
    assert_eq!(page(""), (100, 0));
    assert_eq!(page("limit=7&offset=14"), (7, 14));
    assert_eq!(page("limit=9999999"), (5_000, 0));
    assert_eq!(parsed("limit=9999999").warnings, ["The limit was lowered to 5000."]);
    assert_eq!(page("limit=0"), (0, 0), "an unsigned integer (PS3.18 §8.3.4.4)");
    assert_eq!(page("offset=99999999999"), (100, u32::MAX), "where there is nothing");
    refuses("limit", &["-1", "+1", "all", "1.5", ""]);
    refuses("offset", &["-1", ""]);
}

#[test]
fn includefield_is_repeated_or_a_list() {
    let parsed = parsed(
        "includefield=StudyDescription,00081030&includefield=all&includefield=RequestAttributesSequence.00401001",
    );
    let names: Vec<String> = parsed.query.include.attributes.iter().map(crate::name).collect();
    assert_eq!(names, ["00081030", "00400275.00401001"]);
    assert!(parsed.query.include.all);
    assert!(parsed.warnings.is_empty());
    refuses("includefield", &["Nothing", "PatientID,Never"]);
}

#[test]
fn fuzzy_matching_is_on_or_off() {
    assert!(parsed("fuzzymatching=true&PatientName=doe").query.fuzzy);
    assert_eq!(rule("PatientName=doe*&fuzzymatching=true"), "like doe*");
    assert_eq!(rule("PatientID=doe*&fuzzymatching=true"), "~ doe*");
    assert_eq!(rule("PatientName=?^&fuzzymatching=true"), "~ ?^");
    assert!(!parsed("fuzzymatching=FALSE").query.fuzzy);
    refuses("fuzzymatching", &["1", "yes", ""]);
}

#[test]
fn requests_are_bounded() {
    let many = vec![("PatientID".to_owned(), "1".to_owned()); 257];
    assert!(parse(Level::Study, &many).is_err());
    assert_eq!(wrong(&format!("PatientName={}", "x".repeat(1_025))), "PatientName");
    assert_eq!(wrong(&format!("StudyInstanceUID={}", "1.2,".repeat(5_001))), "StudyInstanceUID");
}

#[test]
fn an_error_names_the_parameter_and_not_its_value() {
    let error = parse(Level::Study, &pairs("StudyDate=DOE")).unwrap_err();
    assert_eq!(error.to_string(), "StudyDate: is a date YYYYMMDD or a range of dates");
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "PatientName",
            "PatientID",
            "StudyDate",
            "StudyTime",
            "AcquisitionDateTime",
            "StudyInstanceUID",
            "ModalitiesInStudy",
            "SeriesNumber",
            "SliceThickness",
            "RequestAttributesSequence.RequestedProcedureID",
            "limit",
            "offset",
            "includefield",
            "fuzzymatching",
            "FrameIncrementPointer",
            "PatientAge",
        ])
        .prop_map(str::to_owned),
        "[0-9A-Fa-f]{8}",
        "\\PC{0,12}",
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,16}",
        "[0-9]{0,4}-?[0-9]{0,8}",
        "[0-9]{1,3}",
        "[0-9.\\\\,]{0,12}",
        "(20[0-3][0-9](0[1-9]|1[0-2])[0-2][1-9])(-(20[0-3][0-9]0[1-9]1[0-9])?)?",
        "(true|false|all|\"\"|CT.MR|DOE\\^J\\*)",
    ]
}

proptest! {
    #[test]
    fn no_parameter_makes_it_panic(name in name(), value in value()) {
        let _ = parse(Level::Series, &[(name, value)]);
    }

    #[test]
    fn what_is_read_is_written_and_read_the_same(pairs in prop::collection::vec((name(), value()), 0..6)) {
        if let Ok(parsed) = parse(Level::Series, &pairs) {
            let again = parse(Level::Series, &render(&parsed.query)).unwrap();
            prop_assert!(again.query == parsed.query);
        }
    }
}

/// PS3.5 §6.2: padding is no part of a value, wherever it stands. Fuzzing found a list whose last value lost it only at the second reading.
#[test]
fn padding_is_dropped_from_each_value_alike() {
    assert_eq!(rule("AccessionNumber=A\u{c}\\B\0\u{c}"), "in A B");
    assert_eq!(rule("AccessionNumber=\u{c}\0 A \0"), "= A");
    assert_eq!(rule("PatientID=\0 \u{c}"), "universal");
    assert_eq!(rule("AccessionNumber=*\\ "), "universal");
}
