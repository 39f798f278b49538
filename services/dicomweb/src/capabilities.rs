//! Retrieve Capabilities, PS3.18 §8.9: what is here, as JSON and as WADL.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use face::Problem;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use crate::accept::{Accept, Offer};

/// Path, method, what it is, and the media types of its answers, ours first.
type Resource = (&'static str, &'static str, &'static str, &'static [&'static str]);

const DATA_SETS: &[&str] = &["application/dicom+json", "multipart/related; type=\"application/dicom+xml\""];
const OBJECTS: &[&str] = &["multipart/related; type=\"application/dicom\"; transfer-syntax=*"];
const PICTURES: &[&str] = &["image/jpeg", "image/png", "image/gif"];
const PIXELS: &[&str] =
    &["multipart/related; type=\"application/octet-stream\"", "application/octet-stream", "image/*"];
const BYTES: &[&str] = &["application/octet-stream", "multipart/related; type=\"application/octet-stream\""];

const RESOURCES: [Resource; 24] = [
    ("studies", "GET", "SearchForStudies", DATA_SETS),
    ("studies", "POST", "StoreInstances", DATA_SETS),
    ("series", "GET", "SearchForSeries", DATA_SETS),
    ("instances", "GET", "SearchForInstances", DATA_SETS),
    ("studies/{study}", "GET", "RetrieveStudy", OBJECTS),
    ("studies/{study}", "POST", "StoreInstancesInStudy", DATA_SETS),
    ("studies/{study}/metadata", "GET", "RetrieveStudyMetadata", DATA_SETS),
    ("studies/{study}/rendered", "GET", "RetrieveRenderedStudy", PICTURES),
    ("studies/{study}/thumbnail", "GET", "RetrieveStudyThumbnail", PICTURES),
    ("studies/{study}/series", "GET", "SearchForStudySeries", DATA_SETS),
    ("studies/{study}/instances", "GET", "SearchForStudyInstances", DATA_SETS),
    ("studies/{study}/series/{series}", "GET", "RetrieveSeries", OBJECTS),
    ("studies/{study}/series/{series}/metadata", "GET", "RetrieveSeriesMetadata", DATA_SETS),
    ("studies/{study}/series/{series}/rendered", "GET", "RetrieveRenderedSeries", PICTURES),
    ("studies/{study}/series/{series}/thumbnail", "GET", "RetrieveSeriesThumbnail", PICTURES),
    ("studies/{study}/series/{series}/instances", "GET", "SearchForSeriesInstances", DATA_SETS),
    ("studies/{study}/series/{series}/instances/{instance}", "GET", "RetrieveInstance", OBJECTS),
    ("studies/{study}/series/{series}/instances/{instance}/metadata", "GET", "RetrieveInstanceMetadata", DATA_SETS),
    ("studies/{study}/series/{series}/instances/{instance}/rendered", "GET", "RetrieveRenderedInstance", PICTURES),
    ("studies/{study}/series/{series}/instances/{instance}/thumbnail", "GET", "RetrieveInstanceThumbnail", PICTURES),
    ("studies/{study}/series/{series}/instances/{instance}/frames/{frames}", "GET", "RetrieveFrames", PIXELS),
    (
        "studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered",
        "GET",
        "RetrieveRenderedFrames",
        PICTURES,
    ),
    (
        "studies/{study}/series/{series}/instances/{instance}/frames/{frames}/thumbnail",
        "GET",
        "RetrieveFrameThumbnail",
        PICTURES,
    ),
    ("studies/{study}/series/{series}/instances/{instance}/bulkdata/{path}", "GET", "RetrieveBulkdata", BYTES),
];

/// `OPTIONS` on the service's root.
pub(crate) async fn describe(headers: HeaderMap) -> Result<Response, Problem> {
    let offers = [
        Offer::single("application/json"),
        Offer::single("application/vnd.sun.wadl+xml"),
        Offer::single("application/xml"),
    ];
    let form = Accept::of(&headers, None).best(&offers).ok_or_else(|| {
        Problem::not_acceptable("capabilities are described as application/json or application/vnd.sun.wadl+xml")
    })?;
    let text = if form == offers[0] { json() } else { wadl() };
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.payload));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    Ok(response)
}

/// What no route takes.
pub(crate) async fn nothing() -> Problem {
    Problem::not_found("there is no such resource")
}

fn json() -> String {
    let resource = |(path, method, name, answers): &Resource| serde_json::json!({ "path": path, "method": method, "name": name, "responses": answers });
    let resources: Vec<_> = RESOURCES.iter().map(resource).collect();
    let about = serde_json::json!({
        "service": "DI Common Service, DICOMweb Studies service and URI service (PS3.18)",
        "search": { "fuzzymatching": true, "paging": true, "includefield": true },
        "resources": resources,
    });
    about.to_string()
}

fn wadl() -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<application xmlns=\"http://wadl.dev.java.net/2009/02\">\n<resources base=\".\">\n",
    );
    for (path, method, name, answers) in RESOURCES {
        let _ = write!(out, "<resource path=\"{path}\"><method name=\"{method}\" id=\"{name}\"><response>");
        for media_type in answers {
            let _ = write!(out, "<representation mediaType=\"{}\"/>", crate::xml::escape(media_type));
        }
        out.push_str("</response></method></resource>\n");
    }
    out.push_str("</resources>\n</application>\n");
    out
}
