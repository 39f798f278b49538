//! Memory while 200 readers ask for frames, pictures that nobody asked for before, and metadata: ten minutes, or as many seconds as
//! `CROWD_SECONDS` says.

use std::time::Duration;

use benches::{Question, crowd, large_series, start};

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
    println!(
        "\n{READERS} readers for {seconds} s: {:.0} answers/s, p50 {:.1} ms, p99 {:.1} ms",
        figures.rate, figures.p50_ms, figures.p99_ms
    );
    let part = (memory.len() / 10).max(1);
    let most = |run: &[u64]| run.iter().copied().max().unwrap_or(0);
    let (first, last, all) = (most(&memory[..part]), most(&memory[memory.len() - part..]), most(&memory));
    let met = if all <= MOST_MIB && last as f64 <= first as f64 * FLAT { "" } else { ", not met" };
    println!(
        "memory: at most {first} MiB in the first tenth, {last} MiB in the last, {all} MiB at any time (≤ {MOST_MIB}, flat{met})"
    );
}
