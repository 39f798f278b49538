//! Keys and attributes of a search that no column has, paging, and what is said in words: PS3.18 §8.3.4, §10.6.

use http::Method;
use serde_json::json;

use crate::app::{Answer, TestApp, first};
use crate::objects::{SERIES, STUDY, image, pdf};

async fn app() -> TestApp {
    TestApp::holding(&[image(1), image(2), image(3), pdf()]).await
}

fn warnings(answer: &Answer) -> Vec<String> {
    let text = |value: &http::HeaderValue| {
        value.to_str().unwrap().trim_start_matches("299 http://di.test/dicom-web: ").to_owned()
    };
    answer.headers.get_all("warning").iter().map(text).collect()
}

/// Which of these attributes the first row has.
fn had(answer: &Answer, tags: &[&str]) -> Vec<bool> {
    let rows = answer.json();
    tags.iter().map(|tag| rows[0].get(*tag).is_some()).collect()
}

const PATIENT_AGE: &str = "00101010";
const SERIES_DATE: &str = "00080021";
const MANUFACTURER: &str = "00080070";
const ROWS: &str = "00280010";

/// §10.6.3.3: attributes of a level below the resource's are not returned, those of its own and above are.
#[tokio::test]
async fn included_attributes_come_from_the_headers_of_their_level() {
    let app = app().await;
    let all = [PATIENT_AGE, SERIES_DATE, MANUFACTURER, ROWS];
    let names = "includefield=PatientAge,SeriesDate,00080070&includefield=Rows";
    for (path, expected) in [
        (format!("/studies?{names}"), [true, false, false, false]),
        ("/studies?includefield=all".to_owned(), [true, false, false, false]),
        ("/studies".to_owned(), [false; 4]),
        (format!("/studies/{STUDY}/series?Modality=CT&{names}"), [true, true, true, false]),
        (format!("/studies/{STUDY}/series?Modality=CT&includefield=all"), [false, true, true, false]),
        ("/series?Modality=CT&includefield=all".to_owned(), [true, true, true, false]),
        (format!("/studies/{STUDY}/series/{SERIES}/instances?{names}"), [true; 4]),
        (format!("/studies/{STUDY}/series/{SERIES}/instances?includefield=all"), [false, false, false, true]),
        ("/instances?includefield=all&Modality=CT".to_owned(), [true; 4]),
    ] {
        let answer = app.get(&path).await.expect(200);
        assert_eq!(had(&answer, &all), expected, "{path}");
        assert_eq!(warnings(&answer), [""; 0], "{path}");
    }
    let series = app.get(&format!("/studies/{STUDY}/series?includefield={SERIES_DATE}")).await.expect(200);
    assert_eq!(series.column(SERIES_DATE), ["20240301", "20240301"]);
}

/// PS3.18 §8.3.4.4.
#[tokio::test]
async fn beyond_the_last_match_there_is_nothing() {
    let app = app().await;
    app.get("/studies?offset=99999999999").await.expect(204);
    app.get("/studies?limit=99999999999").await.expect(200);
    for wrong in ["limit=%2B1", "offset=-1"] {
        app.get(&format!("/studies?{wrong}")).await.expect(400);
    }
}

#[tokio::test]
async fn keys_without_a_column_are_matched_in_headers_and_returned() {
    let app = app().await;
    for (path, tag, count) in [
        ("/studies?PatientAge=054Y", PATIENT_AGE, 1),
        ("/series?Manufacturer=MAKER*", MANUFACTURER, 2),
        ("/series?SeriesDate=20240201-20240331&Modality=CT", SERIES_DATE, 1),
        ("/instances?Rows=4", ROWS, 3),
        ("/instances?SOPClassUID=1.2.840.10008.5.1.4.1.1.104.1", "00080016", 1),
    ] {
        let answer = app.get(path).await.expect(200);
        assert_eq!(answer.column(tag).len(), count, "{path}");
        assert!(!answer.column(tag).contains(&String::new()), "{path}: what was matched is returned");
        assert_eq!(warnings(&answer), [""; 0], "{path}");
    }
    for path in ["/studies?PatientAge=055Y", "/series?Manufacturer=Nobody", "/instances?Rows=5"] {
        app.get(path).await.expect(204);
    }
    let page = app.get("/series?Manufacturer=Maker&limit=1").await.expect(200);
    assert_eq!(warnings(&page), ["There are 1 additional results that can be requested."]);
}

/// SOPClassesInStudy: an attribute of queries alone (PS3.4 table C.6-2), told and compared where it is named.
#[tokio::test]
async fn the_classes_in_a_study_are_told_to_who_asks_for_them() {
    const CLASSES: &str = "00080062";
    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
    const PDF: &str = "1.2.840.10008.5.1.4.1.1.104.1";
    let app = app().await;
    for path in [
        "/studies?includefield=SOPClassesInStudy".to_owned(),
        format!("/studies?SOPClassesInStudy={PDF}"),
        format!("/studies?{CLASSES}=1.2.3,{CT}"),
    ] {
        let answer = app.get(&path).await.expect(200);
        assert_eq!(answer.json()[0][CLASSES], json!({ "vr": "UI", "Value": [PDF, CT] }), "{path}");
        assert_eq!(warnings(&answer), [""; 0], "{path}");
    }
    app.get("/studies?SOPClassesInStudy=1.2.3").await.expect(204);
    // Of a series it is no attribute: the key is left out, and that is told.
    let series = app.get(&format!("/series?SOPClassesInStudy={PDF}")).await.expect(200);
    assert_eq!((series.column("0020000E").len(), warnings(&series).len()), (2, 1));
    let plain = app.get("/studies").await.expect(200);
    assert!(plain.json()[0].get(CLASSES).is_none());
}

/// PS3.4 §C.2.2.2.1: only names are compared without regard to case.
#[tokio::test]
async fn codes_are_compared_character_by_character_at_every_resource() {
    let app = app().await;
    let (of_study, of_series) = (format!("/studies/{STUDY}"), format!("/studies/{STUDY}/series/{SERIES}"));
    for path in [
        "/studies".to_owned(),
        "/series".to_owned(),
        "/instances".to_owned(),
        format!("{of_study}/series"),
        format!("{of_study}/instances"),
        format!("{of_series}/instances"),
    ] {
        for (key, right, others) in
            [("BodyPartExamined", "HEAD", ["head", "he*", "?ead"]), ("Modality", "CT", ["ct", "c*", "?t"])]
        {
            // A search of a series' instances knows no keys of the series; of a study's, matched below it, none of these.
            let is_known = !(path == "/studies" || path.starts_with(&of_series));
            app.get(&format!("{path}?{key}={right}")).await.expect(200);
            for other in others.into_iter().filter(|_| is_known) {
                app.get(&format!("{path}?{key}={other}")).await.expect(204);
            }
        }
    }
    for path in [
        "/studies?ModalitiesInStudy=ct",
        "/studies?ModalitiesInStudy=c*",
        "/studies?PatientSex=f",
        "/studies?StudyID=s7",
    ] {
        app.get(path).await.expect(204);
    }
}

#[tokio::test]
async fn a_key_below_the_resource_is_ignored_and_told() {
    let app = app().await;
    for path in [
        "/studies?InstanceAvailability=NEARLINE",
        "/series?InstanceAvailability=NEARLINE",
        "/instances?InstanceAvailability=NEARLINE",
    ] {
        let answer = app.get(path).await.expect(200);
        assert_eq!(
            warnings(&answer),
            ["The matching key InstanceAvailability is not supported and was ignored."],
            "{path}"
        );
    }
    let answer = app.get("/studies?PatientID=P-100&StationName=X&Rows=4").await.expect(200);
    assert_eq!(
        warnings(&answer),
        [
            "The matching key StationName is not supported and was ignored.",
            "The matching key Rows is not supported and was ignored."
        ]
    );
}

/// §10.6.3.3: a private attribute comes with its creator.
#[tokio::test]
async fn a_private_attribute_comes_with_its_creator() {
    let app = app().await;
    let path = format!("/studies/{STUDY}/series/{SERIES}/instances?00090010=ACME&00091001=p*&includefield=00091001");
    let rows = app.get(&path).await.expect(200).json();
    assert_eq!((first(&rows[0], "00090010"), first(&rows[0], "00091001")), ("ACME".to_owned(), "p1".to_owned()));
    app.get("/instances?00090010=OTHER&00091001=p1").await.expect(204);
}

/// §8.3.4.4.1.
#[tokio::test]
async fn pages_put_together_are_the_whole() {
    let app = app().await;
    for path in ["/instances".to_owned(), format!("/studies/{STUDY}/instances"), "/series".to_owned()] {
        let whole = app.get(&path).await.expect(200).column("00081190");
        let mut pages = Vec::new();
        for offset in 0..whole.len() {
            let page = app.get(&format!("{path}?limit=1&offset={offset}")).await.expect(200);
            let remaining = whole.len() - offset - 1;
            let said = warnings(&page);
            assert_eq!(said.len(), usize::from(remaining > 0), "{path}");
            assert!(said.iter().all(|text| text.starts_with(&format!("There are {remaining} additional results"))));
            pages.extend(page.column("00081190"));
        }
        assert_eq!(pages, whole, "{path}");
        app.get(&format!("{path}?offset={}", whole.len())).await.expect(204);
    }
    let nothing = app.get("/studies?limit=0").await.expect(204);
    assert_eq!(warnings(&nothing), ["There are 1 additional results that can be requested."]);
    assert_eq!(warnings(&app.get("/instances?limit=0&offset=1").await.expect(204)).len(), 1);
}

#[tokio::test]
async fn names_are_found_by_sound_and_persons_by_any_identifier() {
    let app = app().await;
    app.get("/studies?PatientName=zoe%20trembley").await.expect(204);
    app.get("/studies?PatientName=Zoe%20Trembley&fuzzymatching=true").await.expect(200);
    let rows = app.get("/studies?OtherPatientIDsSequence.PatientID=P-100").await.expect(200).json();
    assert_eq!(rows[0]["00101002"]["Value"][0]["00100020"]["Value"][0], "P-100");
    assert!(app.get("/studies").await.expect(200).json()[0].get("00101002").is_none());
}

/// What only the object says beside PatientID is matched as the answer shows it.
#[tokio::test]
async fn an_identifier_that_only_the_object_says_finds_it_at_every_resource() {
    let app = app().await;
    let said = [("X-7", "ARMY"), ("X-8", "NAVY")];
    let text = |vr: &str, value: &str| json!({ "vr": vr, "Value": [value] });
    let item = |(id, issuer): (&str, &str)| json!({ "00100020": text("LO", id), "00100021": text("LO", issuer) });
    let object = json!([{
        "00080016": text("UI", "1.2.840.10008.5.1.4.1.1.66"), "00080018": text("UI", "1.2.3.1.1"),
        "00080060": text("CS", "CT"), "00100020": text("LO", "P-200"), "0020000D": text("UI", "1.2.3"),
        "0020000E": text("UI", "1.2.3.1"), "00101002": { "vr": "SQ", "Value": said.map(item) },
    }]);
    let body = format!("--tests\r\nContent-Type: application/dicom+json\r\n\r\n{object}\r\n--tests--\r\n");
    let kind = "multipart/related; type=\"application/dicom+json\"; boundary=tests";
    app.post_as("/studies", kind, body.as_bytes()).await.expect(200);
    for level in ["studies", "series", "instances"] {
        let ask = |rest: &str| format!("/{level}?OtherPatientIDsSequence.{rest}");
        let row = &app.get(&ask("PatientID=X-7")).await.expect(200).json()[0];
        assert_eq!(first(row, "0020000D"), "1.2.3", "{level}");
        let shown = row["00101002"]["Value"].as_array().unwrap();
        let shows = |(id, issuer): &(&str, &str)| {
            shown.iter().any(|one| first(one, "00100020") == *id && first(one, "00100021") == *issuer)
        };
        assert!(said.iter().all(shows), "{level}: {shown:?}");
        let issued = |issuer: &str| ask(&format!("PatientID=X-7&OtherPatientIDsSequence.IssuerOfPatientID={issuer}"));
        app.get(&issued("ARMY")).await.expect(200);
        app.get(&issued("NAVY")).await.expect(204);
        app.get(&ask("PatientID=X-9")).await.expect(204);
    }
    app.get("/studies?ModalitiesInStudy=CT&OtherPatientIDsSequence.PatientID=X-7").await.expect(200);
}

#[tokio::test]
async fn a_patient_id_of_two_values_is_shown_as_it_is_and_found_by_each() {
    let app = app().await;
    let text = |vr: &str, value: &str| json!({ "vr": vr, "Value": [value] });
    let object = json!([{
        "00080016": text("UI", "1.2.840.10008.5.1.4.1.1.66"), "00080018": text("UI", "1.2.3.1.1"),
        "00080060": text("CS", "CT"), "00100020": { "vr": "LO", "Value": ["SITE", "123"] },
        "0020000D": text("UI", "1.2.3"), "0020000E": text("UI", "1.2.3.1"),
    }]);
    let body = format!("--tests\r\nContent-Type: application/dicom+json\r\n\r\n{object}\r\n--tests--\r\n");
    let kind = "multipart/related; type=\"application/dicom+json\"; boundary=tests";
    app.post_as("/studies", kind, body.as_bytes()).await.expect(200);
    for key in ["PatientID=SITE%5C123", "OtherPatientIDsSequence.PatientID=123", "StudyInstanceUID=1.2.3"] {
        let row = &app.get(&format!("/studies?{key}")).await.expect(200).json()[0];
        assert_eq!(row["00100020"]["Value"], json!(["SITE", "123"]), "{key}");
    }
    app.get("/studies?PatientID=SITE").await.expect(204);
}

/// Table 10.6.1-5, PS3.4 §C.2.2.2.6: a series of two requests is found by each, and by two keys of one of them.
#[tokio::test]
async fn a_series_is_found_by_each_request_at_every_resource() {
    let app = app().await;
    let text = |vr: &str, value: &str| json!({ "vr": vr, "Value": [value] });
    let item = |(step, procedure): (&str, &str)| json!({ "00400007": text("LO", procedure), "00400009": text("SH", step), "00401001": text("SH", procedure) });
    let said = [("S1", "P1"), ("S2", "P2")];
    let object = json!([{
        "00080016": text("UI", "1.2.840.10008.5.1.4.1.1.66"), "00080018": text("UI", "1.2.3.1.1"),
        "00080060": text("CS", "CT"), "00100020": text("LO", "P-200"), "0020000D": text("UI", "1.2.3"),
        "0020000E": text("UI", "1.2.3.1"), "00400275": { "vr": "SQ", "Value": said.map(item) },
    }]);
    let body = format!("--tests\r\nContent-Type: application/dicom+json\r\n\r\n{object}\r\n--tests--\r\n");
    let kind = "multipart/related; type=\"application/dicom+json\"; boundary=tests";
    app.post_as("/studies", kind, body.as_bytes()).await.expect(200);
    let (step, procedure) = ("ScheduledProcedureStepID", "RequestedProcedureID");
    for resource in ["/studies", "/series", "/instances", "/studies/1.2.3/series", "/studies/1.2.3/instances"] {
        for (keys, status) in [
            (vec![(procedure, "P1")], 200),
            (vec![(procedure, "P2")], 200),
            (vec![(step, "S2"), (procedure, "P2")], 200),
            (vec![(step, "S1"), (procedure, "P2")], 204),
            (vec![(step, "S2"), ("ScheduledProcedureStepDescription", "P2")], 200),
            (vec![(step, "S1"), ("ScheduledProcedureStepDescription", "P2")], 204),
            (vec![(procedure, "P3")], 204),
        ] {
            let keys: Vec<_> = keys.iter().map(|(k, v)| format!("RequestAttributesSequence.{k}={v}")).collect();
            // A study is no series: of what no column has it is told that it was ignored.
            if resource == "/studies" && keys.iter().any(|key| key.contains("Description")) {
                continue;
            }
            let answer = app.get(&format!("{resource}?{}", keys.join("&"))).await.expect(status);
            if status == 200 && resource != "/studies" {
                let items = answer.json()[0]["00400275"]["Value"].clone();
                let steps: Vec<_> = items.as_array().unwrap().iter().map(|item| first(item, "00400009")).collect();
                assert_eq!(steps, ["S1", "S2"], "{resource}?{keys:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_search_may_not_say_is_400_naming_it() {
    let app = app().await;
    for (query, parameter) in [
        ("PatientID=1&PatientID=2", "PatientID"),
        ("PatientID=1&00100020=2", "00100020"),
        ("StudyTime=18-08", "StudyTime"),
        ("limit=-1", "limit"),
        ("multiplevaluematching=perhaps", "multiplevaluematching"),
    ] {
        let problem = app.get(&format!("/studies?{query}")).await.expect(400).json();
        assert_eq!(problem["parameter"], parameter, "{query}");
    }
}

#[tokio::test]
async fn head_says_what_get_would() {
    let app = app().await;
    let answer = app.ask(Method::HEAD, "/studies", &[]).await.expect(200);
    assert_eq!((answer.header("content-type"), answer.body.len()), ("application/dicom+json", 0));
    app.ask(Method::HEAD, "/studies?PatientID=nobody", &[]).await.expect(204);
}
