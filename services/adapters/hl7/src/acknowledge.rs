//! Acknowledgements: original and enhanced mode (HL7 v2.5 §2.9).

use chrono::DateTime;

use crate::header::Header;
use crate::message::Syntax;
use crate::refusal::{Level, Refusal};

/// Echoed header fields are cut at this length.
const ECHO_LIMIT: usize = 227;

/// What an acknowledgement needs to be unique and dated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    /// Unix milliseconds.
    pub(crate) now_ms: i64,
    /// Number of this acknowledgement in this process.
    pub(crate) number: u64,
}

/// Which acknowledgements a message gets, in the order in which they are sent.
///
/// With MSH-15 and MSH-16 empty it is one application acknowledgement. In enhanced mode MSH-15 asks for the accept acknowledgement and
/// MSH-16 for the application's; a message that is not accepted gets no second one.
pub(crate) fn codes(header: Option<&Header>, outcome: Result<(), Refusal>) -> Vec<&'static str> {
    let (accept, application) = match outcome {
        Ok(()) => ("CA", "AA"),
        Err(Refusal { level: Level::Error, .. }) => ("CE", "AE"),
        Err(Refusal { level: Level::Reject, .. }) => ("CR", "AR"),
    };
    let Some(header) = header else {
        return vec![application];
    };
    let (asks_accept, asks_application) = (&header.accept_acknowledgement, &header.application_acknowledgement);
    if asks_accept.is_empty() && asks_application.is_empty() {
        return vec![application];
    }
    let wanted = |condition: &str| match condition {
        "AL" => true,
        "ER" => outcome.is_err(),
        "SU" => outcome.is_ok(),
        _ => false,
    };
    let (accept_due, application_due) = (wanted(asks_accept), wanted(asks_application));
    let second = application_due && (outcome.is_ok() || !accept_due);
    [accept_due.then_some(accept), second.then_some(application)].into_iter().flatten().collect()
}

/// One acknowledgement, unframed. It repeats the header's addresses and control id byte by byte, and nothing else of the message.
pub(crate) fn write(code: &str, header: Option<&Header>, outcome: Result<(), Refusal>, stamp: Stamp) -> Vec<u8> {
    let syntax = header.map(|header| header.syntax).unwrap_or_default();
    let text = msh(header, syntax, stamp) + &msa(code, header, outcome, syntax) + &err(outcome, syntax);
    // Every character stands for the byte of its number: see `Header::read`.
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn msh(header: Option<&Header>, syntax: Syntax, stamp: Stamp) -> String {
    let Syntax { field: f, component: c, repetition: r, escape: e, subcomponent: s, .. } = syntax;
    let address = |index: usize| header.map(|header| echo(&header.addresses[index])).unwrap_or_default();
    let time = DateTime::from_timestamp_millis(stamp.now_ms).unwrap_or_default().format("%Y%m%d%H%M%S%.3f");
    let version = header.map(|h| h.version.as_str()).filter(|v| v.starts_with("2.") && v.len() <= 5).unwrap_or("2.5");
    let known = |text: &str| text.len() <= 3 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let trigger = header.map(|h| h.trigger_event.as_str()).filter(|t| known(t)).unwrap_or_default();
    let kind = if trigger.is_empty() { "ACK".to_owned() } else { format!("ACK{c}{trigger}{c}ACK") };
    let processing = header.map(|h| h.processing_id.as_str()).filter(|p| known(p) && !p.is_empty()).unwrap_or("P");
    let (to, from) = ([address(0), address(1)].join(&f.to_string()), [address(2), address(3)].join(&f.to_string()));
    let control = format!("{}.{}", stamp.now_ms, stamp.number);
    format!("MSH{f}{c}{r}{e}{s}{f}{from}{f}{to}{f}{time}+0000{f}{f}{kind}{f}{control}{f}{processing}{f}{version}\r")
}

fn msa(code: &str, header: Option<&Header>, outcome: Result<(), Refusal>, syntax: Syntax) -> String {
    let f = syntax.field;
    let control_id = header.map(|header| echo(&header.control_id)).unwrap_or_default();
    match outcome {
        Ok(()) => format!("MSA{f}{code}{f}{control_id}\r"),
        Err(refusal) => format!("MSA{f}{code}{f}{control_id}{f}{}\r", safe(refusal.text, syntax)),
    }
}

fn err(outcome: Result<(), Refusal>, syntax: Syntax) -> String {
    let Err(refusal) = outcome else {
        return String::new();
    };
    let (f, c) = (syntax.field, syntax.component);
    let (code, name) = refusal.code.printed();
    let location = refusal.location.to_string().replace('^', &c.to_string());
    let (name, text) = (safe(name, syntax), safe(refusal.text, syntax));
    format!("ERR{f}{f}{location}{f}{code}{c}{name}{c}HL70357{f}E{f}{f}{f}{f}{text}\r")
}

fn echo(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_control()).take(ECHO_LIMIT).collect()
}

/// Our own words, without whatever this sender uses as a delimiter.
fn safe(text: &str, syntax: Syntax) -> String {
    let delimiters = [syntax.field, syntax.component, syntax.repetition, syntax.escape, syntax.subcomponent];
    text.replace(delimiters, " ")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Stamp, codes, write};
    use crate::header::Header;
    use crate::refusal::{ErrorCode, Location, Refusal};

    fn header(accept: &str, application: &str) -> Header {
        let text = format!("MSH|^~\\&|RIS|0001^SITE|DICS|ON|20260110||ORU^R01|A\u{e9}1|P|2.5|||{accept}|{application}");
        Header::read(&text.chars().map(|c| c as u8).collect::<Vec<_>>()).unwrap()
    }

    fn refusal() -> Refusal {
        Refusal::error(ErrorCode::RequiredFieldMissing, Location::field("PID", 3), "the patient has no identifier")
    }

    #[test]
    fn each_mode_gets_the_acknowledgements_it_asks_for() {
        let table = [
            ("", "", "AA", "AE"),
            ("AL", "NE", "CA", "CE"),
            ("AL", "AL", "CA AA", "CE"),
            ("NE", "AL", "AA", "AE"),
            ("NE", "NE", "", ""),
            ("ER", "", "", "CE"),
            ("SU", "ER", "CA", "AE"),
            ("ER", "SU", "AA", "CE"),
        ];
        for (accept, application, good, bad) in table {
            let header = header(accept, application);
            assert_eq!(codes(Some(&header), Ok(())).join(" "), good, "{accept}|{application}");
            assert_eq!(codes(Some(&header), Err(refusal())).join(" "), bad, "{accept}|{application}");
        }
        assert_eq!(codes(None, Err(refusal())), ["AE"]);
    }

    #[test]
    fn a_refusal_names_place_and_rule_and_echoes_the_control_id_byte_by_byte() {
        let stamp = Stamp { now_ms: 0, number: 7 };
        let bytes = write("AE", Some(&header("", "")), Err(refusal()), stamp);
        let text: String = bytes.iter().map(|b| char::from(*b)).collect();
        let expected = "MSH|^~\\&|DICS|ON|RIS|0001^SITE|19700101000000.000+0000||ACK^R01^ACK|0.7|P|2.5\r\
            MSA|AE|A\u{e9}1|the patient has no identifier\r\
            ERR||PID^1^3^1^1|101^Required field missing^HL70357|E||||the patient has no identifier\r";
        assert_eq!(text, expected);
    }

    #[test]
    fn bytes_without_a_header_are_answered_all_the_same() {
        let stamp = Stamp { now_ms: 0, number: 1 };
        let refusal = Refusal::reject(ErrorCode::SegmentSequence, Location::segment("MSH"), "no header");
        let text = String::from_utf8(write("AR", None, Err(refusal), stamp)).unwrap();
        assert!(text.contains("MSA|AR||no header\rERR||MSH^1|100^"), "{text}");
    }
}
