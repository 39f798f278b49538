//! The contract of every source over a DIMSE archive, by C-GET and by C-MOVE; and that a sender who vanishes is never told that something is stored.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use adapter_api::contract::{self, Conduct, Peer, Touched, Wire, WireFault};
use adapter_api::{ImagingSource, StoreAnswer};
use adapter_dimse::{DimseOptions, DimseSource};
use dimse::message::Status;
use dimse::{StoreScu, part10};
use fixtures::simulators::dimse::{Manners, Says, Stops};
use index_model::{RetrieveBy, Uid};

use crate::archive::data_sets;
use crate::corpus::{self, Archive, SERIES, SLICES, STUDY, ae, definition, slice, uid};
use crate::inbox::{Options, Receiver, receiver};

struct DimsePeer {
    archive: Archive,
    wire: Wire,
    receiver: Receiver,
    source: DimseSource,
    retrieve: RetrieveBy,
    spool: tempfile::TempDir,
    series: (Uid, Uid),
    /// Data sets by instance.
    held: BTreeMap<String, (String, Vec<u8>)>,
}

impl DimsePeer {
    async fn start(retrieve: RetrieveBy) -> Self {
        let receiver = receiver(StoreAnswer::Stored, Options::default()).await;
        let archive = corpus::archive(Manners::Good).await;
        archive.running.set_destination(ae("DICS"), receiver.addr);
        let wire = Wire::to(archive.running.addr).await.unwrap();
        let spool = tempfile::tempdir().unwrap();
        let options = DimseOptions {
            most_matches: 200,
            most_idle_responses: 200,
            spool_folder: spool.path().into(),
            ..DimseOptions::default()
        };
        let mut definition = definition(wire.addr.port(), retrieve);
        definition.concurrency = 1;
        let source = DimseSource::new(definition, ae("DICS"), options).unwrap();
        let files: Vec<_> = (1..=SLICES).map(slice).collect();
        let held = data_sets(files.iter().map(Vec::as_slice));
        Self { archive, wire, receiver, source, retrieve, spool, series: (uid(STUDY), uid(SERIES)), held }
    }
}

impl Peer for DimsePeer {
    fn source(&self) -> &dyn ImagingSource {
        &self.source
    }

    fn behave(&self, conduct: Conduct) -> Option<Touched> {
        let (manners, fault, touched) = match conduct {
            Conduct::Good => (Manners::Good, WireFault::None, Touched::ALL),
            Conduct::Fails => (Manners::Fails, WireFault::None, Touched::ALL),
            Conduct::Declines => (Manners::Rejects, WireFault::None, Touched::ALL),
            Conduct::SaysNothing => (Manners::Good, WireFault::Stalls, Touched::ALL),
            Conduct::Trickles if self.retrieve == RetrieveBy::Move => {
                (Manners::SlowWithoutPending(Duration::from_millis(200)), WireFault::None, Touched::RETRIEVE)
            }
            Conduct::GivesNothing => (Manners::Stops(Stops::at(0, Says::All)), WireFault::None, Touched::SEARCH),
            Conduct::GivesAnother => (Manners::WrongIdentifiers, WireFault::None, Touched::SEARCH),
            Conduct::GivesFewer => (Manners::OnlySomeSilently(6), WireFault::None, Touched::RETRIEVE),
            Conduct::Repeats => (Manners::Repeats, WireFault::None, Touched::ALL),
            Conduct::Endless => (Manners::EndlessPending, WireFault::None, Touched::ALL),
            Conduct::GivesAPage => (Manners::Html, WireFault::None, Touched::ALL),
            Conduct::Breaks(after) => (Manners::Good, WireFault::BreaksAnswers(after), Touched::ALL),
            Conduct::Gone => (Manners::Good, WireFault::Closed, Touched::ALL),
            // A data set that ends early is a message like any other here; the scan of every object finds it.
            Conduct::Trickles | Conduct::Truncates => return None,
        };
        self.archive.running.behave(manners);
        self.wire.put(fault);
        Some(touched)
    }

    fn series(&self) -> (&Uid, &Uid) {
        (&self.series.0, &self.series.1)
    }

    fn instances(&self) -> Vec<(Uid, Option<String>)> {
        self.held.keys().map(|instance| (uid(instance), None)).collect()
    }

    fn recognise(&self, object: &[u8]) -> Option<Uid> {
        let (meta, start) = part10::split(object).ok()?;
        let (syntax, data_set) = self.held.get(meta.sop_instance.as_str())?;
        (*syntax == meta.transfer_syntax && *data_set == object[start..]).then_some(meta.sop_instance)
    }

    fn delivered(&self) -> Vec<Uid> {
        let came = std::mem::take(&mut *self.receiver.inbox.objects.lock().unwrap());
        came.iter().map(|(_, object)| self.recognise(object).expect("a whole object")).collect()
    }

    fn spool(&self) -> &Path {
        self.spool.path()
    }

    fn secrets(&self) -> Vec<String> {
        vec!["bvre".into(), "Renée".into(), "Lef".into()]
    }
}

#[tokio::test]
async fn an_archive_that_fails_or_declines_keeps_to_the_contract() {
    for retrieve in [RetrieveBy::Get, RetrieveBy::Move] {
        contract::failing(&DimsePeer::start(retrieve).await).await;
    }
}

#[tokio::test]
async fn a_slow_archive_keeps_to_the_contract() {
    for retrieve in [RetrieveBy::Get, RetrieveBy::Move] {
        contract::slow(&DimsePeer::start(retrieve).await).await;
    }
}

#[tokio::test]
async fn a_lying_archive_keeps_to_the_contract() {
    for retrieve in [RetrieveBy::Get, RetrieveBy::Move] {
        contract::lying(&DimsePeer::start(retrieve).await).await;
    }
}

#[tokio::test]
async fn an_archive_that_vanishes_keeps_to_the_contract() {
    for retrieve in [RetrieveBy::Get, RetrieveBy::Move] {
        contract::vanishing(&DimsePeer::start(retrieve).await).await;
    }
}

/// Wherever the connection breaks: what was acknowledged is kept whole, and what was not whole is not kept.
#[tokio::test]
async fn a_sender_that_vanishes_in_an_object_leaves_nothing_and_is_told_nothing() {
    let to = receiver(StoreAnswer::Stored, Options::default()).await;
    let wire = Wire::to(to.addr).await.unwrap();
    let file = slice(1);
    let sent = data_sets([&file[..]]);
    let meta = || vec![part10::split(&file).unwrap().0];
    let limit = Duration::from_secs(10);
    for after in (0..2_600).step_by(130) {
        wire.put(WireFault::BreaksQuestions(after));
        let answered =
            match StoreScu::open(("127.0.0.1", wire.addr.port()), ae("MODALITY"), ae("DICS"), meta(), limit).await {
                Ok(mut scu) => scu.store(&file, None).await.ok(),
                Err(_) => None,
            };
        let kept = std::mem::take(&mut *to.inbox.objects.lock().unwrap());
        assert!(kept.iter().all(|(_, object)| data_sets([&object[..]]) == sent), "half an object after {after} bytes");
        assert!(answered != Some(Status::SUCCESS) || kept.len() == 1, "acknowledged and not kept after {after} bytes");
    }
    wire.put(WireFault::None);
    let mut scu =
        StoreScu::open(("127.0.0.1", wire.addr.port()), ae("MODALITY"), ae("DICS"), meta(), limit).await.unwrap();
    assert_eq!(scu.store(&file, None).await.unwrap(), Status::SUCCESS);
    assert_eq!(to.count(), 1, "and the next sender is served");
}
