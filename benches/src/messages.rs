//! Senders of HL7 messages, each with a connection of its own.

use std::time::{Duration, Instant};

use fixtures::simulators::mllp::{SendOptions, send};

/// Sends the messages of each sender one after the other, all senders at once; gives how long that took. Every message must be accepted.
pub fn tell(port: u16, senders: Vec<Vec<Vec<u8>>>) -> Duration {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let address = ([127, 0, 0, 1], port).into();
    let began = Instant::now();
    let sending = senders.into_iter().map(|messages| {
        runtime.spawn(async move {
            let sent = send(address, &messages, &SendOptions::default(), &mut |_| {}).await.unwrap();
            assert_eq!((sent.accepted, sent.refused.len()), (messages.len(), 0), "every message is accepted");
        })
    });
    for sender in sending.collect::<Vec<_>>() {
        runtime.block_on(sender).unwrap();
    }
    began.elapsed()
}
