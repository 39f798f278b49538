//! Stored frames of a CT series, one after the other.

use benches::{Ask, compare, corpus, start};

fn main() {
    let corpus = corpus();
    let servers = start(&corpus);
    println!("| question | dics | p50 / p99 | Orthanc | p50 / p99 | ratio |\n| --- | --- | --- | --- | --- | --- |");
    let path =
        |instance: &String| format!("/studies/{}/series/{}/instances/{instance}/frames/1", corpus.study, corpus.series);
    let paths = corpus.instances.iter().map(path).collect();
    let accept = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*";
    compare(
        "stored frame, 512 x 512 x 16 bit",
        &servers.ours,
        &servers.orthanc,
        &Ask { paths, accept, accept_encoding: None, once: false },
    );
}
