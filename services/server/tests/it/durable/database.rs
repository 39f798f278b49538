//! A PostgreSQL that goes away in the middle of everything and comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ledger::Ledger;
use super::objects::{Key, OVER_THE_WEB};
use super::traffic::Traffic;
use crate::cluster::Cluster;
use crate::processes::wait;
use crate::service::Service;

#[test]
fn a_database_that_stops_and_comes_back_loses_nothing_and_needs_no_restart() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut cluster = runtime.block_on(Cluster::start());
    let database = cluster.database("durable");
    let data = tempfile::tempdir().unwrap();
    let environment = [("DICS__DATABASE__URL", database.as_str())];
    let service = Service::start_with(data.path(), &environment);
    let ledger = Arc::new(Ledger::default());
    let traffic = Traffic::start(&service, &ledger);
    let limit = Duration::from_secs(60);
    let more_than = |before: [usize; 4]| ledger.counts().iter().zip(before).all(|(now, before)| *now > before);
    wait(limit, "something of each kind to be acknowledged", || more_than([20, 0, 2, 1]));
    for (stop, number) in [(false, 1), (true, 2)] {
        cluster.stop();
        if stop {
            // Long enough for somebody to ask meanwhile.
            let began = Instant::now();
            let found = service.client.get("/dicom-web/studies?limit=5");
            assert_eq!((found.status, found.header("retry-after").as_str()), (503, "30"), "{}", found.text());
            assert!(found.text().contains("database does not answer; try again later"), "{}", found.text());
            let refused = service.client.stow(&[Key { sender: OVER_THE_WEB, study: 1_000_000, number }.file(24)]);
            assert_eq!(refused.status, 503, "{}", refused.text());
            assert!(refused.text().contains("does not answer: store it again later"), "{}", refused.text());
            assert!(began.elapsed() < Duration::from_secs(40), "each is told in time");
            assert_eq!(service.client.get("/readyz").status, 503);
            assert_eq!(service.client.get("/healthz").status, 200);
        }
        runtime.block_on(cluster.start_again());
        let before = ledger.counts();
        wait(limit, "everything to go on by itself", || more_than(before));
    }
    assert_eq!(service.client.get("/readyz").status, 200);
    traffic.stop();
    assert!(!ledger.entries().setbacks.is_empty(), "somebody was refused meanwhile");
    ledger.holds_at(&service, data.path());
    drop(service);
    ledger.holds_at(&Service::start_with(data.path(), &environment), data.path());
}
