//! A closed loop of a few callers: each asks again as soon as it has its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// One question in several forms, asked in turn.
#[derive(Clone)]
pub struct Ask {
    /// Paths below the DICOMweb root.
    pub paths: Vec<String>,
    /// Accept.
    pub accept: &'static str,
    /// Accept-Encoding, when the question is about it.
    pub accept_encoding: Option<&'static str>,
    /// Each path is asked once: no server can have the answer ready.
    pub once: bool,
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Answers in a second.
    pub rate: f64,
    /// Median, in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile, in milliseconds.
    pub p99_ms: f64,
    /// Bytes of one answer, on average.
    pub bytes: f64,
}

/// Callers at a time: as many as a reader's browser opens.
const CALLERS: usize = 4;
/// Turns for each server; the median turn is quoted.
const TURNS: usize = 3;
const TURN: Duration = Duration::from_secs(2);

/// Asks both servers in turns, and prints a line of the table.
pub fn compare(name: &str, ours: &str, peer: &str, ask: &Ask) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (mut us, mut them) = (Vec::new(), Vec::new());
    // A turn goes on where the last one ended, so that what is asked once is asked once.
    let (our_next, their_next) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    runtime.block_on(async {
        turn(ours, ask, &our_next, Duration::from_millis(500)).await;
        turn(peer, ask, &their_next, Duration::from_millis(500)).await;
        for _ in 0..TURNS {
            us.push(turn(ours, ask, &our_next, TURN).await);
            them.push(turn(peer, ask, &their_next, TURN).await);
        }
    });
    let asked = our_next.load(Ordering::Relaxed).max(their_next.load(Ordering::Relaxed));
    assert!(!ask.once || asked <= ask.paths.len(), "{asked} questions of {} that are asked once", ask.paths.len());
    let (us, them) = (median(us), median(them));
    println!(
        "| {name} | {:.0}/s | {:.2} / {:.2} ms | {:.0}/s | {:.2} / {:.2} ms | {:.1} |",
        us.rate,
        us.p50_ms,
        us.p99_ms,
        them.rate,
        them.p50_ms,
        them.p99_ms,
        us.rate / them.rate
    );
}

fn median(mut turns: Vec<Figures>) -> Figures {
    turns.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    turns[turns.len() / 2]
}

async fn turn(base: &str, ask: &Ask, next: &Arc<AtomicUsize>, length: Duration) -> Figures {
    let client = reqwest::Client::builder().tcp_nodelay(true).pool_max_idle_per_host(CALLERS).build().unwrap();
    let began = Instant::now();
    let callers = (0..CALLERS).map(|_| {
        let (client, ask, base, next) = (client.clone(), ask.clone(), base.to_owned(), Arc::clone(next));
        tokio::spawn(async move {
            let mut answers = Vec::new();
            while began.elapsed() < length {
                let path = &ask.paths[next.fetch_add(1, Ordering::Relaxed) % ask.paths.len()];
                let mut request = client.get(format!("{base}{path}")).header("accept", ask.accept);
                if let Some(encoding) = ask.accept_encoding {
                    request = request.header("accept-encoding", encoding);
                }
                let asked = Instant::now();
                let answer = request.send().await.unwrap();
                assert!(answer.status().is_success(), "{} for {path}", answer.status());
                let bytes = answer.bytes().await.unwrap().len();
                answers.push((asked.elapsed(), bytes));
            }
            answers
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut answers = Vec::new();
    for caller in callers {
        answers.extend(caller.await.unwrap());
    }
    let seconds = began.elapsed().as_secs_f64();
    answers.sort();
    let at = |part: f64| answers[((answers.len() - 1) as f64 * part) as usize].0.as_secs_f64() * 1000.0;
    let bytes = answers.iter().map(|(_, bytes)| *bytes as f64).sum::<f64>() / answers.len() as f64;
    Figures { rate: answers.len() as f64 / seconds, p50_ms: at(0.5), p99_ms: at(0.99), bytes }
}
