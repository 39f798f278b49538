//! Reports over MLLP, each durable before it is acknowledged.

use benches::{Row, head, start, tell};
use serde_json::json;

/// Connections, and reports that each sends one after the other.
const SENDERS: [(usize, usize); 3] = [(1, 2_000), (4, 2_000), (8, 1_000)];
/// Reports in a second that are expected of eight connections.
const BAR: f64 = 500.0;

fn main() {
    head();
    for (senders, each) in SENDERS {
        let servers = start(&[]);
        servers.register(&json!({
            "code": "north", "name": "North", "region": "NEODIN", "protocol": "push", "patientIdIssuer": "NORTH",
            "push": { "callingAeTitles": ["NORTH"] }, "hl7": { "sendingFacility": "0001", "accessionField": "OBR-18" },
        }));
        let messages = (0..senders).map(|sender| (0..each).map(|number| report(sender, number)).collect()).collect();
        let took = tell(servers.our_mllp, messages);
        let rate = (senders * each) as f64 / took.as_secs_f64();
        let row = Row::new(format!("reports over MLLP, {senders} connections, {each} each"), format!("{rate:.0}/s"));
        let row =
            if senders == 8 { row.bar(&format!("{rate:.0}/s"), &format!("≥ {BAR}/s"), rate >= BAR) } else { row };
        row.print();
    }
}

/// A report of a page.
fn report(sender: usize, number: usize) -> Vec<u8> {
    let key = format!("{sender}X{number}");
    let words: String = (1..=20)
        .map(|line| format!("OBX|{line}|TX|R||Line {line} of what was seen, in some words.||||||F\r"))
        .collect();
    format!(
        "MSH|^~\\&|RIS|0001|DICS|ON|20260110093000-0500||ORU^R01^ORU_R01|{key}|P|2.5|||||CAN|UNICODE UTF-8\r\
         PID|1||P{number}^^^NORTH^MR||DOE^PERSON{number}||19700101|F\r\
         OBR|1||F{key}|CT^CT HEAD||||||||||||||A{key}|||||||F\r{words}"
    )
    .into_bytes()
}
