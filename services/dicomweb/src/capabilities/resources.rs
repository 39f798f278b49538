//! The table: every resource with its transactions, PS3.18 table H-1 and chapter 9.

/// Where PS3.18 has searches.
pub(super) const SEARCH: &str = "10.6";

/// Path below the base, and what can be done there.
pub(super) type Resource = (&'static str, &'static [Transaction]);

/// One transaction.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) method: &'static str,
    pub(super) name: &'static str,
    /// Where PS3.18 has it.
    pub(super) section: &'static str,
    /// Query parameters.
    pub(super) parameters: &'static [&'static [&'static str]],
    /// Media types of request bodies.
    pub(super) takes: &'static [&'static str],
    /// Media types of answers, ours first.
    pub(super) gives: &'static [&'static str],
}

const ACCEPT: &[&str] = &["accept", "charset"];
const SYNTAX: &[&str] = &["transferSyntax"];
const PAGING: &[&str] =
    &["limit", "offset", "includefield", "fuzzymatching", "emptyvaluematching", "multiplevaluematching"];
/// Matching keys of PS3.18 table 10.6.1-5, by level.
const STUDY_KEYS: &[&str] = &[
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ModalitiesInStudy",
    "ReferringPhysicianName",
    "PatientName",
    "PatientID",
    "StudyInstanceUID",
    "StudyID",
];
const SERIES_KEYS: &[&str] = &[
    "Modality",
    "SeriesInstanceUID",
    "SeriesNumber",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "RequestAttributesSequence.ScheduledProcedureStepID",
    "RequestAttributesSequence.RequestedProcedureID",
];
const INSTANCE_KEYS: &[&str] = &["SOPClassUID", "SOPInstanceUID", "InstanceNumber"];
const RENDERING: &[&str] = &["annotation", "quality", "viewport", "window", "iccprofile"];
const VIEWPORT: &[&str] = &["viewport"];
const URI: &[&str] = &[
    "requestType",
    "studyUID",
    "seriesUID",
    "objectUID",
    "contentType",
    "charset",
    "transferSyntax",
    "frameNumber",
    "annotation",
    "imageAnnotation",
    "imageQuality",
    "rows",
    "columns",
    "region",
    "windowCenter",
    "windowWidth",
    "presentationSeriesUID",
    "presentationUID",
    "anonymize",
];

const DATA_SETS: &[&str] = &["application/dicom+json", "multipart/related; type=\"application/dicom+xml\""];
const OBJECTS: &[&str] = &[
    "multipart/related; type=\"application/dicom\"",
    "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
    "multipart/related; type=\"application/octet-stream\"",
];
const OBJECT: &[&str] = &[
    "multipart/related; type=\"application/dicom\"",
    "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
    "application/dicom",
    "application/dicom; transfer-syntax=*",
    "multipart/related; type=\"application/octet-stream\"",
];
const STORED: &[&str] = &[
    "multipart/related; type=\"application/dicom\"",
    "multipart/related; type=\"application/dicom+json\"",
    "multipart/related; type=\"application/dicom+xml\"",
    "application/dicom",
];
const PICTURES: &[&str] = &["image/jpeg", "image/png", "image/gif"];
const RENDERED: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/gif",
    "text/html",
    "text/plain",
    "text/xml",
    "application/pdf",
    "video/mpeg",
    "video/mp4",
];
const PIXELS: &[&str] = &[
    "multipart/related; type=\"application/octet-stream\"",
    "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*",
    "application/octet-stream",
    "image/jpeg",
    "image/jls",
    "image/jp2",
    "image/jphc",
    "image/jxl",
    "image/dicom-rle",
    "video/mpeg",
    "video/mp4",
];
/// Of several instances: in parts only.
const ALL_PIXELS: &[&str] = &[
    "multipart/related; type=\"application/octet-stream\"",
    "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*",
    "multipart/related; type=\"image/jpeg\"",
    "multipart/related; type=\"image/jls\"",
    "multipart/related; type=\"image/jp2\"",
    "multipart/related; type=\"image/jphc\"",
    "multipart/related; type=\"image/jxl\"",
    "multipart/related; type=\"image/dicom-rle\"",
    "multipart/related; type=\"video/mpeg\"",
    "multipart/related; type=\"video/mp4\"",
];
const BYTES: &[&str] = &["application/octet-stream", "multipart/related; type=\"application/octet-stream\""];
const ALL_BYTES: &[&str] = &["multipart/related; type=\"application/octet-stream\""];
const BY_URI: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/gif",
    "application/dicom",
    "text/html",
    "text/plain",
    "text/xml",
    "application/pdf",
    "video/mpeg",
    "video/mp4",
];

const fn search(name: &'static str, parameters: &'static [&'static [&'static str]]) -> Transaction {
    Transaction { method: "GET", name, section: SEARCH, parameters, takes: &[], gives: DATA_SETS }
}

const fn store(name: &'static str) -> Transaction {
    Transaction { method: "POST", name, section: "10.5", parameters: &[ACCEPT], takes: STORED, gives: DATA_SETS }
}

const fn retrieve(
    name: &'static str,
    section: &'static str,
    parameters: &'static [&'static [&'static str]],
    gives: &'static [&'static str],
) -> Transaction {
    Transaction { method: "GET", name, section, parameters, takes: &[], gives }
}

const fn instances(name: &'static str, gives: &'static [&'static str]) -> Transaction {
    retrieve(name, "10.4.1.1.1", &[ACCEPT, SYNTAX], gives)
}

const fn metadata(name: &'static str) -> Transaction {
    retrieve(name, "10.4.1.1.2", &[ACCEPT], DATA_SETS)
}

const fn rendered(name: &'static str, gives: &'static [&'static str]) -> Transaction {
    retrieve(name, "10.4.1.1.3", &[ACCEPT, RENDERING], gives)
}

const fn thumbnail(name: &'static str) -> Transaction {
    retrieve(name, "10.4.1.1.4", &[ACCEPT, VIEWPORT], PICTURES)
}

const fn bulkdata(name: &'static str, gives: &'static [&'static str]) -> Transaction {
    retrieve(name, "10.4.1.1.5", &[ACCEPT, SYNTAX], gives)
}

const fn pixels(name: &'static str) -> Transaction {
    retrieve(name, "10.4.1.1.6", &[ACCEPT, SYNTAX], PIXELS)
}

const fn all_pixels(name: &'static str) -> Transaction {
    retrieve(name, "10.4.1.1.6", &[ACCEPT, SYNTAX], ALL_PIXELS)
}

/// Everything.
pub(super) const RESOURCES: &[Resource] = &[
    ("", &[retrieve("RetrieveByURI", "9.4, 9.5", &[URI], BY_URI)]),
    ("studies", &[search("SearchForStudies", &[ACCEPT, STUDY_KEYS, PAGING]), store("StoreInstances")]),
    ("studies/{study}", &[instances("RetrieveStudy", OBJECTS), store("StoreStudyInstances")]),
    ("studies/{study}/metadata", &[metadata("RetrieveStudyMetadata")]),
    ("studies/{study}/rendered", &[rendered("RetrieveRenderedStudy", RENDERED)]),
    ("studies/{study}/thumbnail", &[thumbnail("RetrieveStudyThumbnail")]),
    ("studies/{study}/bulkdata", &[bulkdata("RetrieveStudyBulkdata", ALL_BYTES)]),
    ("studies/{study}/pixeldata", &[all_pixels("RetrieveStudyPixelData")]),
    ("studies/{study}/series", &[search("SearchForStudySeries", &[ACCEPT, SERIES_KEYS, PAGING])]),
    ("studies/{study}/instances", &[search("SearchForStudyInstances", &[ACCEPT, SERIES_KEYS, INSTANCE_KEYS, PAGING])]),
    ("studies/{study}/series/{series}", &[instances("RetrieveSeries", OBJECTS)]),
    ("studies/{study}/series/{series}/metadata", &[metadata("RetrieveSeriesMetadata")]),
    ("studies/{study}/series/{series}/rendered", &[rendered("RetrieveRenderedSeries", RENDERED)]),
    ("studies/{study}/series/{series}/thumbnail", &[thumbnail("RetrieveSeriesThumbnail")]),
    ("studies/{study}/series/{series}/bulkdata", &[bulkdata("RetrieveSeriesBulkdata", ALL_BYTES)]),
    ("studies/{study}/series/{series}/pixeldata", &[all_pixels("RetrieveSeriesPixelData")]),
    (
        "studies/{study}/series/{series}/instances",
        &[search("SearchForStudySeriesInstances", &[ACCEPT, INSTANCE_KEYS, PAGING])],
    ),
    ("studies/{study}/series/{series}/instances/{instance}", &[instances("RetrieveInstance", OBJECT)]),
    ("studies/{study}/series/{series}/instances/{instance}/metadata", &[metadata("RetrieveInstanceMetadata")]),
    (
        "studies/{study}/series/{series}/instances/{instance}/rendered",
        &[rendered("RetrieveRenderedInstance", RENDERED)],
    ),
    ("studies/{study}/series/{series}/instances/{instance}/thumbnail", &[thumbnail("RetrieveInstanceThumbnail")]),
    (
        "studies/{study}/series/{series}/instances/{instance}/bulkdata",
        &[bulkdata("RetrieveInstanceBulkdata", ALL_BYTES)],
    ),
    ("studies/{study}/series/{series}/instances/{instance}/bulkdata/{value}", &[bulkdata("RetrieveBulkdata", BYTES)]),
    ("studies/{study}/series/{series}/instances/{instance}/pixeldata", &[pixels("RetrieveInstancePixelData")]),
    ("studies/{study}/series/{series}/instances/{instance}/frames/{frames}", &[pixels("RetrieveFrames")]),
    (
        "studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered",
        &[rendered("RetrieveRenderedFrames", PICTURES)],
    ),
    (
        "studies/{study}/series/{series}/instances/{instance}/frames/{frames}/thumbnail",
        &[thumbnail("RetrieveFrameThumbnail")],
    ),
    ("series", &[search("SearchForSeries", &[ACCEPT, STUDY_KEYS, SERIES_KEYS, PAGING])]),
    ("instances", &[search("SearchForInstances", &[ACCEPT, STUDY_KEYS, SERIES_KEYS, INSTANCE_KEYS, PAGING])]),
];

#[cfg(test)]
mod tests {
    use super::RESOURCES;

    /// The router's own lines, so that no route is added without being told of.
    #[test]
    fn every_route_is_told_of() {
        let routes = include_str!("../lib.rs").split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let told = |route: &&str| {
            let route = route.trim_start_matches('/').replace("{*value}", "{value}");
            RESOURCES.iter().any(|(path, _)| path.ends_with(&route))
        };
        // An address that earlier metadata gave to bulk values.
        let untold: Vec<_> = routes.filter(|route| !told(route) && *route != "/bulk/{*value}").collect();
        assert!(untold.is_empty(), "{untold:?}");
    }
}
