//! Small objects, whose bytes are in the index.

use std::sync::Arc;

use index_store::{NewInstance, Outcome, Store};

use crate::build::{NOW, instance, jane, study, two};

async fn bytes_are_there_with_the_entry_that_names_them_and_not_without(store: Store) {
    let (north, _) = two(&store).await;
    let small = |sop: &str, name: &str, sha256: &str, bytes: &[u8]| {
        let mut new: NewInstance = instance(&north, &study("1.1", jane(), "20260101"), "1.1.1", sop, sha256);
        Arc::make_mut(&mut new.entry).object = Some(name.to_owned());
        new.small = Some(bytes.to_vec());
        new
    };
    let batch = [
        small("9.1", "small/a", "a", b"one\0\xff"),
        small("9.2", "small/b", "b", b"two"),
        small("9.1", "small/c", "a", b"one\0\xff"),
        small("9.1", "small/d", "d", b"other"),
    ];
    let outcomes =
        |indexed: Vec<index_store::InstanceIndexed>| indexed.into_iter().map(|one| one.outcome).collect::<Vec<_>>();
    use Outcome as O;
    assert_eq!(outcomes(store.index_instances(&batch, NOW).await.unwrap()), [O::New, O::New, O::Repeat, O::Conflict]);
    let there = async |name: &str| store.small_object(name).await.unwrap();
    assert_eq!(there("small/a").await.as_deref(), Some(b"one\0\xff".as_slice()));
    assert_eq!(there("small/b").await.as_deref(), Some(b"two".as_slice()));
    assert_eq!(there("small/c").await, None, "nothing names it");
    assert_eq!(there("small/d").await.as_deref(), Some(b"other".as_slice()), "other bytes are kept beside");
    // What was sent again as it stands beside is not kept twice.
    let again = [small("9.1", "small/e", "d", b"other"), small("9.2", "small/f", "b", b"two")];
    assert_eq!(outcomes(store.index_instances(&again, NOW).await.unwrap()), [O::Conflict, O::Repeat]);
    assert_eq!((there("small/e").await, there("small/f").await), (None, None));

    store.remove_small_objects(&["small/a", "small/gone"]).await.unwrap();
    assert_eq!((there("small/a").await, there("small/b").await.is_some()), (None, true));
    assert_eq!(store.small_objects().await.unwrap(), 2);
}

pub(crate) mod contract {
    crate::contract!(bytes_are_there_with_the_entry_that_names_them_and_not_without);
}
