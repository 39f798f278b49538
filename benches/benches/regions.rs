//! Regions: how long it takes to know a large repository, what that costs those who search meanwhile, and what a repository that never
//! answers costs them.
//!
//! `STUDIES=10000 cargo bench --package benches --bench regions` is over in a minute; 100,000 are the usual number.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use benches::{Latency, Region, Service, Silent, search_at_leisure};

const STUDIES: usize = 100_000;
/// Requests at a time, as repositories are registered with.
const CONCURRENCY: usize = 8;
/// Seconds that a repository of [`STUDIES`] may take over DICOMweb and over DIMSE.
const BARS: [f64; 2] = [300.0, 600.0];
/// Milliseconds that a search may take while a repository is indexed, in 99 of 100 cases.
const SEARCH_BAR_MS: f64 = 20.0;
/// Milliseconds that a silent repository may add to it.
const SILENT_BAR_MS: f64 = 5.0;
const LISTENING: Duration = Duration::from_secs(15);

fn main() {
    let studies = std::env::var("STUDIES").map_or(STUDIES, |text| text.parse().expect("STUDIES is a number"));
    let only = std::env::var("ONLY").unwrap_or_default();
    println!("| {studies} studies | dics | searches meanwhile, p50 / p95 / p99 ms |\n| --- | --- | --- |");
    for (name, region, bar) in [
        ("over DICOMweb", Region::dicomweb as fn(usize, usize) -> Region, BARS[0]),
        ("over DIMSE", Region::dimse, BARS[1]),
    ] {
        if name.contains(&only) {
            index(name, &region(studies, CONCURRENCY), studies, bar * studies as f64 / STUDIES as f64);
        }
    }
}

fn index(name: &str, region: &Region, studies: usize, bar: f64) {
    let service = Service::start(&[]);
    let (over, began) = (AtomicBool::new(false), Instant::now());
    service.register(&region.definition);
    let code = region.definition["code"].as_str().expect("it has a code");
    let latency = thread::scope(|scope| {
        let searching = scope.spawn(|| search_at_leisure(&service.ours, &searches(studies), &over));
        let known = wait_until_known(&service, code, studies, began, bar * 4.0);
        over.store(true, Ordering::Relaxed);
        known.expect("every study is known in time");
        searching.join().expect("searches are answered")
    });
    let took = began.elapsed().as_secs_f64();
    println!(
        "| indexed {name} | {took:.0} s, {:.0}/s (≤ {bar:.0} s{}) | {} (p99 ≤ {SEARCH_BAR_MS}{}) |",
        studies as f64 / took,
        met(took <= bar),
        shown(&latency),
        met(latency.percentile_ms(99) <= SEARCH_BAR_MS),
    );
    let alone = listen(&service, studies);
    let silent = Silent::default();
    service.register(&silent.definition);
    let beside = listen(&service, studies);
    let added = [50, 95, 99].map(|percent| beside.percentile_ms(percent) - alone.percentile_ms(percent));
    println!("| searches after that | – | {} |", shown(&alone));
    println!(
        "| beside a repository that never answers | {:+.2} ms at p50, {:+.2} at p95, {:+.2} at p99 (≤ {SILENT_BAR_MS}{}) | {} |",
        added[0],
        added[1],
        added[2],
        met(added.iter().all(|added| *added <= SILENT_BAR_MS)),
        shown(&beside),
    );
    println!("| memory then | {} MiB | |", service.memory_mib());
}

/// Every study is known and the repository followed; else how far that is.
fn wait_until_known(
    service: &Service,
    code: &str,
    studies: usize,
    began: Instant,
    patience: f64,
) -> Result<(), String> {
    loop {
        let state = service.repository(code);
        if state["state"] == "following" && state["counts"]["studies"] == studies {
            return Ok(());
        }
        if began.elapsed().as_secs_f64() > patience || !state["lastError"].is_null() {
            return Err(format!("{} {} {}", state["state"], state["counts"], state["lastError"]));
        }
        thread::sleep(Duration::from_millis(250));
    }
}

/// Searches for a while on a service that does nothing else.
fn listen(service: &Service, studies: usize) -> Latency {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let searching = scope.spawn(|| search_at_leisure(&service.ours, &searches(studies), &over));
        thread::sleep(LISTENING);
        over.store(true, Ordering::Relaxed);
        searching.join().expect("searches are answered")
    })
}

/// What a reading room asks: a patient's studies, a name's beginning, the latest of a modality.
fn searches(studies: usize) -> Vec<String> {
    let of = |number: usize| {
        let patient = number * 7919 % (studies / 2).max(1);
        let name = ["TREMBLAY1", "SINGH2", "NGUYEN", "KOWALSKI11"][number % 4];
        let modality = ["CT", "MR", "DX", "US"][number % 4];
        [
            format!("/studies?PatientID=P{patient}&limit=50"),
            format!("/studies?PatientName={name}*&limit=25"),
            format!("/studies?ModalitiesInStudy={modality}&limit=25"),
        ]
    };
    (0..200).flat_map(of).collect()
}

fn shown(latency: &Latency) -> String {
    let at = |percent| latency.percentile_ms(percent);
    format!("{:.2} / {:.2} / {:.2}, {} searches", at(50), at(95), at(99), latency.searches())
}

fn met(is_met: bool) -> &'static str {
    if is_met { "" } else { ", not met" }
}
