//! What a turn costs: alone, in a line of 200 that others join, and what a semaphore costs that knows neither urgency nor callers.
//!
//! `cargo bench --package runtime --bench turns`
#![expect(clippy::unwrap_used, reason = "benches")]

use std::sync::Arc;

use divan::Bencher;
use runtime::{Demand, Turns, Urgency};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

fn main() {
    divan::main();
}

const JOBS: u64 = 200;

fn tokio() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// A turn that is free.
#[divan::bench]
fn free(bencher: Bencher<'_, '_>) {
    let (tokio, turns) = (tokio(), Turns::new("bench", 1, 1_000));
    bencher.bench_local(|| tokio.block_on(turns.take(Demand::own(Urgency::NORMAL))).is_ok());
}

/// Jobs of so many callers and all urgencies that wait for one another, per 200.
#[divan::bench(args = [1, 8, 200])]
fn two_hundred_in_line(bencher: Bencher<'_, '_>, callers: u64) {
    let (tokio, turns) = (tokio(), Turns::new("bench", 1, 1_000));
    bencher.bench_local(|| {
        let jobs = (0..JOBS).map(|job| {
            let turns = turns.clone();
            let urgency = Urgency::new((job % 8) as u8).unwrap();
            async move { drop(turns.take(Demand { urgency, caller: job % callers }).await.unwrap()) }
        });
        let held = tokio.block_on(turns.take(Demand::own(Urgency::NORMAL)));
        tokio.block_on(async {
            let jobs: Vec<_> = jobs.map(tokio::spawn).collect();
            tokio::task::yield_now().await;
            drop(held);
            for job in jobs {
                job.await.unwrap();
            }
        });
    });
}

/// The same 200 at a semaphore.
#[divan::bench]
fn two_hundred_at_a_semaphore(bencher: Bencher<'_, '_>) {
    let (tokio, turns) = (tokio(), Arc::new(Semaphore::new(1)));
    bencher.bench_local(|| {
        let held = tokio.block_on(turns.acquire()).unwrap();
        tokio.block_on(async {
            let jobs: Vec<_> = (0..JOBS)
                .map(|_| {
                    let turns = Arc::clone(&turns);
                    tokio::spawn(async move { drop(turns.acquire().await.unwrap()) })
                })
                .collect();
            tokio::task::yield_now().await;
            drop(held);
            for job in jobs {
                job.await.unwrap();
            }
        });
    });
}
