//! Senders of all kinds, each until it is told to stop: STOW-RS with rejections, C-STORE, reports and merges over MLLP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use dimse::StoreScu;
use dimse::message::{Outcome, Status};
use dimse::part10;
use index_model::AeTitle;
use serde_json::json;

use super::ledger::Ledger;
use super::objects::{Key, OVER_DIMSE, OVER_THE_WEB};
use crate::client::Client;
use crate::identity::message;
use crate::service::Service;

/// Instances of one study.
const OF_ONE_STUDY: u32 = 6;
/// Senders do not go faster than this, which keeps what is to be compared at the end within bounds.
const PACE: Duration = Duration::from_millis(10);
/// A sender that is refused or cut off waits for so long.
const PAUSE: Duration = Duration::from_millis(10);
/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the service is now.
#[derive(Debug, Clone)]
struct Place {
    http: String,
    dimse: u16,
    mllp: u16,
}

impl Place {
    fn of(service: &Service) -> Self {
        let http = format!("http://{}", service.client.address());
        Self { http, dimse: service.dimse_port, mllp: service.mllp_port }
    }
}

/// What every sender knows.
struct Shared {
    place: RwLock<Place>,
    ended: AtomicBool,
    ledger: Arc<Ledger>,
}

impl Shared {
    fn place(&self) -> Place {
        self.place.read().unwrap().clone()
    }

    fn goes_on(&self) -> bool {
        !self.ended.load(Ordering::Relaxed)
    }

    fn set_back(&self, sender: &'static str) {
        *self.ledger.entries().setbacks.entry(sender).or_default() += 1;
        std::thread::sleep(PAUSE);
    }
}

/// Senders at work.
pub(super) struct Traffic {
    shared: Arc<Shared>,
    senders: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// Registers who sends, and lets them.
    pub(super) fn start(service: &Service, ledger: &Arc<Ledger>) -> Self {
        service.register(&json!({
            "code": "north", "name": "North", "region": "North", "protocol": "push", "patientIdIssuer": "NORTH",
            "push": { "callingAeTitles": ["NORTH"] }, "hl7": { "sendingFacility": "0001", "accessionField": "OBR-18" },
        }));
        let place = RwLock::new(Place::of(service));
        let shared = Arc::new(Shared { place, ended: AtomicBool::new(false), ledger: Arc::clone(ledger) });
        let senders = [stow as fn(&Shared), c_store, messages].map(|send| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || send(&shared))
        });
        Self { shared, senders: senders.into() }
    }

    /// The service is at another place now.
    pub(super) fn moved(&self, service: &Service) {
        *self.shared.place.write().unwrap() = Place::of(service);
    }

    /// Waits for every sender to end what it has in hand.
    pub(super) fn stop(self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        self.senders.into_iter().for_each(|sender| sender.join().unwrap());
    }
}

/// Stores two instances at a time by STOW-RS and repeats nothing: what was not acknowledged may be there or not. Every other study's first
/// instance is rejected.
fn stow(shared: &Shared) {
    let mut client = Client::new(shared.place().http);
    for study in 1.. {
        for first in (1..=OF_ONE_STUDY).step_by(2) {
            if !shared.goes_on() {
                return;
            }
            let keys = [first, first + 1].map(|number| Key { sender: OVER_THE_WEB, study, number });
            let files = keys.map(|key| key.file(if study % 16 == 0 { 1024 } else { 24 }));
            shared.ledger.entries().sent.extend(keys.into_iter().zip(files.clone()));
            std::thread::sleep(PACE);
            match client.try_stow(&files) {
                Some(answer) => told(shared, &answer),
                None => {
                    shared.set_back("stow");
                    client = Client::new(shared.place().http);
                }
            }
        }
        let key = Key { sender: OVER_THE_WEB, study, number: 1 };
        if study % 2 == 0 && shared.ledger.entries().stored.contains(&key) {
            reject(shared, &client, key);
        }
    }
}

/// What a store response says is stored: ReferencedSOPSequence.
fn told(shared: &Shared, answer: &crate::client::Answer) {
    if !matches!(answer.status, 200 | 202) {
        return shared.set_back("stow");
    }
    let said = answer.json();
    let stored = said["00081199"]["Value"].as_array().cloned().unwrap_or_default();
    let uids = stored.iter().filter_map(|item| item["00081155"]["Value"][0].as_str());
    shared.ledger.entries().stored.extend(uids.filter_map(Key::of_sop));
}

fn reject(shared: &Shared, client: &Client, key: Key) {
    shared.ledger.entries().rejecting.insert(key);
    let body = format!("--k\r\nContent-Type: application/dicom+json\r\n\r\n{}\r\n--k--\r\n", key.rejection());
    let kind = "multipart/related; type=\"application/dicom+json\"; boundary=k";
    let answer = client.try_post("/dicom-web/studies", kind, body.into_bytes());
    if answer.is_some_and(|answer| answer.status == 200) {
        shared.ledger.entries().rejected.insert(key);
    }
}

/// Stores a study over one association, each instance until it is acknowledged.
fn c_store(shared: &Shared) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for study in 1.. {
            let mut open: Vec<Key> =
                (1..=OF_ONE_STUDY).rev().map(|number| Key { sender: OVER_DIMSE, study, number }).collect();
            while !open.is_empty() {
                if !shared.goes_on() {
                    return;
                }
                let sent = tokio::time::timeout(PATIENCE, associate(shared, &mut open)).await;
                sent.expect("an association that neither goes on nor ends");
                if !open.is_empty() {
                    shared.set_back("c-store");
                }
            }
        }
    });
}

/// Stores what is open until something goes wrong.
async fn associate(shared: &Shared, open: &mut Vec<Key>) {
    let title = |text: &str| AeTitle::parse(text).unwrap();
    let Some(first) = open.last() else { return };
    let (meta, _) = part10::split(&first.file(24)).unwrap();
    let peer = ("127.0.0.1", shared.place().dimse);
    let opened = StoreScu::open(peer, title("NORTH"), title("DICS"), [meta], Duration::from_secs(5)).await;
    let Ok(mut association) = opened else { return };
    while let Some(key) = open.last() {
        let file = key.file(24);
        shared.ledger.entries().sent.insert(*key, file.clone());
        tokio::time::sleep(PACE).await;
        match association.store(&file, None).await {
            Ok(status) if status.outcome() == Outcome::Success => shared.ledger.entries().stored.insert(*key),
            Ok(status) => {
                assert_eq!(status, Status::OUT_OF_RESOURCES, "the one way in which a good object is refused");
                return association.abort().await;
            }
            Err(_) => return,
        };
        open.pop();
    }
    association.release().await;
}

/// Two patients, a report on each, and the merge of both; each message again and again until it is acknowledged.
fn messages(shared: &Shared) {
    let mut connection = None;
    for number in 1.. {
        let (survivor, double) = (format!("S{number}"), format!("D{number}"));
        let pid = |id: &str| format!("PID|1||{id}^^^NORTH^MR||DURABLE^DORA||19700101|F");
        for patient in [&survivor, &double] {
            let words = format!("Report on {patient}.");
            let obr = format!("OBR|1||F{patient}|CT^CT HEAD||||||||||||||A{patient}|||||||F");
            let obx = format!("OBX|1|TX|R||{words}||||||F");
            let report = message("ORU^R01^ORU_R01", &format!("R{patient}"), &[&pid(patient), &obr, &obx]);
            if !until_accepted(shared, &mut connection, &report) {
                return;
            }
            shared.ledger.entries().reports.insert((patient.clone(), words));
        }
        let merge = ["MRG|", &double, "^^^NORTH^MR"].concat();
        let merge = message("ADT^A40^ADT_A39", &format!("M{number}"), &[&pid(&survivor), &merge]);
        if !until_accepted(shared, &mut connection, &merge) {
            return;
        }
        shared.ledger.entries().merges.insert((survivor, double));
    }
}

/// Whether a message was accepted before the end.
fn until_accepted(shared: &Shared, connection: &mut Option<TcpStream>, message: &[u8]) -> bool {
    while shared.goes_on() {
        std::thread::sleep(PACE);
        match exchange(shared, connection, message) {
            Ok(answer) if answer.contains("MSA|AA|") => return true,
            Ok(answer) if answer.contains("MSA|AR|") => assert!(answer.contains("|207^"), "{answer}"),
            Ok(answer) => assert!(answer.is_empty(), "{answer}"),
            Err(_) => {}
        }
        *connection = None;
        shared.set_back("messages");
    }
    false
}

fn exchange(shared: &Shared, connection: &mut Option<TcpStream>, message: &[u8]) -> std::io::Result<String> {
    let stream = match connection {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(("127.0.0.1", shared.place().mllp))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            connection.insert(stream)
        }
    };
    stream.write_all(&[b"\x0b", message, b"\x1c\r"].concat())?;
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while !answer.ends_with(b"\x1c\r") {
        match stream.read(&mut piece)? {
            0 => return Ok(String::new()),
            count => answer.extend_from_slice(&piece[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
