//! Rendered images of a CT series: each for the first time, then again.

use benches::{Ask, compare, corpus, start};

/// Windows, each for one rendering.
const WINDOWS: usize = 100_000;

fn main() {
    let corpus = corpus();
    let servers = start(&corpus);
    println!("| question | dics | p50 / p99 | Orthanc | p50 / p99 | ratio |\n| --- | --- | --- | --- | --- | --- |");
    let path =
        |instance: &String| format!("/studies/{}/series/{}/instances/{instance}/rendered", corpus.study, corpus.series);
    let paths: Vec<String> = corpus.instances.iter().map(path).collect();
    // More than the fastest run can ask.
    let fresh = (0..WINDOWS)
        .map(|n| format!("{}?window={},{},linear", paths[n % paths.len()], 40 + n / paths.len(), 400 + n % 7))
        .collect();
    compare(
        "rendered JPEG, a new window each time",
        &servers.ours,
        &servers.orthanc,
        &Ask { paths: fresh, accept: "image/jpeg", accept_encoding: None, once: true },
    );
    compare(
        "rendered JPEG, again",
        &servers.ours,
        &servers.orthanc,
        &Ask { paths, accept: "image/jpeg", accept_encoding: None, once: false },
    );
}
