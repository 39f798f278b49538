//! Senders whose connection breaks, wherever it does.

use adapter_api::contract::{Wire, WireFault};
use adapter_hl7::MllpOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Server, framed, message};

/// All that comes back until the connection ends or the first acknowledgement is whole.
async fn answered(wire: &Wire, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(wire.addr).await.unwrap();
    // The other end may be gone already.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\x1C\r") {
        match stream.read_u8().await {
            Ok(byte) => answer.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_sender_that_vanishes_in_a_message_leaves_nothing_and_is_told_nothing() {
    let server = Server::start(MllpOptions::default()).await;
    let wire = Wire::to(server.address).await.unwrap();
    let whole = framed(&message("A0", "0001", "|", "words"));
    for after in (0..whole.len()).step_by(11).chain([whole.len() - 2, whole.len() - 1, whole.len()]) {
        wire.put(WireFault::BreaksQuestions(after));
        let id = format!("A{after}");
        let answer = answered(&wire, &framed(&message(&id, "0001", "|", "words"))).await;
        let kept = server.inbox.reports();
        assert!(kept.iter().all(|report| report.text.expose() == "words"), "half a message after {after} bytes");
        let is_kept = kept.iter().any(|report| report.message_control_id == id);
        assert!(!answer.contains("MSA|AA") || is_kept, "acknowledged and not kept after {after} bytes");
    }
    wire.put(WireFault::None);
    assert!(answered(&wire, &whole).await.contains("MSA|AA"), "and the next sender is served");
    server.stop().await;
}
