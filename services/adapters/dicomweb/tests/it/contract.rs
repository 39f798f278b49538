//! The contract of every source over a DICOMweb server of one series.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapter_api::ImagingSource;
use adapter_api::contract::{self, Conduct, Peer, Touched, Wire, WireFault};
use adapter_dicomweb::DicomwebSource;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use index_model::Uid;
use serde_json::{Value, json};

use crate::origin::{Origin, defined, dicom_json, parameter, uid};

const STUDY: &str = "1.2.3";
const SERIES: &str = "1.2.3.4";
const ANOTHER: &str = "1.2.999";
const OBJECTS: usize = 4;
const NAME: &str = "Sentinel^Sylvie";

/// Bytes that begin as a DICOM file does, and are each instance's own.
fn object(number: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..1_500 + number).map(|at| (at * number) as u8).collect();
    bytes[128..132].copy_from_slice(b"DICM");
    bytes
}

fn instance(number: usize) -> String {
    format!("{SERIES}.{number}")
}

fn text(value: &str) -> Value {
    json!({ "vr": "UI", "Value": [value] })
}

/// One match of the level that a path asks for.
fn found(path: &str, study: &str, number: usize) -> Value {
    let mut found = json!({
        "0020000D": text(study),
        "00100010": { "vr": "PN", "Value": [{ "Alphabetic": NAME }] },
    });
    if path.contains("/series") {
        found["0020000E"] = text(SERIES);
    }
    if path.ends_with("/instances") {
        found["00080018"] = text(&instance(number));
    }
    found
}

/// A page of matches. One that has no end has another UID for each.
fn matches(request: &Request, conduct: Conduct) -> Response {
    let path = request.uri().path();
    let number = |name| parameter(request, name).map_or(0, |value| value.parse::<usize>().unwrap());
    let (limit, offset) = (number("limit"), number("offset"));
    if conduct == Conduct::Endless {
        let unlike = |at: usize| json!({ "0020000D": text(&format!("{STUDY}.{at}")), "0020000E": text(&format!("{SERIES}.{at}")), "00080018": text(&instance(at)) });
        let mut page: Vec<_> = (offset..offset + limit).map(unlike).collect();
        if path.contains("/series") {
            page.iter_mut().for_each(|found| found["0020000D"] = text(STUDY));
        }
        return dicom_json(Value::from(page).to_string());
    }
    let study = if conduct == Conduct::GivesAnother { ANOTHER } else { STUDY };
    let count = match conduct {
        Conduct::GivesNothing => 0,
        _ if path.ends_with("/instances") => OBJECTS,
        _ => 1,
    };
    let times = if conduct == Conduct::Repeats { 2 } else { 1 };
    let all = (1..=count).flat_map(|number| std::iter::repeat_n(found(path, study, number), times));
    dicom_json(Value::from(all.skip(offset).take(limit).collect::<Vec<_>>()).to_string())
}

fn objects(conduct: Conduct) -> Vec<u8> {
    let count = match conduct {
        Conduct::GivesNothing => 0,
        Conduct::GivesFewer => OBJECTS - 1,
        _ => OBJECTS,
    };
    let times = if conduct == Conduct::Repeats { 2 } else { 1 };
    let part =
        |number| [b"--xyz\r\nContent-Type: application/dicom\r\n\r\n".as_slice(), &object(number), b"\r\n"].concat();
    let parts = (1..=count).flat_map(|number| std::iter::repeat_n(part(number), times));
    let mut body = parts.flatten().chain(*b"--xyz--").collect::<Vec<_>>();
    if conduct == Conduct::Truncates {
        body.truncate(body.len() - 500);
    }
    body
}

fn answer(request: &Request, conduct: Conduct) -> Response {
    match conduct {
        Conduct::Fails => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Conduct::Declines => return StatusCode::UNAUTHORIZED.into_response(),
        Conduct::GivesAPage => return ([("content-type", "text/html")], "<html>Please sign in</html>").into_response(),
        _ => {}
    }
    if parameter(request, "limit").is_some() {
        return matches(request, conduct);
    }
    let content_type = r#"multipart/related; type="application/dicom"; boundary=xyz"#;
    ([("content-type", content_type)], objects(conduct)).into_response()
}

/// The same, byte by byte, with a pause before each that only the peer takes.
async fn slowly(answer: Response) -> Response {
    let (head, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let trickle = stream::iter(bytes).then(|byte| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok::<_, Infallible>(Bytes::from(vec![byte]))
    });
    Response::from_parts(head, Body::from_stream(trickle))
}

struct WebPeer {
    _origin: Origin,
    wire: Wire,
    conduct: Arc<Mutex<Conduct>>,
    source: DicomwebSource,
    spool: tempfile::TempDir,
    series: (Uid, Uid),
    held: BTreeMap<Vec<u8>, Uid>,
}

impl WebPeer {
    async fn start() -> Self {
        let conduct = Arc::new(Mutex::new(Conduct::Good));
        let told = Arc::clone(&conduct);
        let origin = Origin::start(move |request: Request| {
            let conduct = *told.lock().unwrap();
            async move {
                let answer = answer(&request, conduct);
                if conduct == Conduct::Trickles { slowly(answer).await } else { answer }
            }
        })
        .await;
        let address = origin.url.trim_start_matches("http://").trim_end_matches("/dicom-web").parse().unwrap();
        let wire = Wire::to(address).await.unwrap();
        let spool = tempfile::tempdir().unwrap();
        let section = json!({ "url": format!("http://{}/dicom-web", wire.addr) });
        let source = defined(&section, spool.path(), |options| {
            options.spool_folder = spool.path().into();
            options.match_limit = 500;
        });
        let held = (1..=OBJECTS).map(|number| (object(number), uid(&instance(number)))).collect();
        Self { _origin: origin, wire, conduct, source: source.unwrap(), spool, series: (uid(STUDY), uid(SERIES)), held }
    }
}

impl Peer for WebPeer {
    fn source(&self) -> &dyn ImagingSource {
        &self.source
    }

    fn behave(&self, conduct: Conduct) -> Option<Touched> {
        *self.conduct.lock().unwrap() = conduct;
        self.wire.put(match conduct {
            Conduct::SaysNothing => WireFault::Stalls,
            Conduct::Breaks(after) => WireFault::BreaksAnswers(after),
            Conduct::Gone => WireFault::Closed,
            _ => WireFault::None,
        });
        Some(match conduct {
            Conduct::GivesAnother | Conduct::Endless => Touched::SEARCH,
            Conduct::GivesFewer | Conduct::Truncates => Touched::RETRIEVE,
            _ => Touched::ALL,
        })
    }

    fn series(&self) -> (&Uid, &Uid) {
        (&self.series.0, &self.series.1)
    }

    fn instances(&self) -> Vec<(Uid, Option<String>)> {
        self.held.values().map(|instance| (instance.clone(), None)).collect()
    }

    fn recognise(&self, object: &[u8]) -> Option<Uid> {
        self.held.get(object).cloned()
    }

    fn spool(&self) -> &Path {
        self.spool.path()
    }

    fn secrets(&self) -> Vec<String> {
        vec!["Sentinel".into(), "Sylvie".into()]
    }
}

#[tokio::test]
async fn a_server_that_fails_or_declines_keeps_to_the_contract() {
    contract::failing(&WebPeer::start().await).await;
}

#[tokio::test]
async fn a_slow_server_keeps_to_the_contract() {
    contract::slow(&WebPeer::start().await).await;
}

#[tokio::test]
async fn a_lying_server_keeps_to_the_contract() {
    contract::lying(&WebPeer::start().await).await;
}

#[tokio::test]
async fn a_server_that_vanishes_keeps_to_the_contract() {
    contract::vanishing(&WebPeer::start().await).await;
}
