//! How fast C-STORE goes over loopback into an inbox that keeps nothing: the cost of the protocol alone.
//!
//! `cargo run --release -p adapter-dimse --example store_throughput [seconds]`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adapter_api::{Inbox, Object, ReportAnswer, Sender, StoreAnswer};
use adapter_dimse::{StoreOptions, StoreService};
use async_trait::async_trait;
use dimse::part10::{self, Meta};
use dimse::{Listener, ListenerOptions, StoreScu};
use index_model::{AeTitle, ReportRecord, RepositoryCode, RepositoryDefinition, Uid};
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
struct Nothing;

#[async_trait]
impl Inbox for Nothing {
    async fn knows(&self, _calling: &AeTitle, _from: std::net::IpAddr) -> bool {
        true
    }

    async fn store(&self, _from: &Sender, _object: Object) -> StoreAnswer {
        StoreAnswer::Stored
    }

    async fn facility(&self, _sending_facility: &str) -> Option<RepositoryDefinition> {
        None
    }

    async fn accept_report(&self, _from: &RepositoryCode, _report: ReportRecord, _message: &[u8]) -> ReportAnswer {
        ReportAnswer::NotAuthorised
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let seconds = std::env::args().nth(1).map_or(Ok(3), |text| text.parse())?;
    let own = AeTitle::parse("DICS")?;
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let service = Arc::new(StoreService::new(Arc::new(Nothing), StoreOptions::default()));
    let scp = Listener::bind(listen, own, vec![service], ListenerOptions::default()).await?;
    let port = scp.local_addr().port();
    println!("127.0.0.1:{port}");
    let stop = CancellationToken::new();
    let served = tokio::spawn(scp.run(stop.clone()));
    for (what, bytes) in [("2 KB", 2 << 10), ("0.5 MB", 512 << 10), ("20 MB", 20 << 20)] {
        for associations in [1, 4] {
            let begun = Instant::now();
            let until = begun + Duration::from_secs(seconds);
            let senders: Vec<_> = (0..associations).map(|_| tokio::spawn(send(port, bytes, until))).collect();
            let mut sent = 0;
            for sender in senders {
                sent += sender.await??;
            }
            let rate = f64::from(sent) / begun.elapsed().as_secs_f64();
            let megabytes = rate * f64::from(bytes) / 1e6;
            println!("{what:>7} x {associations} associations: {rate:9.0} objects/s {megabytes:7.0} MB/s");
        }
    }
    if std::env::args().nth(2).is_some() {
        tokio::signal::ctrl_c().await?;
    }
    stop.cancel();
    Ok(served.await?)
}

async fn send(port: u16, bytes: u32, until: Instant) -> Result<u32, Failure> {
    let meta = Meta {
        sop_class: Uid::parse("1.2.840.10008.5.1.4.1.1.2")?,
        sop_instance: Uid::parse("2.25.1")?,
        transfer_syntax: "1.2.840.10008.1.2.1".into(),
    };
    let title = AeTitle::parse("MODALITY")?;
    let mut object = part10::header(&meta, &title);
    object.resize(object.len() + usize::try_from(bytes)?, 0x5A);
    let called = AeTitle::parse("DICS")?;
    let mut scu = StoreScu::open(("127.0.0.1", port), title, called, [meta], Duration::from_secs(10)).await?;
    let mut sent = 0;
    while Instant::now() < until {
        let status = scu.store(&object, None).await?;
        if status.0 != 0 {
            return Err(format!("refused: {status}").into());
        }
        sent += 1;
    }
    scu.release().await;
    Ok(sent)
}
