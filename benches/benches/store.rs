//! What comes in: STOW-RS of large and of tiny objects, and C-STORE. All of it is durable before it is acknowledged.

use std::time::Duration;

use benches::{Row, Sent, Servers, Storescp, Stow, head, large_series, small_studies, start};

/// Runs, each with servers of its own; the median is quoted.
const RUNS: usize = 3;

fn main() {
    head();
    let large = large_series(600).objects;
    let stow = |name, objects: &[Vec<u8>], how: Stow, bar| {
        let to_us = |servers: &Servers| servers.stow(&servers.ours, objects, how);
        row(name, "Orthanc", objects.len(), bar, to_us, |servers| servers.stow(&servers.orthanc, objects, how));
    };
    stow("STOW of instances of 512 KB, 4 callers", &large, Stow { batch: 1, callers: 4 }, 1.2);
    stow("STOW of 5,000 tiny studies, 8 callers", &small_studies(5000), Stow { batch: 1, callers: 8 }, 3.0);
    let sent = Sent::new(&large, 2);
    let to_us = |servers: &Servers| sent.to(servers.our_dimse, "DICS");
    let name = "C-STORE of instances of 512 KB, 2 associations";
    row(name, "Orthanc", large.len(), 1.5, to_us, |servers| sent.to(servers.orthanc_dimse, "ORTHANC"));
    row(name, "storescp", large.len(), 1.5, to_us, |_| {
        let storescp = Storescp::start();
        sent.to(storescp.port, "STORESCP")
    });
}

fn row(
    name: &str,
    peer: &str,
    objects: usize,
    bar: f64,
    to_us: impl Fn(&Servers) -> Duration,
    to_them: impl Fn(&Servers) -> Duration,
) {
    let (mut us, mut them) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let servers = start(&[]);
        us.push(objects as f64 / to_us(&servers).as_secs_f64());
        them.push(objects as f64 / to_them(&servers).as_secs_f64());
    }
    us.sort_by(f64::total_cmp);
    them.sort_by(f64::total_cmp);
    let (us, them) = (us[RUNS / 2], them[RUNS / 2]);
    Row::new(name, format!("{us:.0}/s")).beside(format!("{peer} {them:.0}/s")).times(us / them, peer, bar).print();
}
