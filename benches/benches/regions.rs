//! Regions: how long it takes to know a large repository, what that costs those who search meanwhile, and what a repository that never
//! answers costs them.
//!
//! `STUDIES=10000 cargo bench --package benches --bench regions` is over in a minute; 100,000 are the usual number.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use benches::{Latency, Region, Row, Service, Silent, head, search_at_leisure};

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
    head();
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
    let p99 = latency.percentile_ms(99);
    Row::new(format!("{studies} studies indexed {name}"), format!("{took:.0} s, {:.0}/s", studies as f64 / took))
        .bar(&format!("{took:.0} s"), &format!("≤ {bar:.0} s"), took <= bar)
        .print();
    Row::new(format!("searches meanwhile ({name})"), searched(&latency))
        .latency(percentiles(&latency))
        .bar(&format!("p99 {p99:.2} ms"), &format!("≤ {SEARCH_BAR_MS} ms"), p99 <= SEARCH_BAR_MS)
        .print();
    let alone = listen(&service, studies);
    let silent = Silent::default();
    service.register(&silent.definition);
    let beside = listen(&service, studies);
    let (now, before) = (percentiles(&beside), percentiles(&alone));
    let added: [f64; 3] = std::array::from_fn(|at| now[at] - before[at]);
    let shown = format!("{:+.2} / {:+.2} / {:+.2} ms", added[0], added[1], added[2]);
    Row::new("searches after that", searched(&alone)).latency(percentiles(&alone)).print();
    Row::new("searches beside a repository that never answers", searched(&beside))
        .latency(percentiles(&beside))
        .bar(&shown, &format!("≤ {SILENT_BAR_MS} ms"), added.iter().all(|added| *added <= SILENT_BAR_MS))
        .print();
    Row::new("memory then", format!("{} MiB", service.memory_mib())).print();
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

fn percentiles(latency: &Latency) -> [f64; 3] {
    [50, 95, 99].map(|percent| latency.percentile_ms(percent))
}

fn searched(latency: &Latency) -> String {
    format!("{} searches", latency.searches())
}
