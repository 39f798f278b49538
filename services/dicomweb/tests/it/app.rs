//! The service under test.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use access::{Access, AuditLog, DevelopmentUser};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use registry::{Limits, Registry};
use runtime::{Clock, CpuPool};
use serde_json::Value;
use tower::ServiceExt;

use crate::objects::Object;

/// A service with an empty registry.
pub(crate) struct TestApp {
    router: Router,
    pub(crate) registry: Registry,
    store: index_store::Store,
    folder: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// One part of a multipart answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) content_type: String,
    pub(crate) location: String,
    pub(crate) body: Vec<u8>,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(dicomweb::Options::default()).await
    }

    pub(crate) async fn start_with(options: dicomweb::Options) -> Self {
        Self::start_between(options, Arc::new(|_| Ok(None))).await
    }

    /// A service whose repositories are reached through `sources`.
    pub(crate) async fn start_between(options: dicomweb::Options, sources: registry::SourceFactory) -> Self {
        Self::start_on(options, sources, transcoder()).await
    }

    /// A service with these cores.
    pub(crate) async fn start_on(
        options: dicomweb::Options,
        sources: registry::SourceFactory,
        transcoder: Arc<transcode::Transcoder>,
    ) -> Self {
        let limits = Limits { object_bytes: 1 << 20, quiet: std::time::Duration::from_millis(1), ..Limits::default() };
        Self::start_in(tempfile::tempdir().unwrap(), options, sources, (transcoder, limits)).await
    }

    /// A service that gives an HTJ2K form to all images of so many pixels.
    pub(crate) async fn deriving(folder: tempfile::TempDir, minimum_pixels: u64) -> Self {
        let derivatives = registry::DerivativePolicy { minimum_pixels, ..registry::DerivativePolicy::default() };
        let limits = Limits { derivatives, quiet: std::time::Duration::from_millis(1), ..Limits::default() };
        Self::start_in(folder, dicomweb::Options::default(), Arc::new(|_| Ok(None)), (transcoder(), limits)).await
    }

    /// A service within bounds.
    pub(crate) async fn start_within(
        options: dicomweb::Options,
        sources: registry::SourceFactory,
        limits: Limits,
    ) -> Self {
        let limits = Limits { object_bytes: 1 << 20, quiet: std::time::Duration::from_millis(1), ..limits };
        Self::start_in(tempfile::tempdir().unwrap(), options, sources, (transcoder(), limits)).await
    }

    async fn start_in(
        folder: tempfile::TempDir,
        options: dicomweb::Options,
        sources: registry::SourceFactory,
        (transcoder, limits): (Arc<transcode::Transcoder>, Limits),
    ) -> Self {
        let at = |name: &str| folder.path().join(name);
        for name in ["objects", "incoming"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        let store = index_store::Store::open(&format!("sqlite://{}", at("registry.sqlite").display())).await.unwrap();
        let clock = Clock::fixed(1_800_000_000_000);
        let audit = AuditLog::open(&at("audit")).unwrap();
        let registry = Registry::start(registry::Options {
            store: store.clone(),
            objects: Arc::new(object_store::local::LocalFileSystem::new_with_prefix(at("objects")).unwrap()),
            incoming: at("incoming"),
            access: Access::development(DevelopmentUser::default(), audit, clock.clone()),
            sources,
            transcoder,
            cpu: CpuPool::new(2, 16).unwrap(),
            clock,
            dicomweb_path: "/dicom-web".into(),
            limits,
        });
        let registry = registry.await.unwrap();
        registry.called_at("http://di.test");
        let router = dicomweb::service(registry.clone(), options);
        Self { router, registry, store, folder }
    }

    /// A service that holds these objects.
    pub(crate) async fn holding(objects: &[Object]) -> Self {
        let app = Self::start().await;
        app.store(objects).await.expect(200);
        app
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let from: SocketAddr = "127.0.0.1:50000".parse().unwrap();
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            request.extensions_mut().insert(ConnectInfo(from));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.ask(Method::GET, path, &[("accept", accept)]).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/dicom-web{path}")).header("host", "di.test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn store(&self, objects: &[Object]) -> Answer {
        let bytes: Vec<_> = objects.iter().map(Object::to_bytes).collect();
        self.post("/studies", &related(&bytes)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.post_as(path, "multipart/related; type=\"application/dicom\"; boundary=tests", body).await
    }

    pub(crate) async fn post_as(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        let request = Request::post(format!("/dicom-web{path}"))
            .header("host", "di.test")
            .header("content-type", content_type)
            .body(Body::from(body.to_vec()))
            .unwrap();
        self.send(request).await
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Ends the service; its folder is for another.
    pub(crate) async fn stop(self) -> tempfile::TempDir {
        self.registry.stop().await;
        self.folder
    }

    /// Instances that are in storage: files, and small ones in the index.
    pub(crate) async fn stored_instances(&self) -> usize {
        let folders = std::fs::read_dir(self.folder.path().join("objects/instances")).into_iter().flatten();
        let files: usize =
            folders.map(|folder| std::fs::read_dir(folder.unwrap().path()).map_or(0, Iterator::count)).sum();
        files + self.store.small_objects().await.unwrap() as usize
    }

    /// Files that are on their way in.
    pub(crate) fn incoming(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("incoming")).unwrap().count()
    }
}

/// The codec worker, which is built with the tests of the workspace; a stand-in that answers nothing where it is not there.
fn worker() -> transcode::WorkerCommand {
    let program = codec_worker().unwrap_or_else(|| PathBuf::from("/bin/cat"));
    transcode::WorkerCommand { program, args: Vec::new() }
}

/// The program that C codecs run in.
pub(crate) fn codec_worker() -> Option<PathBuf> {
    let tests = std::env::current_exe().ok()?;
    Some(tests.parent()?.parent()?.join("codec-worker")).filter(|program| program.is_file())
}

/// One for what a test decodes itself.
pub(crate) fn transcoder() -> std::sync::Arc<transcode::Transcoder> {
    transcode::Transcoder::start(transcode::Options::new(worker())).unwrap()
}

/// A multipart body of these objects.
pub(crate) fn related(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for object in objects {
        body.extend_from_slice(b"--tests\r\nContent-Type: application/dicom\r\n\r\n");
        body.extend_from_slice(object);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--tests--\r\n");
    body
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body[..self.body.len().min(600)]));
        self
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The first value of `tag` in each data set.
    pub(crate) fn column(&self, tag: &str) -> Vec<String> {
        let rows = self.json();
        rows.as_array().unwrap().iter().map(|row| first(row, tag)).collect()
    }

    /// The parts of a multipart answer, taken apart by hand.
    #[track_caller]
    pub(crate) fn parts(&self) -> Vec<Part> {
        let content_type = self.header("content-type");
        let boundary =
            content_type.split("boundary=").nth(1).unwrap_or_else(|| panic!("no boundary in {content_type}"));
        let delimiter = format!("\r\n--{boundary}");
        let whole = [b"\r\n".as_slice(), &self.body].concat();
        let mut pieces = split(&whole, delimiter.as_bytes()).into_iter();
        assert_eq!(pieces.next(), Some(&b""[..]), "the body begins with its first boundary");
        let mut pieces: Vec<_> = pieces.collect();
        assert_eq!(pieces.pop(), Some(&b"--\r\n"[..]), "the closing boundary ends the body");
        pieces.into_iter().map(part).collect()
    }
}

fn part(piece: &[u8]) -> Part {
    let head = split(piece, b"\r\n\r\n")[0];
    let text = std::str::from_utf8(head).unwrap();
    let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    let (content_type, location) = (header("Content-Type: "), header("Content-Location: "));
    assert!(!content_type.is_empty(), "a part without a type");
    Part { content_type, location, body: piece[head.len() + 4..].to_vec() }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Vec<&'a [u8]> {
    let (mut pieces, mut from) = (Vec::new(), 0);
    while let Some(found) = bytes[from..].windows(at.len()).position(|window| window == at) {
        pieces.push(&bytes[from..from + found]);
        from += found + at.len();
    }
    pieces.push(&bytes[from..]);
    pieces
}

/// The first value of an attribute as text.
pub(crate) fn first(row: &Value, tag: &str) -> String {
    match &row[tag]["Value"][0] {
        Value::String(text) => text.clone(),
        Value::Object(name) => name["Alphabetic"].as_str().unwrap_or_default().to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
