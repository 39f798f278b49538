//! An inbox that keeps what it is given, and a receiver over it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use adapter_api::{Inbox, Object, ReportAnswer, Sender, StoreAnswer};
use adapter_dimse::{StoreScp, StoreScpOptions};
use async_trait::async_trait;
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
    async fn knows(&self, calling: &AeTitle) -> bool {
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

pub(crate) async fn receiver(answer: StoreAnswer, options: StoreScpOptions) -> Receiver {
    let known = ["PACS", "MODALITY", "STORESCU", "ECHOSCU"].map(ae).to_vec();
    let inbox =
        Arc::new(Kept { known, answer: Mutex::new(answer), objects: Mutex::default(), in_files: Mutex::default() });
    let scp = StoreScp::bind("127.0.0.1:0".parse().unwrap(), ae("DICS"), inbox.clone(), options).await.unwrap();
    let (addr, stop) = (scp.local_addr(), CancellationToken::new());
    let served = tokio::spawn(scp.run(stop.clone()));
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
