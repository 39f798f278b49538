//! The listener as its senders see it: over a loopback connection.
#![expect(clippy::unwrap_used, reason = "tests")]

mod inbox;
mod province;
mod tls;
mod vanishing;

use std::sync::Arc;
use std::time::Duration;

use adapter_hl7::{MllpListener, MllpOptions};
use index_model::ReportStatus;
use runtime::{Clock, CpuPool};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use inbox::TestInbox;

struct Server {
    address: std::net::SocketAddr,
    inbox: Arc<TestInbox>,
    cancelled: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(options: MllpOptions) -> Self {
        Self::start_with(options, None).await
    }

    async fn start_with(options: MllpOptions, tls: Option<adapter_hl7::Tls>) -> Self {
        let inbox = Arc::new(TestInbox::default());
        let options = MllpOptions { clock: Clock::fixed(0), ..options };
        let listener =
            MllpListener::bind("127.0.0.1:0".parse().unwrap(), Arc::clone(&inbox) as _, options).await.unwrap();
        let listener = match tls {
            Some(tls) => listener.within(tls),
            None => listener,
        };
        let (address, cancelled) = (listener.local_addr().unwrap(), CancellationToken::new());
        let task = tokio::spawn(listener.run(cancelled.clone()));
        Self { address, inbox, cancelled, task }
    }

    async fn connect(&self) -> Sender {
        Sender(TcpStream::connect(self.address).await.unwrap())
    }

    async fn stop(self) -> Arc<TestInbox> {
        self.cancelled.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap();
        self.inbox
    }
}

struct Sender<S = TcpStream>(S);

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Sender<S> {
    async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next acknowledgement's MSA segment and error code, or `None` when the connection ended.
    async fn answer(&mut self) -> Option<String> {
        let mut answer = Vec::new();
        let read = async {
            while !answer.ends_with(b"\x1C\r") {
                match self.0.read_u8().await {
                    Ok(byte) => answer.push(byte),
                    Err(_) => return None,
                }
            }
            Some(())
        };
        tokio::time::timeout(Duration::from_secs(10), read).await.unwrap()?;
        let text = String::from_utf8(answer).unwrap();
        let field = |name: &str, from: usize, to: usize| {
            let segment = text.split('\r').find(|segment| segment.starts_with(name))?;
            Some(segment.split('|').skip(from).take(to - from).collect::<Vec<_>>().join("|"))
        };
        let error = field("ERR", 2, 4).map(|error| format!(" {error}")).unwrap_or_default();
        Some(field("MSA", 1, 3)? + &error)
    }
}

fn message(control_id: &str, facility: &str, modes: &str, text: &str) -> Vec<u8> {
    let lines = [
        format!(
            "MSH|^~\\&|RIS|{facility}|DICS|ON|20260110093000-0500||ORU^R01^ORU_R01|{control_id}|P|2.5|||{modes}||UNICODE UTF-8"
        ),
        "PID|1||555001^^^NORTH^MR||ESSAI^GENEVIÈVE||19700101|F".to_owned(),
        "OBR|1|P77|F88|CTHEAD^CT HEAD||||||||||||||ACC123|||||||F".to_owned(),
        format!("OBX|1|TX|R||{text}||||||F"),
    ];
    lines.join("\r").into_bytes()
}

fn framed(message: &[u8]) -> Vec<u8> {
    [b"\x0B", message, b"\x1C\r"].concat()
}

#[tokio::test]
async fn a_report_is_committed_before_it_is_acknowledged() {
    let server = Server::start(MllpOptions::default()).await;
    let mut sender = server.connect().await;
    sender.write(&framed(&message("A1", "0001", "|", "words"))).await;
    assert_eq!(sender.answer().await.as_deref(), Some("AA|A1"));
    let reports = server.inbox.reports();
    assert_eq!((reports[0].status, reports[0].text.expose().as_str()), (ReportStatus::Final, "words"));
    server.stop().await;
}

#[tokio::test]
async fn messages_arrive_whole_whatever_the_packets_are() {
    let server = Server::start(MllpOptions::default()).await;
    let mut sender = server.connect().await;
    let two = [framed(&message("A1", "0001", "|", "one")), framed(&message("A2", "0001", "|", "two"))].concat();
    sender.write(&two).await;
    assert_eq!(sender.answer().await.as_deref(), Some("AA|A1"));
    assert_eq!(sender.answer().await.as_deref(), Some("AA|A2"));
    for piece in framed(&message("A3", "0001", "|", "three")).chunks(37) {
        sender.write(piece).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(sender.answer().await.as_deref(), Some("AA|A3"));
    assert_eq!(server.stop().await.reports().len(), 3);
}

#[tokio::test]
async fn repeats_are_accepted_and_reused_control_ids_are_not() {
    let server = Server::start(MllpOptions::default()).await;
    let mut sender = server.connect().await;
    for (text, expected) in
        [("one", "AA|A1"), ("one", "AA|A1"), ("two", "AE|A1 MSH^1^10^1^1|205^Duplicate key identifier^HL70357")]
    {
        sender.write(&framed(&message("A1", "0001", "|", text))).await;
        assert_eq!(sender.answer().await.as_deref(), Some(expected));
    }
    assert_eq!(server.stop().await.reports().len(), 1);
}

#[tokio::test]
async fn refusals_say_why_and_the_connection_goes_on() {
    let server = Server::start(MllpOptions::default()).await;
    let mut sender = server.connect().await;
    let test = String::from_utf8(message("A2", "0001", "|", "t")).unwrap().replace("|P|2.5", "|T|2.5");
    let order = String::from_utf8(message("A3", "0001", "|", "t")).unwrap().replace("ORU^R01^ORU_R01", "MDM^T02");
    let table = [
        (message("A1", "9999", "|", "t"), "AR|A1 MSH^1^4^1^1|204^Unknown key identifier^HL70357"),
        (test.into_bytes(), "AR|A2 MSH^1^11^1^1|202^Unsupported processing id^HL70357"),
        (order.into_bytes(), "AR|A3 MSH^1^9^1^1|200^Unsupported message type^HL70357"),
        (b"hello".to_vec(), "AR| MSH^1|100^Segment sequence error^HL70357"),
        (message("FULL", "0001", "|", "t"), "AR|FULL MSH^1|207^Application internal error^HL70357"),
        (message("A4", "0001", "|", "t"), "AA|A4"),
    ];
    for (message, expected) in table {
        sender.write(&framed(&message)).await;
        assert_eq!(sender.answer().await.as_deref(), Some(expected));
    }
    server.stop().await;
}

#[tokio::test]
async fn two_messages_in_one_block_are_refused_together_so_that_none_is_lost_without_a_word() {
    let server = Server::start(MllpOptions::default()).await;
    let mut sender = server.connect().await;
    let both = [message("A1", "0001", "|", "one"), b"\r".to_vec(), message("A2", "0001", "|", "two")].concat();
    sender.write(&framed(&both)).await;
    assert_eq!(sender.answer().await.as_deref(), Some("AE|A1 MSH^1|100^Segment sequence error^HL70357"));
    sender.write(&framed(&message("A3", "0001", "|", "three"))).await;
    assert_eq!(sender.answer().await.as_deref(), Some("AA|A3"));
    assert_eq!(server.stop().await.reports().len(), 1);
}

#[tokio::test]
async fn enhanced_mode_gets_both_acknowledgements() {
    let server = Server::start(MllpOptions::default()).await;
    let mut sender = server.connect().await;
    sender.write(&framed(&message("A1", "0001", "AL|AL", "one"))).await;
    assert_eq!(sender.answer().await.as_deref(), Some("CA|A1"));
    assert_eq!(sender.answer().await.as_deref(), Some("AA|A1"));
    sender.write(&framed(&message("A2", "0001", "NE|NE", "two"))).await;
    sender.write(&framed(&message("A3", "0001", "NE|AL", "three"))).await;
    assert_eq!(sender.answer().await.as_deref(), Some("AA|A3"), "the message before asked for no answer");
    assert_eq!(server.stop().await.reports().len(), 3);
}

#[tokio::test]
async fn a_message_without_end_is_refused_at_the_limit() {
    let options = MllpOptions { message_limit_bytes: 600_000, large_messages: 1, ..MllpOptions::default() };
    let server = Server::start(options).await;
    let mut sender = server.connect().await;
    let mut endless = message("A1", "0001", "|", "");
    endless.splice(0..0, *b"\x0B");
    endless.resize(700_000, b'x');
    let _ = sender.0.write_all(&endless).await;
    assert_eq!(sender.answer().await.as_deref(), Some("AR|A1 MSH^1|207^Application internal error^HL70357"));
    assert!(sender.answer().await.is_none(), "the connection ends");
    let mut other = server.connect().await;
    other.write(&framed(&message("A2", "0001", "|", &"long ".repeat(80_000)))).await;
    assert_eq!(other.answer().await.as_deref(), Some("AA|A2"), "its permit has come back");
    server.stop().await;
}

/// A sender writes all of its message before it reads an answer: one that it could not read would have it repeat the message for ever.
#[tokio::test]
async fn a_message_over_the_limit_is_read_to_its_end_and_answered() {
    let options = MllpOptions { message_limit_bytes: 600_000, ..MllpOptions::default() };
    let server = Server::start(options).await;
    let mut sender = server.connect().await;
    sender.write(&framed(&message("A1", "0001", "|", &"long ".repeat(6_000_000)))).await;
    assert_eq!(sender.answer().await.as_deref(), Some("AR|A1 MSH^1|207^Application internal error^HL70357"));
    assert!(sender.answer().await.is_none(), "the connection ends");
    assert!(server.stop().await.reports().is_empty());
}

#[tokio::test]
async fn large_messages_are_parsed_on_the_pool() {
    let options = MllpOptions { cpu: Some(CpuPool::new(1, 1).unwrap()), ..MllpOptions::default() };
    let server = Server::start(options).await;
    let mut sender = server.connect().await;
    sender.write(&framed(&message("A1", "0001", "|", &"long ".repeat(80_000)))).await;
    assert_eq!(sender.answer().await.as_deref(), Some("AA|A1"));
    assert_eq!(server.stop().await.reports()[0].text.expose().len(), 399_999);
}

#[tokio::test]
async fn a_peer_that_is_silent_or_speaks_something_else_is_cut_off() {
    let short = Duration::from_millis(20);
    let server = Server::start(MllpOptions { idle: short, message: short, ..MllpOptions::default() }).await;
    let mut silent = server.connect().await;
    let mut slow = server.connect().await;
    slow.write(b"\x0BMSH|^~\\&|").await;
    let mut browser = server.connect().await;
    browser.write(&[b'G'; 4096]).await;
    for mut peer in [silent.answer().await, slow.answer().await, browser.answer().await] {
        assert_eq!(peer.take(), None);
    }
    server.stop().await;
}

#[tokio::test]
async fn further_connections_wait_for_a_free_place() {
    let server = Server::start(MllpOptions { connections: 1, ..MllpOptions::default() }).await;
    let mut first = server.connect().await;
    first.write(&framed(&message("A1", "0001", "|", "one"))).await;
    assert_eq!(first.answer().await.as_deref(), Some("AA|A1"));
    let mut second = server.connect().await;
    second.write(&framed(&message("A2", "0001", "|", "two"))).await;
    drop(first);
    assert_eq!(second.answer().await.as_deref(), Some("AA|A2"));
    server.stop().await;
}
