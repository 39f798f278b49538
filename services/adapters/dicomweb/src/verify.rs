//! A connection test, step by step, in words that an administrator can act on.

use adapter_api::{SourceError, TestStep};
use index_model::Credentials;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use runtime::Ctx;
use tokio::net::{TcpStream, lookup_host};

use crate::client::{Client, header};
use crate::json;
use crate::media_type::MediaType;

const ROOT: &str = "the URL must be the DICOMweb root, for example https://host/dicom-web";
const ACCEPT: &str = "application/dicom+json";
/// A page of one study.
const SAMPLE_LIMIT: usize = 1 << 20;

fn step(step: &'static str, ok: bool, text: impl Into<String>) -> TestStep {
    TestStep { step, ok, text: text.into() }
}

/// The steps up to and including the first that fails.
pub(crate) async fn steps(client: &Client, ctx: &Ctx) -> Vec<TestStep> {
    let mut steps = Vec::new();
    match ctx.run(reach(client, &mut steps)).await {
        Err(stopped) => steps.push(step("connect", false, format!("the test was stopped: {stopped}"))),
        Ok(false) => {}
        Ok(true) => ask(client, ctx, &mut steps).await,
    }
    steps
}

/// Resolves the name and opens a TCP connection.
async fn reach(client: &Client, steps: &mut Vec<TestStep>) -> bool {
    let host = client.base.host_str().unwrap_or_default();
    let port = client.base.port_or_known_default().unwrap_or_default();
    let limit = client.options.connect;
    let bare = host.trim_matches(['[', ']']);
    let addresses: Vec<_> = match tokio::time::timeout(limit, lookup_host((bare, port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        _ => Vec::new(),
    };
    if addresses.is_empty() {
        steps.push(step(
            "resolve",
            false,
            format!("the name {host} has no address: check its spelling and the DNS of this machine"),
        ));
        return false;
    }
    steps.push(step("resolve", true, format!("{host} has {} address(es)", addresses.len())));
    let said = match tokio::time::timeout(limit, TcpStream::connect(addresses.as_slice())).await {
        Ok(Ok(_)) => {
            steps.push(step("connect", true, format!("port {port} answers")));
            return true;
        }
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            format!("port {port} is closed: check the port, and that the server runs")
        }
        Ok(Err(error)) => format!("port {port} can't be reached ({error}): check routes and firewalls"),
        Err(_) => format!("port {port} does not answer within {} s: check firewalls", limit.as_secs()),
    };
    steps.push(step("connect", false, said));
    false
}

/// Asks for one study and looks at the answer.
async fn ask(client: &Client, ctx: &Ctx, steps: &mut Vec<TestStep>) {
    if let Err(error) = client.http.current() {
        return steps.push(step("tls", false, in_full(&error)));
    }
    if let Err(error) = client.authorize(ctx).await {
        return steps.push(step("credentials", false, in_full(&error)));
    }
    if let Some(authorization) = &client.authorization {
        let said = match authorization.credentials {
            Credentials::Bearer { .. } => "the bearer token was read",
            Credentials::Basic { .. } => "user and password were read",
            Credentials::ClientCredentials { .. } => "the token endpoint gave a token",
        };
        steps.push(step("credentials", true, said));
    }
    let secure = client.base.scheme() == "https";
    let mut answer = match client.send(ctx, "studies?limit=1", ACCEPT).await {
        Ok(answer) => answer,
        Err(error) => return steps.push(unsent(&error, secure)),
    };
    let said = if secure { "the server's certificate is trusted" } else { "no TLS: for a private network only" };
    steps.push(step("tls", true, said));
    let status = answer.response.status();
    let (ok, said) = status_in_words(status, client.authorization.is_some());
    steps.push(step("search", ok, said));
    if !ok || status == StatusCode::NO_CONTENT {
        return;
    }
    let content_type = header(answer.response.headers(), CONTENT_TYPE).unwrap_or_default().to_owned();
    let mut body = bytes::BytesMut::new();
    loop {
        match client.chunk(ctx, &mut answer.response).await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= SAMPLE_LIMIT => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Ok(Some(_)) => {
                return steps.push(step(
                    "content",
                    false,
                    "more than 1 MiB for one study: the server ignores limit=1, or is none",
                ));
            }
            Err(error) => {
                return steps.push(step("content", false, format!("the answer broke off: {}", in_full(&error))));
            }
        }
    }
    steps.push(content(&content_type, &body));
}

fn unsent(error: &SourceError, secure: bool) -> TestStep {
    let text = in_full(error);
    if let Some(said) = tls_in_words(&text).filter(|_| secure) {
        return step("tls", false, format!("{said} ({text})"));
    }
    let remedy = if secure {
        "check that the port speaks HTTPS"
    } else {
        "check that the port speaks HTTP, and not HTTPS or DIMSE"
    };
    step("search", false, format!("{text}: {remedy}"))
}

/// What a failure of TLS means, by the words of the library; the first that fits.
fn tls_in_words(text: &str) -> Option<&'static str> {
    [
        ("CertificateRequired", "the server asks for a certificate of ours: give tls.certificate and tls.key"),
        ("UnknownCA", "the server does not know who signed our certificate: have it signed by whom the server trusts"),
        (
            "received fatal alert",
            "the server refuses our side of TLS: give the certificate that it expects, and ask what it accepts",
        ),
        (
            "UnknownIssuer",
            "nobody we trust has signed the server's certificate: give the authority's certificate as tls.ca",
        ),
        (
            "not valid for name",
            "the server's certificate is for another name: use the name that it is for, or have it renewed",
        ),
        (
            "NotValidForName",
            "the server's certificate is for another name: use the name that it is for, or have it renewed",
        ),
        ("xpired", "the server's certificate has ended: have it renewed, and check the clocks"),
        ("NotValidYet", "the server's certificate is not valid yet: check the clocks"),
        ("corrupt message", "the port does not speak TLS: check the port, or write http"),
        ("certificate", "the server's certificate is not accepted"),
        ("tls", "TLS could not be agreed on"),
        ("TLS", "TLS could not be agreed on"),
        ("handshake", "TLS could not be agreed on"),
    ]
    .into_iter()
    .find_map(|(words, said)| text.contains(words).then_some(said))
}

fn status_in_words(status: StatusCode, credentials: bool) -> (bool, String) {
    let said = match status {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => {
            return (true, "the server answers a search for one study".into());
        }
        StatusCode::NO_CONTENT => {
            return (true, "the server answers a search, and holds no study that we may see".into());
        }
        StatusCode::UNAUTHORIZED if credentials => {
            "the credentials are wrong (401): renew them where they are kept".into()
        }
        StatusCode::UNAUTHORIZED => {
            "the server asks for credentials, and none are given (401): add them to the definition".into()
        }
        StatusCode::FORBIDDEN => "we may not search there (403): ask for the right to query and retrieve".into(),
        StatusCode::NOT_FOUND => format!("there is no DICOMweb search at this address (404): {ROOT}"),
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
            format!("searching is not offered ({status}): {ROOT}")
        }
        status if status.is_redirection() => {
            format!("the server redirects elsewhere ({status}): give the address it redirects to")
        }
        status if status.is_server_error() => format!("the server is in trouble ({status}): see its own log"),
        status => format!("the server refuses the search ({status}): {ROOT}"),
    };
    (false, said)
}

fn content(content_type: &str, body: &[u8]) -> TestStep {
    let media = MediaType::new(content_type);
    if media.is("text/html") || body.trim_ascii_start().starts_with(b"<") {
        return step("content", false, format!("the answer is a web page, not DICOM JSON: {ROOT}"));
    }
    if !media.is(ACCEPT) && !media.is("application/json") {
        return step("content", false, format!("the answer is not DICOM JSON by its content type: {ROOT}"));
    }
    match json::objects(body) {
        Err(rule) => step("content", false, format!("the answer can't be read ({rule})")),
        Ok(studies) if studies.len() > 1 => {
            step("content", true, format!("DICOM JSON; the server ignores limit=1 and sent {} studies", studies.len()))
        }
        Ok(studies) => step("content", true, format!("DICOM JSON with {} study", studies.len())),
    }
}

/// An error with its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
