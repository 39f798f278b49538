//! Manifests: a base and what arrived since.

use index_store::{ManifestPhase, ManifestState, Store};

use crate::build::{NOW, instance, jane, series, study, two};

async fn a_fold_takes_the_entries_it_has_seen_and_leaves_the_others(store: Store) {
    let (north, _) = two(&store).await;
    let record = study("1.1", jane(), "");
    let one = |n: u32| instance(&north, &record, "1.1.1", &format!("9.{n}"), &format!("a{n}"));
    let key = store.index_instances(&[one(1), one(2)], NOW).await.unwrap()[0].series_key;
    let seen = store.manifest_state(key).await.unwrap().unwrap();
    assert_eq!((seen.version, seen.state, seen.pending, &seen.base_object), (0, ManifestPhase::Partial, 2, &None));
    store.index_instances(&[one(3)], NOW + 1).await.unwrap();

    let fold =
        |version| store.fold_manifest(key, version, "manifests/1", seen.last_entry_key, ManifestPhase::Partial, 2, NOW);
    assert!(fold(0).await.unwrap());
    assert!(!fold(0).await.unwrap(), "somebody folded it meanwhile");
    let state = store.manifest_state(key).await.unwrap().unwrap();
    let base_object = Some("manifests/1".to_owned());
    let last_entry_key = state.last_entry_key;
    assert_eq!(
        state,
        ManifestState { version: 1, state: ManifestPhase::Partial, base_object, pending: 1, last_entry_key }
    );
    assert!(last_entry_key > seen.last_entry_key);
    let pending = store.pending_entries(key).await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!((pending[0].entry_key, &pending[0].repository), (last_entry_key, &north));
    assert!(store.manifest_state(999).await.unwrap().is_none());
}

async fn series_are_folded_when_they_are_quiet_the_longest_waiting_first(store: Store) {
    let (north, _) = two(&store).await;
    let record = study("1.1", jane(), "");
    let arrive = |series_uid: &'static str, sop: &'static str, at| {
        let batch = [instance(&north, &record, series_uid, sop, sop)];
        let store = store.clone();
        async move { store.index_instances(&batch, at).await.unwrap()[0].series_key }
    };
    let late = arrive("1.1.1", "9.1", NOW + 20).await;
    let early = arrive("1.1.2", "9.2", NOW + 10).await;
    assert_eq!(store.series_to_fold(NOW + 10, 10).await.unwrap(), [0; 0]);
    assert_eq!(store.series_to_fold(NOW + 11, 10).await.unwrap(), [early]);
    assert_eq!(store.series_to_fold(NOW + 99, 10).await.unwrap(), [early, late]);
    assert_eq!(store.series_to_fold(NOW + 99, 1).await.unwrap(), [early]);
    let last = store.manifest_state(early).await.unwrap().unwrap().last_entry_key;
    store.fold_manifest(early, 0, "m", last, ManifestPhase::Complete, 1, NOW).await.unwrap();
    assert_eq!(store.series_to_fold(NOW + 99, 10).await.unwrap(), [late]);
}

async fn a_complete_manifest_is_partial_when_more_is_declared(store: Store) {
    let (north, _) = two(&store).await;
    let record = study("1.1", jane(), "");
    let key = store.index_study(&north, &record, &[series("1.1.1", "CT", 1)], NOW).await.unwrap().series_keys[0];
    assert_eq!(store.manifest_state(key).await.unwrap().unwrap().state, ManifestPhase::None);
    store.index_instances(&[instance(&north, &record, "1.1.1", "9.1", "")], NOW).await.unwrap();
    let seen = store.manifest_state(key).await.unwrap().unwrap();
    store.fold_manifest(key, 0, "m", seen.last_entry_key, ManifestPhase::Complete, 1, NOW).await.unwrap();
    store.index_study(&north, &record, &[series("1.1.1", "CT", 1)], NOW).await.unwrap();
    assert_eq!(store.manifest_state(key).await.unwrap().unwrap().state, ManifestPhase::Complete);

    store.index_study(&north, &record, &[series("1.1.1", "CT", 2)], NOW).await.unwrap();
    assert_eq!(store.series_by_key(key).await.unwrap().unwrap().manifest.state, ManifestPhase::Partial);
}

pub(crate) mod contract {
    crate::contract!(
        a_fold_takes_the_entries_it_has_seen_and_leaves_the_others,
        series_are_folded_when_they_are_quiet_the_longest_waiting_first,
        a_complete_manifest_is_partial_when_more_is_declared,
    );
}
