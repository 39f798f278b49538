//! What one study more costs does not grow with the studies that are there: a province has ten million.

use std::time::{Duration, Instant};

use index_model::{RepositoryCode, SeriesRecord, StudyRecord};
use index_store::Store;

use crate::build::{NOW, issued, patient, repository, series, study};

/// Few, and many times as many.
const FEW: usize = 500;
const MANY: usize = 8_000;
/// Of a page of a repository's list.
const PAGE: usize = 25;
/// Some pages are measured, and the quickest counts: what else goes on makes others slower.
const ROUNDS: usize = 6;
/// Trees grow by a level, and pages leave the cache; a walk over everything is sixteen times as much.
const MOST_TIMES: f64 = 4.0;

fn page(from: usize, length: usize) -> Vec<(StudyRecord, Vec<SeriesRecord>)> {
    let one = |n: usize| {
        let person = patient(&format!("neodin/{n}"), &format!("DOE{n}^JANE"), &format!("19{:02}0101", n % 100));
        let mut record =
            study(&format!("1.{n}"), person, &format!("20{:02}{:02}{:02}", n % 26, 1 + n % 12, 1 + n % 28));
        record.accession_number = Some(issued("neodin", &format!("A{n}")));
        (record, vec![series(&format!("2.{n}"), "CT", 1)])
    };
    (from..from + length).map(one).collect()
}

/// A page of new studies, and the same page listed again, as the synchroniser does both.
async fn one_page(store: &Store, north: &RepositoryCode, from: usize) -> Duration {
    let page = page(from, PAGE);
    let began = Instant::now();
    for (record, _) in &page {
        store.told_before(north, record).await.unwrap();
    }
    store.index_studies(north, &page, NOW).await.unwrap();
    for (record, _) in &page {
        assert!(!store.told_before(north, record).await.unwrap().of_others);
    }
    began.elapsed()
}

async fn quickest_page(store: &Store, north: &RepositoryCode, from: usize) -> Duration {
    let mut quickest = Duration::MAX;
    for round in 0..ROUNDS {
        quickest = quickest.min(one_page(store, north, from + round * PAGE).await);
    }
    quickest
}

pub(crate) async fn check(store: Store) {
    let north = repository(&store, "neodin", "north").await;
    let fill = async |from: usize, to: usize| {
        for at in (from..to).step_by(500) {
            store.index_studies(&north, &page(at, 500), NOW).await.unwrap();
        }
    };
    fill(0, FEW).await;
    let at_few = quickest_page(&store, &north, 1_000_000).await;
    fill(FEW, MANY).await;
    let at_many = quickest_page(&store, &north, 2_000_000).await;
    let times = at_many.as_secs_f64() / at_few.as_secs_f64();
    assert!(times < MOST_TIMES, "a page takes {at_few:?} beside {FEW} studies, {at_many:?} beside {MANY}");
}
