//! Of several nodes on one database, one alone does a job.

use std::time::Duration;

use index_store::{Store, SyncPhase};

use crate::build::{NOW, repository};

const LONG: Duration = Duration::from_secs(60);

async fn a_lease_is_one_holders_until_it_runs_out(store: Store) {
    assert!(store.take_lease("follow", "a", LONG).await.unwrap());
    assert!(!store.take_lease("follow", "b", LONG).await.unwrap());
    assert!(store.take_lease("another", "b", LONG).await.unwrap(), "each has its own");
    assert!(store.take_lease("follow", "a", LONG).await.unwrap(), "its holder may ask again");
    assert!(store.renew_lease("follow", "a", Duration::ZERO).await.unwrap());
    assert!(store.take_lease("follow", "b", LONG).await.unwrap(), "it has run out, as when a node dies");
    assert!(!store.renew_lease("follow", "a", LONG).await.unwrap(), "a holder that comes back finds it lost");
    store.give_lease_back("follow", "a").await.unwrap();
    assert!(!store.take_lease("follow", "c", LONG).await.unwrap(), "what another holds is not given back");
    store.give_lease_back("follow", "b").await.unwrap();
    assert!(store.take_lease("follow", "c", LONG).await.unwrap());
}

async fn of_many_who_ask_at_once_one_gets_the_lease(store: Store) {
    let asking = (0..16).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.take_lease("follow", &format!("node {n}"), LONG).await.unwrap() })
    });
    let mut got = 0;
    for asked in asking.collect::<Vec<_>>() {
        got += u32::from(asked.await.unwrap());
    }
    assert_eq!(got, 1);
}

async fn what_an_older_epoch_says_of_its_place_is_not_kept(store: Store) {
    let north = repository(&store, "neodin", "north").await;
    let mut first = store.begin_sync(&north).await.unwrap().unwrap();
    first.phase = SyncPhase::Following;
    assert!(store.save_sync(&north, &first).await.unwrap());
    let mut second = store.begin_sync(&north).await.unwrap().unwrap();
    assert_eq!(second.phase, SyncPhase::Following, "it goes on where the first one was");
    first.indexed = 7;
    assert!(!store.save_sync(&north, &first).await.unwrap());
    second.indexed = 8;
    second.cursor = Some("place".into());
    assert!(store.save_sync(&north, &second).await.unwrap());

    store.start_over(&north).await.unwrap();
    assert!(!store.save_sync(&north, &second).await.unwrap(), "the walk begins anew");
    let third = store.begin_sync(&north).await.unwrap().unwrap();
    assert_eq!((third.phase, third.indexed, third.cursor), (SyncPhase::Waiting, 0, None));

    store.set_paused(&north, true).await.unwrap();
    assert_eq!(store.begin_sync(&north).await.unwrap(), None);
    store.set_paused(&north, false).await.unwrap();
    assert!(store.begin_sync(&north).await.unwrap().is_some());
    store.retire_repository(&north, NOW).await.unwrap();
    assert_eq!(store.begin_sync(&north).await.unwrap(), None);
}

pub(crate) mod contract {
    crate::contract!(
        a_lease_is_one_holders_until_it_runs_out,
        of_many_who_ask_at_once_one_gets_the_lease,
        what_an_older_epoch_says_of_its_place_is_not_kept,
    );
}
