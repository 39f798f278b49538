//! An inbox that keeps what it is given, and a receiver over it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use adapter_api::{Inbox, Object, ReportAnswer, Sender, StoreAnswer};
use adapter_dimse::{StoreOptions, StoreService};
use async_trait::async_trait;
use dimse::{Listener, ListenerOptions};
use index_model::{AeTitle, ReportRecord, RepositoryCode, RepositoryDefinition};
use tokio_util::sync::CancellationToken;

use crate::corpus::ae;

#[derive(Debug)]
pub(crate) struct Kept {
    known: Vec<AeTitle>,
    pub(crate) answer: Mutex<StoreAnswer>,
    pub(crate) objects: Mutex<Vec<(Sender, Vec<u8>)>>,
    pub(crate) in_files: Mutex<usize>,
}

#[async_trait]
impl Inbox for Kept {
    async fn knows(&self, calling: &AeTitle, _: std::net::IpAddr) -> bool {
        self.known.contains(calling)
    }

    async fn store(&self, from: &Sender, object: Object) -> StoreAnswer {
        *self.in_files.lock().unwrap() += usize::from(object.path().is_some());
        self.objects.lock().unwrap().push((from.clone(), object.to_vec()));
        self.answer.lock().unwrap().clone()
    }

    async fn facility(&self, _sending_facility: &str) -> Option<RepositoryDefinition> {
        None
    }

    async fn accept_report(&self, _from: &RepositoryCode, _report: ReportRecord, _message: &[u8]) -> ReportAnswer {
        ReportAnswer::NotAuthorised
    }
}

/// A receiver that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) addr: SocketAddr,
    pub(crate) inbox: Arc<Kept>,
    pub(crate) stop: CancellationToken,
    pub(crate) served: Option<tokio::task::JoinHandle<()>>,
}

/// How the receiver and its listener are set up.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) store: StoreOptions,
    pub(crate) listener: ListenerOptions,
}

pub(crate) async fn receiver(answer: StoreAnswer, options: Options) -> Receiver {
    let known = ["PACS", "MODALITY", "STORESCU", "ECHOSCU"].map(ae).to_vec();
    let inbox =
        Arc::new(Kept { known, answer: Mutex::new(answer), objects: Mutex::default(), in_files: Mutex::default() });
    let service = Arc::new(StoreService::new(inbox.clone(), options.store));
    let listen = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(listen, ae("DICS"), vec![service], options.listener).await.unwrap();
    let (addr, stop) = (listener.local_addr(), CancellationToken::new());
    let served = tokio::spawn(listener.run(stop.clone()));
    Receiver { addr, inbox, stop, served: Some(served) }
}

impl Receiver {
    pub(crate) fn count(&self) -> usize {
        self.inbox.objects.lock().unwrap().len()
    }

    /// The objects, as files whose headers name their sender.
    pub(crate) fn objects(&self) -> Vec<Vec<u8>> {
        self.inbox.objects.lock().unwrap().iter().map(|(_, bytes)| bytes.clone()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
