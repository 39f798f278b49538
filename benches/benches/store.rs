//! What comes in: STOW-RS of large and of tiny objects, and C-STORE. All of it is durable before it is acknowledged.

use benches::{Stow, large_series, small_studies, start};

/// Runs, each with servers of its own; the median is quoted.
const RUNS: usize = 3;

fn main() {
    println!("| what | dics | Orthanc | ratio (bar) |\n| --- | --- | --- | --- |");
    let large = large_series(600).objects;
    row("STOW of instances of 512 KB, 4 callers", &large, Stow { batch: 1, callers: 4 }, 1.2);
    row("STOW of 5,000 tiny studies, 8 callers", &small_studies(5000), Stow { batch: 1, callers: 8 }, 3.0);
}

fn row(name: &str, objects: &[Vec<u8>], how: Stow, bar: f64) {
    let (mut us, mut them) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let servers = start(&[]);
        let rate = |server: &str| objects.len() as f64 / servers.stow(server, objects, how).as_secs_f64();
        us.push(rate(&servers.ours));
        them.push(rate(&servers.orthanc));
    }
    us.sort_by(f64::total_cmp);
    them.sort_by(f64::total_cmp);
    let (us, them) = (us[RUNS / 2], them[RUNS / 2]);
    let met = if us / them >= bar { "" } else { ", not met" };
    println!("| {name} | {us:.0}/s | {them:.0}/s | {:.2} (≥ {bar}{met}) |", us / them);
}
