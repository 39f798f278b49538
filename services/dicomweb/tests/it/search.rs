//! Search Transaction, PS3.18 §10.6.

use crate::app::{TestApp, first, related};
use crate::objects::{SERIES, STUDY, image, pdf, rle};

#[tokio::test]
async fn a_stored_study_is_found_with_the_attributes_of_its_table() {
    let app = TestApp::holding(&[image(1), image(2), pdf()]).await;
    let answer = app
        .get("/studies?PatientName=trem*&limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060")
        .await
        .expect(200);
    assert_eq!(answer.header("content-type"), "application/dicom+json");
    let rows = answer.json();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    for (tag, expected) in [
        ("00080005", "ISO_IR 192"),
        ("00080020", "20240229"),
        ("00080030", "101500"),
        ("00080050", "ACC-7"),
        ("00080054", "local"),
        ("00080056", "ONLINE"),
        ("00080090", "Referring^R"),
        ("00081030", "CT thorax"),
        ("00100010", "Tremblay^Zoé"),
        ("00100020", "P-100"),
        ("00100030", "19700101"),
        ("00100040", "F"),
        ("0020000D", STUDY),
        ("00200010", "S7"),
        ("00201206", "2"),
        ("00201208", "3"),
    ] {
        assert_eq!(first(&rows[0], tag), expected, "{tag}");
    }
    assert!(first(&rows[0], "0040E011").starts_with("2.25."), "the repository has a location");
    assert_eq!(rows[0]["00080061"]["Value"], serde_json::json!(["CT", "DOC"]));
    assert_eq!(first(&rows[0], "00081190"), format!("http://di.test/dicom-web/studies/{STUDY}"));
    assert!(!answer.body.windows(10).any(|window| window == b"\"Value\":[]"), "no empty Value");
}

#[tokio::test]
async fn series_and_instances_are_found_at_every_resource() {
    let app = TestApp::holding(&[image(1), image(2), pdf()]).await;
    for (path, count) in [
        (format!("/studies/{STUDY}/series"), 2),
        ("/series?Modality=CT".to_owned(), 1),
        (format!("/studies/{STUDY}/series/{SERIES}/instances"), 2),
        (format!("/studies/{STUDY}/instances"), 3),
        ("/instances?InstanceNumber=2".to_owned(), 1),
        (format!("/instances?SOPInstanceUID={}", image(2).instance), 1),
    ] {
        let answer = app.get(&path).await.expect(200);
        assert_eq!(answer.json().as_array().unwrap().len(), count, "{path}");
    }
    let series = app.get(&format!("/studies/{STUDY}/series?Modality=CT")).await.expect(200).json();
    assert_eq!((first(&series[0], "0020000E"), first(&series[0], "00201209")), (SERIES.to_owned(), "2".to_owned()));
    let instances =
        app.get(&format!("/studies/{STUDY}/series/{SERIES}/instances?includefield=00280101")).await.expect(200).json();
    for (tag, expected) in
        [("00200013", "1"), ("00280010", "4"), ("00280011", "8"), ("00280100", "16"), ("00280101", "16")]
    {
        assert_eq!(first(&instances[0], tag), expected, "{tag}");
    }
    assert_eq!(first(&instances[0], "00081190"), format!("http://di.test/dicom-web{}", image(1).path()));
    assert!(instances[0].get("00100010").is_none(), "the study is named by the path");
    let all = app.get("/instances?InstanceNumber=2").await.expect(200).json();
    assert_eq!(first(&all[0], "00100020"), "P-100", "the study is not named by the path");
}

#[tokio::test]
async fn nothing_found_is_204_and_the_rest_of_a_page_is_announced() {
    let app = TestApp::holding(&[image(1), image(2), rle()]).await;
    let none = app.get("/studies?PatientID=nobody").await.expect(204);
    assert!(none.body.is_empty());
    let page = app.get(&format!("/studies/{STUDY}/instances?limit=1&offset=1")).await.expect(200);
    assert_eq!(page.column("00200013"), ["2"]);
    assert_eq!(
        page.header("warning"),
        "299 http://di.test/dicom-web: There are 1 additional results that can be requested."
    );
}

#[tokio::test]
async fn attributes_come_in_the_order_of_their_tags() {
    let app = TestApp::holding(&[image(1)]).await;
    for path in ["/studies?includefield=all", "/series", "/instances?includefield=00080005"] {
        let rows = app.get(path).await.expect(200).json();
        let tags: Vec<_> = rows[0].as_object().unwrap().keys().cloned().collect();
        assert!(tags.len() > 5 && tags.is_sorted(), "{path}: {tags:?}");
    }
    let other = app.post("/studies/1.2.3", &related(&[image(2).to_bytes()])).await.expect(409).json();
    let failed: Vec<_> = other["00081198"]["Value"][0].as_object().unwrap().keys().cloned().collect();
    assert!(failed.len() > 2 && failed.is_sorted(), "{failed:?}");
}

#[tokio::test]
async fn answers_are_xml_when_that_is_wanted() {
    let app = TestApp::holding(&[image(1)]).await;
    let answer = app.get_as("/studies", "multipart/related; type=\"application/dicom+xml\"").await.expect(200);
    let parts = answer.parts();
    assert_eq!(parts.len(), 1);
    let xml = String::from_utf8(parts[0].body.clone()).unwrap();
    assert!(xml.contains("keyword=\"StudyInstanceUID\"><Value number=\"1\">1.2.826"), "{xml}");
}

/// Table 10.6.4-1 does not have it; some clients ask for it. A part is what the media type says: an array.
#[tokio::test]
async fn data_sets_in_parts_of_json_are_arrays_of_one() {
    let app = TestApp::holding(&[image(1), image(2)]).await;
    let metadata = format!("/studies/{STUDY}/series/{SERIES}/metadata");
    for path in ["/instances", metadata.as_str()] {
        let answer = app.get_as(path, "multipart/related; type=\"application/dicom+json\"").await.expect(200);
        let parts = answer.parts();
        assert_eq!(parts.len(), 2, "{path}");
        for (part, number) in parts.iter().zip(["1", "2"]) {
            assert_eq!(part.content_type, "application/dicom+json", "{path}");
            let rows: serde_json::Value = serde_json::from_slice(&part.body).unwrap();
            assert_eq!((rows.as_array().unwrap().len(), first(&rows[0], "00200013")), (1, number.to_owned()), "{path}");
        }
    }
    let tag = |accept: &'static str| app.get_as(&metadata, accept);
    let json = tag("multipart/related; type=\"application/dicom+json\"").await.header("etag").to_owned();
    let xml = tag("multipart/related; type=\"application/dicom+xml\"").await.header("etag").to_owned();
    assert!(json != xml && !json.is_empty() && !xml.is_empty(), "{json} {xml}");
}
