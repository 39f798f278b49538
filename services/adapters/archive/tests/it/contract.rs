//! The contract of every source over a bucket, over zipped studies in one, and over a folder.

use std::path::Path;
use std::sync::Arc;

use adapter_api::ImagingSource;
use adapter_api::contract::{self, Conduct, Peer, Touched};
use adapter_archive::{ArchiveOptions, ArchiveSource};
use index_model::Uid;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::fickle::Fickle;
use crate::place::{definition, options, source, write};
use crate::zipped::{Zip, member};

const OBJECTS: u8 = 4;

fn object(number: u8) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..3_000_usize).map(|at| (at * usize::from(number)) as u8).collect();
    bytes[128..132].copy_from_slice(b"DICM");
    bytes
}

fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

/// A place with four objects.
struct Archive<B> {
    source: ArchiveSource,
    behave: B,
    /// Their names.
    keys: Vec<String>,
    spool: tempfile::TempDir,
    series: (Uid, Uid),
}

impl<B> Archive<B> {
    fn new(spool: tempfile::TempDir, source: ArchiveSource, keys: Vec<String>, behave: B) -> Self {
        Self { source, behave, keys, spool, series: (uid("1.2.3"), uid("1.2.3.4")) }
    }
}

impl<B: Fn(Conduct) -> Option<Touched> + Send + Sync> Peer for Archive<B> {
    fn source(&self) -> &dyn ImagingSource {
        &self.source
    }

    fn behave(&self, conduct: Conduct) -> Option<Touched> {
        (self.behave)(conduct)
    }

    fn series(&self) -> (&Uid, &Uid) {
        (&self.series.0, &self.series.1)
    }

    fn instances(&self) -> Vec<(Uid, Option<String>)> {
        (1..=OBJECTS)
            .zip(&self.keys)
            .map(|(number, key)| (uid(&format!("1.2.3.4.{number}")), Some(key.clone())))
            .collect()
    }

    fn recognise(&self, bytes: &[u8]) -> Option<Uid> {
        (1..=OBJECTS).find(|number| object(*number) == bytes).map(|number| uid(&format!("1.2.3.4.{number}")))
    }

    fn spool(&self) -> &Path {
        self.spool.path()
    }

    /// A key may be a patient's name.
    fn secrets(&self) -> Vec<String> {
        vec!["Sentinel".into()]
    }
}

fn spooled(spool: &tempfile::TempDir) -> ArchiveOptions {
    ArchiveOptions { spool_folder: spool.path().into(), ..options() }
}

async fn bucket() -> Archive<impl Fn(Conduct) -> Option<Touched> + Send + Sync> {
    let (store, spool) = (InMemory::new(), tempfile::tempdir().unwrap());
    let keys: Vec<String> = (1..=OBJECTS).map(|number| format!("images/Sentinel/{number}.dcm")).collect();
    for (number, key) in (1..).zip(&keys) {
        store.put(&key.as_str().into(), object(number).into()).await.unwrap();
    }
    let fickle = Arc::new(Fickle::new(store));
    let source = ArchiveSource::in_store(
        &definition("s3://b"),
        Arc::clone(&fickle) as Arc<dyn ObjectStore>,
        "images",
        spooled(&spool),
    );
    Archive::new(spool, source, keys, move |conduct| fickle.behave(conduct, false))
}

async fn zipped() -> Archive<impl Fn(Conduct) -> Option<Touched> + Send + Sync> {
    let (store, spool) = (InMemory::new(), tempfile::tempdir().unwrap());
    let files: Vec<_> = (1..=OBJECTS).map(object).collect();
    let zip = Zip::of(&files.iter().map(|file| member("Sentinel", file)).collect::<Vec<_>>());
    store.put(&"images/Sentinel.zip".into(), zip.into()).await.unwrap();
    let keys = (0..OBJECTS).map(|number| format!("images/Sentinel.zip//{number}")).collect();
    let fickle = Arc::new(Fickle::new(store));
    let source = ArchiveSource::in_store(
        &definition("s3://b"),
        Arc::clone(&fickle) as Arc<dyn ObjectStore>,
        "images",
        spooled(&spool),
    );
    Archive::new(spool, source, keys, move |conduct| fickle.behave(conduct, true))
}

fn folder() -> Archive<impl Fn(Conduct) -> Option<Touched> + Send + Sync> {
    let (place, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = place.path().join("archive");
    let keys: Vec<String> = (1..=OBJECTS).map(|number| format!("Sentinel/{number}.dcm")).collect();
    (1..).zip(&keys).for_each(|(number, key)| write(&root, key, &object(number)));
    let (source, last) = (source(&root, spooled(&spool)), root.join(&keys[3]));
    let away = place.path().join("unmounted");
    let behave = move |conduct| {
        let _ = &place;
        if away.exists() {
            std::fs::rename(&away, &root).unwrap();
        }
        if !last.exists() {
            std::fs::write(&last, object(OBJECTS)).unwrap();
        }
        match conduct {
            Conduct::Good => Some(Touched::ALL),
            Conduct::Gone => std::fs::rename(&root, &away).map(|()| Touched::ALL).ok(),
            Conduct::GivesFewer => std::fs::remove_file(&last).map(|()| Touched::RETRIEVE).ok(),
            _ => None,
        }
    };
    Archive::new(spool, source, keys, behave)
}

#[tokio::test]
async fn a_bucket_that_fails_or_declines_keeps_to_the_contract() {
    contract::failing(&bucket().await).await;
    contract::failing(&zipped().await).await;
}

#[tokio::test]
async fn a_slow_bucket_keeps_to_the_contract() {
    contract::slow(&bucket().await).await;
    contract::slow(&zipped().await).await;
}

#[tokio::test]
async fn a_lying_bucket_or_folder_keeps_to_the_contract() {
    contract::lying(&bucket().await).await;
    contract::lying(&zipped().await).await;
    contract::lying(&folder()).await;
}

#[tokio::test]
async fn a_bucket_or_folder_that_vanishes_keeps_to_the_contract() {
    contract::vanishing(&bucket().await).await;
    contract::vanishing(&zipped().await).await;
    contract::vanishing(&folder()).await;
}
