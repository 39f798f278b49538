//! One question to every server that can answer it, and a line of the table.

use std::path::Path;
use std::time::Duration;

use crate::Servers;
use crate::load::{CALLERS, Figures, Turn, turn};
use crate::row::{Row, head};
use crate::servers::get;

/// Turns for each server; the median turn is quoted.
const TURNS: usize = 3;
const TURN: Duration = Duration::from_secs(2);
const WARM_UP: Duration = Duration::from_secs(1);

/// What is asked, and what is expected of the answer's speed.
pub struct Question<'a> {
    /// What people call it.
    pub name: &'a str,
    /// Paths below the DICOMweb root.
    pub paths: Vec<String>,
    /// Accept.
    pub accept: &'static str,
    /// Accept-Encoding, when the question is about it.
    pub accept_encoding: Option<&'static str>,
    /// Each path is asked once: no server can have the answer ready.
    pub once: bool,
    /// At least so many times Orthanc's rate; absent: Orthanc is not asked.
    pub orthanc: Option<f64>,
    /// At least this part of nginx's rate with the same bytes as plain files; absent: nginx is not asked.
    pub nginx: Option<f64>,
    /// Connections.
    pub callers: usize,
    /// Length of a turn.
    pub length: Duration,
}

impl<'a> Question<'a> {
    /// A question that is asked again and again by the usual number of callers.
    pub fn new(name: &'a str, accept: &'static str, paths: Vec<String>) -> Self {
        let (accept_encoding, once, orthanc, nginx) = (None, false, None, None);
        Self { name, paths, accept, accept_encoding, once, orthanc, nginx, callers: CALLERS, length: TURN }
    }

    /// Asked of Orthanc too.
    #[must_use]
    pub fn beside_orthanc(self, bar: f64) -> Self {
        Self { orthanc: Some(bar), ..self }
    }

    /// Its answers are served by nginx too.
    #[must_use]
    pub fn beside_nginx(self, bar: f64) -> Self {
        Self { nginx: Some(bar), ..self }
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let encoding = self.accept_encoding.map(|encoding| ("Accept-Encoding", encoding.to_owned()));
        [("Accept", self.accept.to_owned())].into_iter().chain(encoding).collect()
    }
}

/// The table of one bench.
pub struct Table<'a> {
    servers: &'a Servers,
    scratch: tempfile::TempDir,
}

impl<'a> Table<'a> {
    /// Prints its head.
    pub fn new(servers: &'a Servers) -> Self {
        head();
        Self { servers, scratch: tempfile::tempdir().unwrap() }
    }

    /// Asks the servers in turns, and prints a line. What the service reached.
    pub fn ask(&self, question: &Question<'_>) -> Figures {
        let dicom_web = |paths: &[String]| paths.iter().map(|path| format!("/dicom-web{path}")).collect::<Vec<_>>();
        let paths = dicom_web(&question.paths);
        let mut ours = Runs::new(&self.servers.ours, false, paths.clone());
        let mut orthanc = question.orthanc.map(|_| Runs::new(&self.servers.orthanc, true, paths));
        let mut nginx = question.nginx.map(|_| {
            let files = self.servers.nginx.publish(
                &self.servers.ours,
                question.accept,
                question.accept_encoding,
                &question.paths,
            );
            Runs::new(&self.servers.nginx.address, true, files)
        });
        // A server that can't answer says why, before it is measured.
        for server in [Some(&self.servers.ours), question.orthanc.map(|_| &self.servers.orthanc)].into_iter().flatten()
        {
            question.paths.first().map(|path| get(server, path, question.accept));
        }
        let headers = question.headers();
        for round in 0..=TURNS {
            let length = if round == 0 && question.length == TURN { WARM_UP } else { question.length };
            for runs in [Some(&mut ours), orthanc.as_mut(), nginx.as_mut()].into_iter().flatten() {
                runs.turn(question, &headers, length, round > 0, self.scratch.path());
            }
        }
        let (us, them, plain) = (ours.median(), orthanc.map(|runs| runs.median()), nginx.map(|runs| runs.median()));
        let mut row = Row::new(question.name, format!("{:.0}/s", us.rate)).latency([us.p50_ms, us.p95_ms, us.p99_ms]);
        for (peer, name, bar) in [(them, "Orthanc", question.orthanc), (plain, "nginx", question.nginx)] {
            if let (Some(peer), Some(bar)) = (peer, bar) {
                row = row.beside(format!("{name} {:.0}/s, {:.2} / {:.2}", peer.rate, peer.p50_ms, peer.p99_ms));
                row = row.times(us.rate / peer.rate, name, bar);
            }
        }
        row.print();
        us
    }
}

/// Asks the service alone, in one turn of `length`, and looks at its memory each second, in MiB.
pub fn crowd(servers: &Servers, question: &Question<'_>, length: Duration) -> (Figures, Vec<u64>) {
    let scratch = tempfile::tempdir().unwrap();
    let paths: Vec<_> = question.paths.iter().map(|path| format!("/dicom-web{path}")).collect();
    let (server, headers, callers) = (&servers.ours[..], &question.headers()[..], question.callers);
    let asked = Turn { server, paths: &paths, first: 0, headers, may_fail: false, length, callers };
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| turn(&asked, scratch.path()));
        let mut memory = Vec::new();
        while !asking.is_finished() {
            std::thread::sleep(Duration::from_secs(1));
            memory.push(servers.memory_mib());
        }
        (asking.join().unwrap(), memory)
    })
}

/// The turns of one server.
struct Runs<'a> {
    server: &'a str,
    may_fail: bool,
    paths: Vec<String>,
    next: usize,
    figures: Vec<Figures>,
}

impl<'a> Runs<'a> {
    fn new(server: &'a str, may_fail: bool, paths: Vec<String>) -> Self {
        Self { server, may_fail, paths, next: 0, figures: Vec::new() }
    }

    fn turn(
        &mut self,
        question: &Question<'_>,
        headers: &[(&'static str, String)],
        length: Duration,
        counts: bool,
        scratch: &Path,
    ) {
        let (server, paths, first) = (self.server, &self.paths[..], self.next);
        let figures = turn(
            &Turn { server, paths, first, headers, may_fail: self.may_fail, length, callers: question.callers },
            scratch,
        );
        // A turn goes on where the last one ended, so that what is asked once is asked once.
        self.next += figures.answers + question.callers;
        assert!(
            !question.once || self.next <= self.paths.len(),
            "{} questions of {} that are asked once",
            self.next,
            self.paths.len()
        );
        if counts {
            self.figures.push(figures);
        }
    }

    fn median(mut self) -> Figures {
        self.figures.retain(|figures| figures.answers > 0);
        assert!(!self.figures.is_empty(), "{} never answered within a turn", self.server);
        self.figures.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        self.figures[self.figures.len() / 2]
    }
}
