//! Who is served first when the cores are taken: urgency, fairness, and what is told when too many wait.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use transcode::{Options, Transcoder, WorkerCommand};

use crate::app::{Answer, TestApp, codec_worker};
use crate::objects::image;

/// A service with one core, which is taken by a frame whose codec waits at a gate.
struct Busy {
    app: Arc<TestApp>,
    transcoder: Arc<Transcoder>,
    gate: std::path::PathBuf,
    _folder: tempfile::TempDir,
    taken: tokio::task::JoinHandle<Answer>,
    /// Who was served, in order.
    served: Arc<Mutex<Vec<&'static str>>>,
    asked: Vec<tokio::task::JoinHandle<Answer>>,
}

impl Busy {
    async fn start(queue: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gate = folder.path().join("gate");
        assert!(std::process::Command::new("mkfifo").arg(&gate).status().unwrap().success());
        let options = Options { workers: 1, queue, ..Options::new(gated(&gate)) };
        let transcoder = Transcoder::start(options).unwrap();
        let app =
            TestApp::start_on(dicomweb::Options::default(), Arc::new(|_| Ok(None)), Arc::clone(&transcoder)).await;
        app.store(&[image(1)]).await.expect(200);
        let app = Arc::new(app);
        let taken = tokio::spawn(ask(Arc::clone(&app), 9, image(1).path() + "/frames/1", &[("accept", "image/jls")]));
        let mut busy =
            Self { app, transcoder, gate, _folder: folder, taken, served: Arc::default(), asked: Vec::new() };
        // Who comes before the frame is served, also who waits a moment for a core that is free again; who keeps waiting shows that the
        // frame has the core. Nobody else asks for these sizes, which are ready then.
        for side in 200.. {
            busy.send("first", 9, &format!("/frames/1/rendered?viewport={side},{side}"), &[("priority", "u=0")]);
            if busy.keeps_waiting().await {
                break;
            }
            busy.asked.pop();
        }
        busy
    }

    /// Whether the latest request waits for the core, and goes on waiting.
    async fn keeps_waiting(&self) -> bool {
        let is_served = || self.asked.last().is_none_or(tokio::task::JoinHandle::is_finished);
        while self.transcoder.waiting() == 0 && !is_served() {
            tokio::task::yield_now().await;
        }
        for _ in 0..50 {
            if is_served() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.transcoder.waiting() == 1
    }

    /// Asks, and comes back when the request waits for the core.
    async fn ask(&mut self, who: &'static str, host: u8, path: &str, headers: &[(&'static str, &'static str)]) {
        let before = self.transcoder.waiting();
        self.send(who, host, path, headers);
        let waits = async {
            while self.transcoder.waiting() <= before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waits).await.expect("the request waits for the core");
    }

    fn send(&mut self, who: &'static str, host: u8, path: &str, headers: &[(&'static str, &'static str)]) {
        let (served, answer) =
            (Arc::clone(&self.served), ask(Arc::clone(&self.app), host, image(1).path() + path, headers));
        self.asked.push(tokio::spawn(async move {
            let answer = answer.await;
            served.lock().unwrap().push(who);
            answer
        }));
    }

    /// Opens the gate, and gives who was served in which order, without the first who waited.
    async fn served(self) -> (Vec<&'static str>, Vec<Answer>) {
        std::fs::write(&self.gate, "go\n").unwrap();
        self.taken.await.unwrap().expect(200);
        let mut answers = Vec::new();
        for asked in self.asked {
            answers.push(asked.await.unwrap());
        }
        let served = self.served.lock().unwrap().iter().copied().filter(|who| *who != "first").collect();
        (served, answers)
    }
}

/// The codec worker behind a named pipe: it begins when somebody writes to that.
fn gated(gate: &Path) -> WorkerCommand {
    let worker = codec_worker().unwrap_or_else(|| "/bin/cat".into());
    let script = format!("read go < '{}'; exec '{}' \"$@\"", gate.display(), worker.display());
    WorkerCommand { program: "/bin/sh".into(), args: vec!["-c".into(), script, "worker".into()] }
}

fn ask(
    app: Arc<TestApp>,
    host: u8,
    path: String,
    headers: &[(&'static str, &'static str)],
) -> impl Future<Output = Answer> + Send + 'static {
    let mut request = Request::get(format!("/dicom-web{path}")).header("host", "di.test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, host], 50_000))));
    async move { app.send(request).await }
}

#[tokio::test]
async fn a_frame_that_is_looked_at_is_served_before_fifty_thumbnails_that_wait() {
    if codec_worker().is_none() {
        return eprintln!("the codec worker is built with the tests of the workspace");
    }
    let mut busy = Busy::start(100).await;
    for side in 0..50 {
        // As browsers ask for every image in sight.
        busy.ask("thumbnail", 1, &format!("/thumbnail?viewport={0},{0}", 16 + side), &[("priority", "u=2, i")]).await;
    }
    busy.ask("ahead", 1, "/frames/1/rendered?viewport=40,40", &[("priority", "u=6, i")]).await;
    busy.ask("visible", 1, "/frames/1/rendered", &[("priority", "u=1, i")]).await;
    busy.ask("unsaid", 1, "/frames/1/rendered?viewport=50,50", &[]).await;
    let (served, answers) = busy.served().await;
    assert_eq!((served[0], served[1], served[52]), ("visible", "unsaid", "ahead"));
    assert!(answers.iter().all(|answer| answer.status == 200));
}

#[tokio::test]
async fn two_callers_are_served_in_turns_though_one_asks_for_much_more() {
    if codec_worker().is_none() {
        return eprintln!("the codec worker is built with the tests of the workspace");
    }
    let mut busy = Busy::start(100).await;
    for side in 0..60 {
        busy.ask("much", 1, &format!("/frames/1/rendered?viewport={0},{0}", 16 + side), &[]).await;
    }
    for side in 0..5 {
        busy.ask("little", 2, &format!("/frames/1/rendered?viewport={0},{0}", 100 + side), &[]).await;
    }
    let (served, _) = busy.served().await;
    let little: Vec<_> = (0..served.len()).filter(|at| served[*at] == "little").collect();
    assert_eq!(little, [1, 3, 5, 7, 9]);
}

#[tokio::test]
async fn when_too_many_wait_the_next_is_told_to_come_back_and_what_is_looked_at_still_gets_in() {
    if codec_worker().is_none() {
        return eprintln!("the codec worker is built with the tests of the workspace");
    }
    let mut busy = Busy::start(4).await;
    for side in 0..3 {
        busy.ask("thumbnail", 1, &format!("/thumbnail?viewport={0},{0}", 16 + side), &[]).await;
    }
    let refused = ask(Arc::clone(&busy.app), 1, image(1).path() + "/thumbnail?viewport=60,60", &[]).await.expect(503);
    assert_eq!((refused.header("retry-after"), refused.header("content-type")), ("1", "application/problem+json"));
    assert_eq!(
        (&refused.json()["status"], &refused.json()["detail"]),
        (&503.into(), &"too many requests at once".into())
    );
    busy.send("visible", 1, "/frames/1/rendered", &[("priority", "u=1")]);
    let (served, answers) = busy.served().await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 200, 503, 200], "the latest thumbnail gave way");
    assert!(served.contains(&"visible"));
}
