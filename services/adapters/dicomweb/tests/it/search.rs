use adapter_api::{ImagingSource, StudyFilter};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt};

use crate::origin::{Origin, ctx, dicom_json, kind, parameter, uid};

/// Studies `from..to` as DICOM JSON.
fn studies(range: std::ops::Range<usize>) -> Response {
    let study = |number: usize| format!(r#"{{"0020000D":{{"vr":"UI","Value":["2.25.{number}"]}}}}"#);
    dicom_json(format!("[{}]", range.map(study).collect::<Vec<_>>().join(",")))
}

fn paging(request: &Request) -> (usize, usize) {
    let number = |name| parameter(request, name).unwrap().parse().unwrap();
    (number("limit"), number("offset"))
}

async fn found(origin: &Origin) -> Result<usize, (&'static str, String)> {
    let (source, ctx, filter) = (origin.source(), ctx(), StudyFilter::default());
    let found: Result<Vec<_>, _> = source.search_studies(&ctx, &filter).try_collect().await;
    found.map(|studies| studies.len()).map_err(|error| kind(&error))
}

#[tokio::test]
async fn pages_follow_until_one_is_short() {
    let origin = Origin::start(|request: Request| async move {
        let (limit, offset) = paging(&request);
        studies(offset.min(243)..(offset + limit).min(243))
    })
    .await;
    assert_eq!(found(&origin).await, Ok(243));
    assert_eq!(origin.requests().len(), 3);
}

#[tokio::test]
async fn a_full_last_page_is_followed_by_one_without_content() {
    let origin = Origin::start(|request: Request| async move {
        match paging(&request) {
            (limit, offset) if offset < 200 => studies(offset..offset + limit),
            _ => StatusCode::NO_CONTENT.into_response(),
        }
    })
    .await;
    assert_eq!(found(&origin).await, Ok(200));
}

#[tokio::test]
async fn a_server_with_a_smaller_page_of_its_own_is_asked_on_when_it_says_so() {
    let origin = Origin::start(|request: Request| async move {
        let (_, offset) = paging(&request);
        let more = if offset < 60 { "299 pacs: There are 9 additional results that can be requested." } else { "" };
        ([("warning", more)], studies(offset..(offset + 30).min(75)))
    })
    .await;
    assert_eq!(found(&origin).await, Ok(75));
}

#[tokio::test]
async fn a_server_with_a_limit_that_it_does_not_tell_is_asked_on() {
    let origin = Origin::start(|request: Request| async move {
        let (_, offset) = paging(&request);
        studies(offset.min(120)..(offset + 50).min(120))
    })
    .await;
    assert_eq!(found(&origin).await, Ok(120));
}

#[tokio::test]
async fn a_server_that_ignores_offset_is_found_out() {
    let origin = Origin::start(|request: Request| async move { studies(0..paging(&request).0) }).await;
    let (kind, rule) = found(&origin).await.unwrap_err();
    assert_eq!(kind, "malformed");
    assert!(rule.contains("offset is ignored"), "{rule}");
}

#[tokio::test]
async fn a_server_that_ignores_limit_and_offset_has_said_everything() {
    let origin = Origin::start(|_| async { studies(0..340) }).await;
    assert_eq!(found(&origin).await, Ok(340));
}

#[tokio::test]
async fn a_study_that_moves_between_pages_comes_once() {
    let origin = Origin::start(|request: Request| async move {
        let (limit, offset) = paging(&request);
        let from = offset.saturating_sub(1);
        studies(from..(from + limit).min(130))
    })
    .await;
    assert_eq!(found(&origin).await, Ok(130));
}

#[tokio::test]
async fn a_study_identifier_of_two_patients_comes_once_of_each() {
    let study = |id: &str| {
        format!(r#"{{"0020000D":{{"vr":"UI","Value":["2.25.1"]}},"00100020":{{"vr":"LO","Value":["{id}"]}}}}"#)
    };
    let rows = format!("[{},{},{}]", study("A1"), study("B7"), study("A1"));
    let origin = Origin::start(move |request: Request| {
        let rows = if paging(&request).1 == 0 { rows.clone() } else { "[]".into() };
        async move { dicom_json(rows) }
    })
    .await;
    assert_eq!(found(&origin).await, Ok(2));
}

#[tokio::test]
async fn endless_matches_have_an_end() {
    let origin = Origin::start(|request: Request| async move {
        let (limit, offset) = paging(&request);
        studies(offset..offset + limit)
    })
    .await;
    let (source, ctx, filter) =
        (origin.source_with(|options| options.match_limit = 500), ctx(), StudyFilter::default());
    let found: Vec<_> = source.search_studies(&ctx, &filter).collect().await;
    assert_eq!(found.len(), 501);
    assert_eq!(kind(found[500].as_ref().unwrap_err()).0, "malformed");
}

#[tokio::test]
async fn queries_are_plain_text() {
    let origin = Origin::start(|_| async { StatusCode::NO_CONTENT }).await;
    let (source, ctx) = (origin.source(), ctx());
    let filter = StudyFilter {
        study_date: (Some("20240101".into()), Some("20240131".into())),
        study_instance_uid: Some(uid("1.2.3")),
        changed_after: None,
    };
    assert!(source.search_studies(&ctx, &filter).next().await.is_none());
    assert_eq!(source.search_series(&ctx, &uid("1.2.3")).await.unwrap(), []);
    assert_eq!(source.search_instances(&ctx, &uid("1.2.3"), &uid("1.2.4")).await.unwrap(), []);
    let requests = origin.requests();
    assert!(requests.iter().all(|request| !request.contains('%')), "{requests:?}");
    assert!(requests[0].starts_with("/dicom-web/studies?includefield=00080051,"));
    assert!(
        requests[0].ends_with("&StudyDate=20240101-20240131&StudyInstanceUID=1.2.3&limit=100&offset=0"),
        "{}",
        requests[0]
    );
    assert!(requests[1].starts_with("/dicom-web/studies/1.2.3/series?includefield="));
    assert!(requests[2].starts_with("/dicom-web/studies/1.2.3/series/1.2.4/instances?limit="));
}

#[tokio::test]
async fn one_match_without_a_uid_hides_no_other_but_a_page_of_them_is_no_answer() {
    let origin = Origin::start(|_| async {
        dicom_json(r#"[{"0020000D":{"vr":"UI"}},{"0020000D":{"vr":"UI","Value":["1.2"]}}]"#)
    })
    .await;
    assert_eq!(found(&origin).await, Ok(1));
    let origin = Origin::start(|_| async { dicom_json(r#"[{},{}]"#) }).await;
    assert_eq!(found(&origin).await.unwrap_err().0, "malformed");
}

/// PS3.18 §8.3.4.3: a server may know no field beyond its own; what it does not tell is absent, and nothing is lost for it.
#[tokio::test]
async fn a_server_that_ignores_includefield_is_read_by_what_it_tells() {
    let origin = Origin::start(|_| async {
        dicom_json(
            r#"[{"0020000D":{"vr":"UI","Value":["1.2"]},"00201206":{"vr":"IS","Value":[2]},"00201208":{"vr":"IS","Value":["7"]}},
                {"0020000D":{"vr":"UI","Value":["1.3"]}}]"#,
        )
    })
    .await;
    let (source, ctx, filter) = (origin.source(), ctx(), StudyFilter::default());
    let studies: Vec<_> = source.search_studies(&ctx, &filter).try_collect().await.unwrap();
    let told = |at: usize| {
        let study: &index_model::StudyRecord = &studies[at];
        (
            study.number_of_study_related_series,
            study.number_of_study_related_instances,
            study.study_description.is_some(),
        )
    };
    assert_eq!((studies.len(), told(0), told(1)), (2, (Some(2), Some(7), false), (None, None, false)));
}

#[tokio::test]
async fn metadata_is_every_object_of_the_series() {
    let origin = Origin::start(|_| async { dicom_json(r#"[{"00080018":{"vr":"UI","Value":["1.2"]}},{}]"#) }).await;
    let objects = origin.source().metadata(&ctx(), &uid("1.2.3"), &uid("1.2.4")).await.unwrap().unwrap();
    assert_eq!(objects.len(), 2);
    assert_eq!(origin.requests(), ["/dicom-web/studies/1.2.3/series/1.2.4/metadata"]);
}
