//! Rendered images of a CT series: each for the first time, then again.

use benches::{Ask, compare, corpus, start};

fn main() {
    let corpus = corpus();
    let servers = start(&corpus);
    println!("| question | dics | p50 / p99 | Orthanc | p50 / p99 | ratio |\n| --- | --- | --- | --- | --- | --- |");
    let path =
        |instance: &String| format!("/studies/{}/series/{}/instances/{instance}/rendered", corpus.study, corpus.series);
    let paths: Vec<String> = corpus.instances.iter().map(path).collect();
    // More windows than fit a turn of the peer; a fast server meets some again in its cache.
    let fresh = (0..4000)
        .map(|n| format!("{}?window={},{},linear", paths[n % paths.len()], 40 + n / paths.len(), 400 + n % 7))
        .collect();
    compare(
        "rendered JPEG, 4,000 windows in turn",
        &servers.ours,
        &servers.orthanc,
        &Ask { paths: fresh, accept: "image/jpeg", accept_encoding: None },
    );
    compare(
        "rendered JPEG, again",
        &servers.ours,
        &servers.orthanc,
        &Ask { paths, accept: "image/jpeg", accept_encoding: None },
    );
}
