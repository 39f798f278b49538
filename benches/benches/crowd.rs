//! Memory while 200 readers ask for frames, pictures that nobody asked for before, and metadata: ten minutes, or as many seconds as
//! `CROWD_SECONDS` says.

use std::time::Duration;

use benches::{Question, Row, crowd, head, large_series, start};

const READERS: usize = 200;
const MOST_MIB: u64 = 600;
/// Between the first minute and the last, of what it was: room for what allocators keep.
const FLAT: f64 = 1.1;

fn main() {
    let seconds = std::env::var("CROWD_SECONDS").map_or(600, |text| text.parse().expect("CROWD_SECONDS is a number"));
    let servers = start(&[]);
    let series = large_series(400);
    servers.load(&series.objects);
    let windows = 1..200;
    let paths = windows.flat_map(|n| {
        let pictures = series.of_each(&format!("/rendered?window={},{},linear", 40 + n, 400 + n));
        let frames = series.of_each("/frames/1");
        let both = frames.into_iter().zip(pictures).flat_map(|(frame, picture)| [frame, picture]);
        both.chain([format!("{}/metadata", series.path())]).collect::<Vec<_>>()
    });
    let question = Question { callers: READERS, ..Question::new("a crowd", "*/*", paths.collect()) };
    let (figures, memory) = crowd(&servers, &question, Duration::from_secs(seconds));
    let part = (memory.len() / 10).max(1);
    let most = |run: &[u64]| run.iter().copied().max().unwrap_or(0);
    let (first, last, all) = (most(&memory[..part]), most(&memory[memory.len() - part..]), most(&memory));
    let is_flat = last as f64 <= first as f64 * FLAT;
    let lasts = format!("{last} MiB in the last tenth, {first} in the first");
    head();
    Row::new(format!("{READERS} readers for {seconds} s"), format!("{:.0}/s", figures.rate))
        .latency([figures.p50_ms, figures.p95_ms, figures.p99_ms])
        .bar(&format!("{all} MiB at most"), &format!("≤ {MOST_MIB} MiB"), all <= MOST_MIB)
        .bar(&lasts, "flat, that is within a tenth", is_flat)
        .print();
}
