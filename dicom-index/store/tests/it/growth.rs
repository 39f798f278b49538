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
const ROUNDS: usize = 12;
/// Trees grow by a level, and pages leave the cache; a walk over everything is sixteen times as much.
const MOST_TIMES: f64 = 5.0;

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

/// How long the questions about a page of studies take, and how long it takes to write it: new, as the synchroniser has it.
async fn one_page(store: &Store, north: &RepositoryCode, from: usize) -> [Duration; 2] {
    let page = page(from, PAGE);
    let began = Instant::now();
    for (record, _) in &page {
        store.told_before(north, record).await.unwrap();
    }
    let asked = began.elapsed();
    store.index_studies(north, &page, NOW).await.unwrap();
    [asked, began.elapsed() - asked]
}

/// Two stores of one engine, empty: one gets few studies, the other many. They are measured in turns, so that what else goes on slows both.
pub(crate) async fn check(few: Store, many: Store) {
    let mut quickest = [[Duration::MAX; 2]; 2];
    let mut places = Vec::new();
    for (store, studies) in [(few, FEW), (many, MANY)] {
        let north = repository(&store, "neodin", "north").await;
        for at in (0..studies).step_by(500) {
            store.index_studies(&north, &page(at, 500), NOW).await.unwrap();
        }
        places.push((store, north));
    }
    for round in 0..ROUNDS {
        for ((store, north), quickest) in places.iter().zip(&mut quickest) {
            let took = one_page(store, north, 1_000_000 + round * PAGE).await;
            *quickest = std::array::from_fn(|n| quickest[n].min(took[n]));
        }
    }
    let [few, many] = quickest;
    for (what, few, many) in [("to ask about", few[0], many[0]), ("to write", few[1], many[1])] {
        let times = many.as_secs_f64() / few.as_secs_f64();
        assert!(times < MOST_TIMES, "a page takes {few:?} {what} beside {FEW} studies, {many:?} beside {MANY}");
    }
}
