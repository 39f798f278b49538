//! Events of an archive's storage: something was put there.

use axum::body::Bytes;
use axum::extract::{Path, State};
use face::{Caller, Problem};
use http::StatusCode;
use registry::Registry;
use serde::Deserialize;

use crate::repositories::{code, permit};

/// An event notification of S3 and its kin, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
struct Notification {
    #[serde(rename = "Records", default)]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    #[serde(rename = "eventName", default)]
    name: String,
    s3: Place,
}

#[derive(Debug, Deserialize)]
struct Place {
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Object {
    /// As forms write it.
    key: String,
}

/// `POST /api/admin/repositories/{code}/changed`: an event notification of S3, or nothing. What was put is read at once, and the next look
/// begins now.
pub(crate) async fn changed(
    State(registry): State<Registry>,
    caller: Caller,
    Path(named): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let permit = permit(&registry, &caller).await?;
    registry.look_now(&permit, &code(&named)?, keys(&body)?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The keys of what was put; what was taken away is for the comparison of the night.
fn keys(body: &[u8]) -> Result<Vec<String>, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let notification: Notification =
        serde_json::from_slice(body).map_err(|error| Problem::parameter("Records", error.to_string()))?;
    let put = notification.records.into_iter().filter(|record| record.name.contains("ObjectCreated"));
    let decoded = put.map(|record| index_query::url::component(&record.s3.object.key));
    decoded.collect::<Option<Vec<_>>>().ok_or_else(|| Problem::parameter("key", "percent-encoded UTF-8 is wanted"))
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn what_was_put_is_read_from_an_event_and_what_was_removed_is_not() {
        let event = br#"{"Records":[
            {"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"north/a+b%2B1.dcm","size":7}}},
            {"eventName":"s3:ObjectRemoved:Delete","s3":{"object":{"key":"gone.dcm"}}}]}"#;
        assert_eq!(keys(event).ok(), Some(vec!["north/a b+1.dcm".to_owned()]));
        assert_eq!(keys(b" ").ok(), Some(Vec::new()));
        assert!(keys(b"{\"Records\":[{}]}").is_err());
    }
}
