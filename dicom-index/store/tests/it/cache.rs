//! What was fetched is counted, leaves when nobody looked at it for longest, and never when it was sent to us.

use index_model::RepositoryCode;
use index_store::{Eviction, FetchedSeries, ManifestPhase, NewInstance, Outcome, Store};

use crate::build::{NOW, instance, jane, study, two, uid};

fn fetched(repository: &RepositoryCode, series: &str, sop: &str) -> NewInstance {
    NewInstance { fetched: true, ..sent(repository, series, sop) }
}

fn sent(repository: &RepositoryCode, series: &str, sop: &str) -> NewInstance {
    instance(repository, &study("1.1", jane(), ""), series, sop, sop)
}

/// Takes instances in, and folds their series; its key.
async fn folded(store: &Store, batch: &[NewInstance], at_ms: i64) -> i64 {
    let key = store.index_instances(batch, at_ms).await.unwrap()[0].series_key;
    let seen = store.manifest_state(key).await.unwrap().unwrap();
    let fold = store.fold_manifest(key, seen.version, "base", seen.last_entry_key, ManifestPhase::Complete, 1, at_ms);
    assert!(fold.await.unwrap());
    key
}

async fn idle(store: &Store) -> Vec<FetchedSeries> {
    store.fetched_series(NOW + 1_000, None, 10).await.unwrap()
}

async fn evict(store: &Store, series: &FetchedSeries) -> bool {
    store.doom(&["new", "new index"], series.series_key, NOW).await.unwrap();
    let instances = store.fetched_instances(series.series_key).await.unwrap();
    let from_version = store.manifest_state(series.series_key).await.unwrap().unwrap().version;
    let (base, replaced) = (("new", "new index"), ("base", "base index"));
    let eviction = Eviction { series, from_version, base, replaced, instances: &instances };
    store.evict(&eviction, NOW).await.unwrap()
}

async fn what_was_fetched_is_counted_and_the_longest_unused_comes_first(store: Store) {
    let (north, south) = two(&store).await;
    let early = folded(&store, &[fetched(&north, "1.1.1", "9.1"), fetched(&north, "1.1.1", "9.2")], NOW).await;
    let late = folded(&store, &[fetched(&north, "1.1.2", "9.3")], NOW + 10).await;
    folded(&store, &[sent(&south, "1.1.3", "9.4")], NOW).await;
    assert_eq!(store.fetched_bytes().await.unwrap(), 300);
    let keys = |series: Vec<FetchedSeries>| series.iter().map(|one| one.series_key).collect::<Vec<_>>();
    assert_eq!(keys(idle(&store).await), [early, late]);
    assert_eq!(keys(store.fetched_series(NOW + 5, None, 10).await.unwrap()), [early]);
    assert_eq!(keys(store.fetched_series(NOW + 1_000, Some((NOW, early)), 10).await.unwrap()), [late]);
    store.note_uses(&[(early, NOW + 20), (late, NOW + 5)]).await.unwrap();
    assert_eq!(keys(idle(&store).await), [late, early], "an earlier use changes nothing");
}

async fn evicted_bytes_are_forgotten_doomed_and_taken_in_again(store: Store) {
    let (north, _) = two(&store).await;
    let key = folded(&store, &[fetched(&north, "1.1.1", "9.1"), fetched(&north, "1.1.1", "9.2")], NOW).await;
    let series = idle(&store).await.remove(0);
    assert!(evict(&store, &series).await);
    assert_eq!(store.fetched_bytes().await.unwrap(), 0);
    let row = store.series_by_key(key).await.unwrap().unwrap();
    assert_eq!((row.number_of_instances, row.held), (2, 0), "known, and not held");
    assert_eq!(store.copies_of_series(key).await.unwrap()[0].held, 0);
    assert_eq!(store.manifest_state(key).await.unwrap().unwrap().base_object.as_deref(), Some("new"));
    let mut doomed = store.take_doomed(NOW, 10).await.unwrap();
    doomed.sort();
    assert_eq!(doomed, ["base", "base index", "objects/9.1/neodin", "objects/9.2/neodin"]);

    let again = store.index_instances(&[fetched(&north, "1.1.1", "9.1")], NOW + 1).await.unwrap();
    assert_eq!(again[0].outcome, Outcome::Upgraded);
    assert_eq!(store.fetched_bytes().await.unwrap(), 100);
}

async fn what_is_sent_to_us_stays_also_when_it_was_fetched_before(store: Store) {
    let (north, south) = two(&store).await;
    let key = folded(&store, &[fetched(&north, "1.1.1", "9.1"), fetched(&north, "1.1.1", "9.2")], NOW).await;
    let repeat = store.index_instances(&[sent(&south, "1.1.1", "9.1")], NOW).await.unwrap();
    assert_eq!(repeat[0].outcome, Outcome::Repeat);
    assert_eq!(store.fetched_bytes().await.unwrap(), 100);
    let left = store.fetched_instances(key).await.unwrap();
    assert_eq!(left.iter().map(|one| one.sop_instance_uid.as_str()).collect::<Vec<_>>(), ["9.2"]);
    // The other way about, and both at once.
    let batch = [sent(&south, "1.1.2", "9.3"), fetched(&north, "1.1.2", "9.3")];
    store.index_instances(&batch, NOW).await.unwrap();
    let batch = [fetched(&north, "1.1.3", "9.4"), sent(&south, "1.1.3", "9.4")];
    store.index_instances(&batch, NOW).await.unwrap();
    assert_eq!(store.fetched_bytes().await.unwrap(), 100);
}

async fn nothing_leaves_that_was_used_or_has_changed_meanwhile(store: Store) {
    let (north, south) = two(&store).await;
    let key = folded(&store, &[fetched(&north, "1.1.1", "9.1")], NOW).await;
    let series = idle(&store).await.remove(0);
    store.note_uses(&[(key, NOW + 1)]).await.unwrap();
    assert!(!evict(&store, &series).await, "somebody looks at it");
    let series = idle(&store).await.remove(0);
    store.index_instances(&[fetched(&north, "1.1.1", "9.2")], NOW).await.unwrap();
    assert!(!evict(&store, &series).await, "it grows");
    let key = folded(&store, &[fetched(&north, "1.1.2", "9.3")], NOW).await;
    let series = idle(&store).await.into_iter().find(|one| one.series_key == key).unwrap();
    let instances = store.fetched_instances(key).await.unwrap();
    store.index_instances(&[sent(&south, "1.1.2", "9.3")], NOW).await.unwrap();
    let (base, replaced) = (("new", "new index"), ("base", "base index"));
    let eviction = Eviction { series: &series, from_version: 1, base, replaced, instances: &instances };
    assert!(!store.evict(&eviction, NOW).await.unwrap(), "it was sent to us meanwhile");
    assert_eq!(store.series_by_key(key).await.unwrap().unwrap().held, 1);
}

async fn a_manifest_that_was_doomed_and_taken_is_not_put_in_force(store: Store) {
    let (north, _) = two(&store).await;
    folded(&store, &[fetched(&north, "1.1.1", "9.1")], NOW).await;
    let series = idle(&store).await.remove(0);
    store.doom(&["new", "new index"], series.series_key, NOW).await.unwrap();
    assert_eq!(store.take_doomed(NOW - 1, 10).await.unwrap(), [""; 0], "whoever writes it has time for it");
    assert_eq!(store.take_doomed(NOW, 10).await.unwrap().len(), 2, "it is swept when its writer is gone");
    assert!(!evict(&store, &series).await);
    assert_eq!(store.fetched_bytes().await.unwrap(), 100);
    assert_eq!(store.take_doomed(NOW, 10).await.unwrap().len(), 2, "until its bytes are gone");
    store.forget_doomed(&["new".into(), "new index".into()]).await.unwrap();
    assert_eq!(store.take_doomed(NOW, 10).await.unwrap(), [""; 0]);
}

async fn what_is_committed_to_is_held_and_does_not_leave_any_more(store: Store) {
    let (north, _) = two(&store).await;
    folded(&store, &[fetched(&north, "1.1.1", "9.1"), fetched(&north, "1.1.1", "9.2")], NOW).await;
    store.index_instances(&[instance(&north, &study("1.1", jane(), ""), "1.1.1", "9.3", "")], NOW).await.unwrap();
    let asked = ["9.1", "9.3", "9.4"].map(uid);
    let held = store.commit_to(&asked).await.unwrap();
    assert_eq!(held.keys().map(|uid| uid.as_str()).collect::<Vec<_>>(), ["9.1"], "not a header alone");
    assert_eq!(store.fetched_bytes().await.unwrap(), 100);
    let left = store.fetched_instances(idle(&store).await[0].series_key).await.unwrap();
    assert_eq!(left.iter().map(|one| one.sop_instance_uid.as_str()).collect::<Vec<_>>(), ["9.2"]);
    // Another object of the identifier came: whoever asks may have that one.
    let other = instance(&north, &study("1.1", jane(), ""), "1.1.1", "9.1", "other bytes");
    assert_eq!(store.index_instances(&[other], NOW).await.unwrap()[0].outcome, Outcome::Conflict);
    assert!(store.commit_to(&asked).await.unwrap().is_empty());
}

async fn doomed_bytes_wait_while_somebody_reads_the_series(store: Store) {
    let (north, _) = two(&store).await;
    let batch = [fetched(&north, "1.1.1", "9.1"), fetched(&north, "1.1.1", "9.2")];
    let key = folded(&store, &batch, NOW).await;
    store.doom(&["old"], key, NOW).await.unwrap();
    store.note_uses(&[(key, NOW + 50)]).await.unwrap();
    assert_eq!(store.take_doomed(NOW + 49, 10).await.unwrap(), [""; 0]);
    assert_eq!(store.take_doomed(NOW + 50, 10).await.unwrap(), ["old"]);
}

pub(crate) mod contract {
    crate::contract!(
        what_was_fetched_is_counted_and_the_longest_unused_comes_first,
        evicted_bytes_are_forgotten_doomed_and_taken_in_again,
        what_is_sent_to_us_stays_also_when_it_was_fetched_before,
        nothing_leaves_that_was_used_or_has_changed_meanwhile,
        a_manifest_that_was_doomed_and_taken_is_not_put_in_force,
        what_is_committed_to_is_held_and_does_not_leave_any_more,
        doomed_bytes_wait_while_somebody_reads_the_series,
    );
}
