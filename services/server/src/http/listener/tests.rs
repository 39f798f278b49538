//! The listener on loopback, with short patience; every test waits for what must happen, however long that takes.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::routing::{get, post};
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Listener, Patience};
use crate::config::Http;

/// Long enough for any machine; what a test waits for takes a fraction of a second.
const AT_MOST: Duration = Duration::from_secs(60);

fn short() -> Patience {
    let ms = Duration::from_millis;
    Patience { header: ms(300), idle: ms(300), stalled: ms(300), look: ms(20), end: ms(200), ..Patience::default() }
}

fn router() -> Router {
    let scheme = |request: Request| async move {
        let secure = if request.extensions().get::<face::Secure>().is_some() { "secure" } else { "plain" };
        format!("{secure} {:?}", request.version())
    };
    let read = |body: Bytes| async move { body.len().to_string() };
    Router::new()
        .route("/", get(scheme))
        .route("/read", post(read))
        .route("/nothing", get(async || http::StatusCode::NO_CONTENT))
}

/// A listener that ends with the test.
async fn start(http: Http, patience: Patience, router: Router) -> (SocketAddr, DropGuard) {
    let http = Http { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..http };
    let mut listener = Listener::bind(&http).await.unwrap();
    listener.patience = patience;
    let (address, stop) = (listener.address(), CancellationToken::new());
    tokio::spawn(listener.run(router, stop.clone()));
    (address, stop.drop_guard())
}

/// Everything that comes until the connection ends.
async fn rest(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    // A reset is an end too.
    let _ = tokio::time::timeout(AT_MOST, stream.read_to_end(&mut read)).await.expect("the connection ends");
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn both_protocols_are_spoken_on_one_port() {
    let (address, _stop) = start(Http::default(), Patience::default(), router()).await;
    let url = format!("http://{address}/");
    let first = reqwest::Client::builder().http1_only().build().unwrap();
    assert_eq!(first.get(&url).send().await.unwrap().text().await.unwrap(), "plain HTTP/1.1");
    let second = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    assert_eq!(second.get(&url).send().await.unwrap().text().await.unwrap(), "plain HTTP/2.0");
}

/// RFC 9110 §8.6.
#[tokio::test]
async fn nothing_has_no_length() {
    let (address, _stop) = start(Http::default(), Patience::default(), router()).await;
    let answer = reqwest::Client::new().head(format!("http://{address}/nothing")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().get("content-length")), (204, None));
}

#[tokio::test]
async fn tls_offers_http_2_and_takes_both() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, certificate) = crate::tls::tests::identity(folder.path());
    let (address, _stop) = start(Http { tls: Some(tls), ..Http::default() }, Patience::default(), router()).await;
    let url = format!("https://localhost:{}/", address.port());
    let client = || {
        let root = reqwest::Certificate::from_der(&certificate).unwrap();
        reqwest::Client::builder().tls_certs_only([root]).resolve("localhost", address)
    };
    let url = &url;
    let text = |client: reqwest::Client| async move { client.get(url).send().await.unwrap().text().await.unwrap() };
    assert_eq!(text(client().build().unwrap()).await, "secure HTTP/2.0");
    assert_eq!(text(client().http1_only().build().unwrap()).await, "secure HTTP/1.1");
}

#[tokio::test]
async fn who_says_nothing_or_only_half_a_header_is_sent_away() {
    let (address, _stop) = start(Http::default(), short(), router()).await;
    for begun in ["", "G", "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        rest_of_any(&mut stream).await;
    }
}

/// The end, whatever comes before it.
async fn rest_of_any(stream: &mut TcpStream) {
    let mut read = Vec::new();
    let _ = tokio::time::timeout(AT_MOST, stream.read_to_end(&mut read)).await.expect("the connection ends");
}

#[tokio::test]
async fn a_connection_that_is_idle_after_its_request_is_closed() {
    let (address, _stop) = start(Http::default(), short(), router()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(rest(&mut stream).await.ends_with("plain HTTP/1.1"));
}

#[tokio::test]
async fn too_many_or_too_long_headers_are_431() {
    let (address, _stop) = start(Http::default(), short(), router()).await;
    for headers in ["X: y\r\n".repeat(200), format!("X: {}\r\n", "y".repeat(200_000))] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
        // The answer may come before everything is written.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = [0; 12];
        tokio::time::timeout(AT_MOST, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(&answer, b"HTTP/1.1 431");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let (address, _stop) = start(Http::default(), short(), router()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").await.unwrap();
    assert!(!rest(&mut stream).await.contains(" 200 "));
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    let given_up = CancellationToken::new();
    let guard = std::sync::Arc::new(std::sync::Mutex::new(Some(given_up.clone().drop_guard())));
    let endless = move || {
        let guard = guard.lock().unwrap().take();
        let pieces = futures::stream::repeat_with(move || {
            let _alive = &guard;
            Ok::<_, std::io::Error>(Bytes::from_static(&[0; 65536]))
        });
        async move { Body::from_stream(pieces.boxed()) }
    };
    let (address, _stop) = start(Http::default(), short(), Router::new().route("/", get(endless))).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::timeout(AT_MOST, given_up.cancelled()).await.expect("the answer is dropped");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let (address, _stop) = start(Http { connections: 1, ..Http::default() }, short(), router()).await;
    let _first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    // The first says nothing, and loses its place.
    assert!(rest(&mut second).await.ends_with("plain HTTP/1.1"));
}

#[tokio::test]
async fn the_end_is_not_held_up_by_who_stays() {
    let http = Http { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Http::default() };
    let mut listener = Listener::bind(&http).await.unwrap();
    listener.patience = short();
    let (address, stop) = (listener.address(), CancellationToken::new());
    let running = listener.run(router(), stop.clone());
    let stays = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n").await.unwrap();
        stop.cancel();
        stream
    };
    let (_, _stream) = tokio::time::timeout(AT_MOST, futures::future::join(running, stays)).await.expect("it ends");
}
