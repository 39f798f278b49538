//! The headers of a whole CT series.

use benches::{Ask, compare, corpus, start};

const JSON: &str = "application/dicom+json";

fn main() {
    let corpus = corpus();
    let servers = start(&corpus);
    println!("| question | dics | p50 / p99 | Orthanc | p50 / p99 | ratio |\n| --- | --- | --- | --- | --- | --- |");
    let path = format!("/studies/{}/series/{}/metadata", corpus.study, corpus.series);
    let ask = |accept_encoding| Ask { paths: vec![path.clone()], accept: JSON, accept_encoding, once: false };
    compare("metadata of a CT series", &servers.ours, &servers.orthanc, &ask(None));
    compare("metadata of a CT series, gzip accepted", &servers.ours, &servers.orthanc, &ask(Some("gzip")));
}
