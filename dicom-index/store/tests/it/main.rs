//! The contract of the store, kept by both engines: every case runs on SQLite, and on a PostgreSQL of its own.
#![expect(clippy::unwrap_used, reason = "tests")]

mod agreement;
mod batches;
mod build;
mod cache;
mod cluster;
mod conflicts;
mod drift;
mod growth;
mod holds;
mod identity;
mod indexing;
mod leases;
mod manifests;
mod older;
mod orders;
mod patient_level;
mod patients;
mod plans;
mod rejections;
mod reports;
mod searching;
mod small;
mod take_out;
mod test_patients;
mod undated;
mod visits;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use index_store::Store;
use sqlx::Connection as _;

/// Within so long a reader is told that the database is away.
const IN_TIME: Duration = Duration::from_secs(5);

type Case = (&'static str, fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Names the cases of a module: a list for PostgreSQL, and a test on SQLite for each.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        pub(crate) const CASES: &[crate::Case] =
            &[$((concat!(module_path!(), "::", stringify!($name)), |store| Box::pin(super::$name(store)))),+];
        $(
            #[tokio::test]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}", folder.path().join("registry.sqlite").display());
                super::$name(index_store::Store::open(&url).await.unwrap()).await;
            }
        )+
    };
}
pub(crate) use contract;

/// One cluster for all cases, one database for each; every failure is told before the test fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_holds_on_postgres() {
    let mut cluster = cluster::Cluster::start().await;
    let all = [
        agreement::contract::CASES,
        batches::contract::CASES,
        cache::contract::CASES,
        conflicts::contract::CASES,
        drift::contract::CASES,
        holds::contract::CASES,
        identity::contract::CASES,
        indexing::contract::CASES,
        leases::contract::CASES,
        manifests::contract::CASES,
        orders::contract::CASES,
        patient_level::contract::CASES,
        patients::contract::CASES,
        rejections::contract::CASES,
        reports::contract::CASES,
        searching::contract::CASES,
        small::contract::CASES,
        take_out::contract::CASES,
        test_patients::contract::CASES,
        undated::contract::CASES,
        visits::contract::CASES,
    ];
    let mut failed = Vec::new();
    // All migrations, once: they take ten times as long as a case.
    Store::open(&cluster.database("migrated")).await.unwrap().close().await;
    for (number, (name, case)) in all.into_iter().flatten().enumerate() {
        let url = cluster.database_like(&format!("case{number}"), "migrated");
        let run = tokio::spawn(async move {
            let store = Store::open(&url).await.unwrap();
            case(store.clone()).await;
            store.close().await;
        });
        if run.await.is_err() {
            failed.push(*name);
        }
    }
    // A table of a few rows is read faster than its index; what matters is that the index would do.
    let url = format!("{}&options[enable_seqscan]=off", cluster.database("plans"));
    let run = tokio::spawn(async move { plans::check(Store::open(&url).await.unwrap()).await });
    if run.await.is_err() {
        failed.push("plans");
    }
    assert!(failed.is_empty(), "failed on PostgreSQL: {failed:?}");
    let store = Store::open(&cluster.database("away")).await.unwrap();
    build::repository(&store, "north", "north").await;
    cluster.stop();
    let began = std::time::Instant::now();
    let away = store.repositories().await.unwrap_err();
    assert!(away.is_outage() && !away.is_full(), "{away:?}");
    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());
    cluster.start_again().await;
    assert_eq!(store.repositories().await.unwrap().len(), 1, "what was committed is there, without opening again");
}

#[tokio::test]
async fn body_parts_of_older_databases_are_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("registry.sqlite").display());
    older::body_parts_are_as_they_were_written(&url).await;
    let cluster = cluster::Cluster::start().await;
    older::body_parts_are_as_they_were_written(&cluster.database("older")).await;
}

#[tokio::test]
async fn other_identifiers_of_older_databases_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("registry.sqlite").display());
    older::other_identifiers_are_found(&url).await;
    let cluster = cluster::Cluster::start().await;
    older::other_identifiers_are_found(&cluster.database("older")).await;
}

#[tokio::test]
async fn requests_of_older_databases_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("registry.sqlite").display());
    older::requests_are_found(&url).await;
    let cluster = cluster::Cluster::start().await;
    older::requests_are_found(&cluster.database("older")).await;
}

#[tokio::test]
async fn reports_of_an_older_database_under_numbers_that_were_used_again_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("registry.sqlite").display());
    older::reports_under_numbers_that_were_used_again_stay_apart(&url).await;
    let cluster = cluster::Cluster::start().await;
    older::reports_under_numbers_that_were_used_again_stay_apart(&cluster.database("older")).await;
}

#[tokio::test]
async fn what_one_study_more_costs_does_not_grow_with_those_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let open =
        async |name: &str| Store::open(&format!("sqlite://{}", folder.path().join(name).display())).await.unwrap();
    growth::check(open("few.sqlite").await, open("many.sqlite").await).await;
}

#[tokio::test]
async fn each_named_search_uses_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("registry.sqlite").display());
    plans::check(Store::open(&url).await.unwrap()).await;
}

/// Stops all processes of a cluster where they are, or lets them go on.
fn stand_still(database: &str, still: bool) {
    let folder = database.split("host=").nth(1).unwrap().split('&').next().unwrap();
    let file = std::fs::read_to_string(format!("{folder}/data/postmaster.pid")).unwrap();
    let server = file.lines().next().unwrap();
    let children = std::process::Command::new("ps").args(["-o", "pid=", "--ppid", server]).output().unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    let all = std::iter::once(server).chain(children.split_whitespace());
    let signal = if still { "-STOP" } else { "-CONT" };
    assert!(std::process::Command::new("kill").arg(signal).args(all).status().unwrap().success());
}

/// A server that stands still, as one does whose machine or network went: it neither refuses nor answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_is_told_soon_of_a_server_that_stands_still_and_waits_for_one_that_is_busy() {
    let cluster = cluster::Cluster::start().await;
    let url = cluster.database("still");
    let store = Store::open(&url).await.unwrap();
    build::repository(&store, "north", "north").await;
    let _ = store.repositories().await.unwrap();
    stand_still(&url, true);
    let readers: Vec<_> = (0..40)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let began = std::time::Instant::now();
                (store.repositories().await.unwrap_err(), began.elapsed())
            })
        })
        .collect();
    for reader in readers {
        let (away, after) = reader.await.unwrap();
        assert!(away.is_outage(), "{away:?}");
        assert!(after < IN_TIME + Duration::from_secs(1), "{after:?}");
    }
    stand_still(&url, false);
    let began = std::time::Instant::now();
    while store.repositories().await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "it comes back by itself");
    }
    // All connections are in use for longer than anybody is patient: who waits is served.
    let url = cluster.database("busy");
    let store = Store::open(&url).await.unwrap();
    build::repository(&store, "north", "north").await;
    let mut lock = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE repository").execute(&mut lock).await.unwrap();
    let readers: Vec<_> = (0..40)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.repositories().await.map(|all| all.len()) })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(5)).await;
    sqlx::raw_sql("COMMIT").execute(&mut lock).await.unwrap();
    for reader in readers {
        assert_eq!(reader.await.unwrap().unwrap(), 1);
    }
}

#[tokio::test]
async fn an_address_of_neither_engine_is_refused() {
    let error = Store::open("mysql://localhost/registry").await.unwrap_err();
    assert!(matches!(error, index_store::StoreError::Address { .. }));
}

#[tokio::test]
async fn what_was_committed_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("registry.sqlite").display());
    let store = Store::open(&url).await.unwrap();
    build::repository(&store, "north", "north").await;
    store.close().await;
    assert!(store.repositories().await.is_err());
    let again = Store::open(&url).await.unwrap();
    assert_eq!(again.repositories().await.unwrap().len(), 1);
}
