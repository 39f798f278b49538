//! `kill -9` at fifty moments of chance, while everything that can be sent is being sent.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::ledger::Ledger;
use super::traffic::Traffic;
use crate::service::Service;

/// How often it is killed; more by `DICS_KILLS`.
fn kills() -> u32 {
    std::env::var("DICS_KILLS").map_or(50, |text| text.parse().unwrap())
}

/// Another each time, unless `DICS_SEED` says which.
fn seed() -> u64 {
    std::env::var("DICS_SEED").map_or_else(|_| rand::random(), |text| text.parse().unwrap())
}

#[test]
fn nothing_acknowledged_is_lost_though_the_service_is_killed_fifty_times() {
    let seed = seed();
    println!("DICS_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let data = tempfile::tempdir().unwrap();
    let mut service = Service::start(data.path());
    let ledger = Arc::new(Ledger::default());
    let traffic = Traffic::start(&service, &ledger);
    for kill in 0..kills() {
        // Most lives are short; some are long enough for what happens when a series has become quiet.
        let life = if kill % 20 == 7 { 2_000..2_600 } else { 5..250 };
        std::thread::sleep(Duration::from_millis(chance.random_range(life)));
        service.kill();
        if kill % 5 == 4 {
            // This one is killed on its way up as well.
            let mut program = Command::new(env!("CARGO_BIN_EXE_dics"));
            let mut stillborn = Service::launch(program.arg("serve"), data.path(), &[]);
            std::thread::sleep(Duration::from_millis(chance.random_range(0..300)));
            stillborn.kill();
        }
        service = Service::start(data.path());
        traffic.moved(&service);
    }
    traffic.stop();
    service.kill();
    let [instances, rejections, reports, merges] = ledger.counts();
    println!("acknowledged: {instances} instances, {rejections} rejections, {reports} reports, {merges} merges");
    assert!(instances >= 100 && rejections >= 3 && reports >= 20 && merges >= 10, "too little to be a proof");
    ledger.holds_at(&Service::start(data.path()), data.path());
}
