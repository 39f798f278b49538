use index_model::{IssuedId, OrderRecord, RepositoryDefinition};
use proptest::prelude::*;

use crate::{ErrorCode, Level, Refusal, parse_orders};

const HEAD: &str = "MSH|^~\\&|RIS|0001|DICS|ON|20260110093000-0500||ORM^O01|O1|P|2.5\r\
    PID|1||555001^^^NORTH^MR||ESSAI^ANNE||19700101|F\r";
const ORM: &str = "ORC|NW|P77^HIS|F88^RIS||SC||||20260110090000-0500\r\
    OBR|1|P77^HIS|F88^RIS|CTHEAD^CT HEAD||||||||||||||ACC123|RP1\rZDS|2.25.1001^RIS^Application^DICOM\r";

fn definition() -> RepositoryDefinition {
    serde_json::from_value(serde_json::json!({
        "code": "north", "name": "North", "region": "North", "protocol": "push", "patientIdIssuer": "NORTH",
        "accessionIssuer": "NORTH-ACC", "push": { "callingAeTitles": [] }, "hl7": { "sendingFacility": "0001" }
    }))
    .unwrap()
}

fn parse(body: &str) -> Result<Vec<OrderRecord>, Refusal> {
    parse_orders(format!("{HEAD}{body}").as_bytes(), &definition())
}

fn shown(id: &Option<IssuedId>) -> String {
    id.as_ref().map_or("-".into(), |id| format!("{}:{}", id.issuer, id.value.expose()))
}

#[test]
fn an_order_tells_which_numbers_are_of_one_examination() {
    let order = parse(ORM).unwrap().remove(0);
    assert_eq!(shown(&order.placer_order_number), "HIS:P77");
    assert_eq!(shown(&order.filler_order_number), "RIS:F88");
    assert_eq!(shown(&order.accession_number), "NORTH-ACC:ACC123");
    assert_eq!(order.study_instance_uid.unwrap().as_str(), "2.25.1001");
    assert_eq!((order.requested_procedure_id.as_str(), order.title.as_str()), ("RP1", "CT HEAD"));
    assert_eq!((order.is_cancelled, order.told_ms), (false, Some(1_768_053_600_000)));
}

#[test]
fn each_requested_procedure_of_an_imaging_order_is_one_and_its_steps_are_not() {
    let body = "ORC|NW|P77^HIS\rOBR|1|P77^HIS||CT^CT\rIPC|A1^ACC|RP1|2.25.1^RIS|S1\rIPC|A1^ACC|RP1|2.25.1^RIS|S2\r\
        IPC|A2^ACC|RP2|2.25.2|S3\rORC|NW|P78^HIS\rOBR|2|P78^HIS||MR^MR\rIPC|A3|RP3|no uid|S1\r";
    let orders = parse(&body.replace("ORM^O01", "OMI^O23")).unwrap();
    let seen: Vec<_> = orders
        .iter()
        .map(|one| {
            let uid = one.study_instance_uid.as_ref().map_or("-", |uid| uid.as_str());
            (one.message_control_id.as_str(), shown(&one.placer_order_number), shown(&one.accession_number), uid)
        })
        .collect();
    let expected = [
        ("O1", "HIS:P77", "ACC:A1", "2.25.1"),
        ("O1/2", "HIS:P77", "ACC:A2", "2.25.2"),
        ("O1/3", "HIS:P78", "NORTH-ACC:A3", "-"),
    ];
    let expected = expected.map(|(id, placer, accession, uid)| (id, placer.to_owned(), accession.to_owned(), uid));
    assert_eq!(seen, expected);
}

#[test]
fn an_order_is_cancelled_by_its_control_code_or_by_its_status() {
    let table = [
        ("NW", "", false),
        ("XO", "CA", false),
        ("SC", "IP", false),
        ("SC", "CA", true),
        ("SC", "DC", true),
        ("CA", "", true),
        ("OC", "", true),
        ("DC", "", true),
        ("OD", "", true),
        ("UA", "", true),
        ("RO", "", false),
    ];
    for (control, status, expected) in table {
        let order = parse(&format!("ORC|{control}|P77^HIS|||{status}")).unwrap().remove(0);
        assert_eq!((order.is_cancelled, order.requested_procedure_id.as_str()), (expected, ""), "{control} {status}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let table = [
        ("", ErrorCode::SegmentSequence, "ORC^1"),
        ("OBR|1|P1", ErrorCode::SegmentSequence, "ORC^1"),
        ("ORC|NW|P1\rORC||P2", ErrorCode::RequiredFieldMissing, "ORC^2^1^1^1"),
        ("ORC|NW\rOBR|1||", ErrorCode::RequiredFieldMissing, "ORC^1^2^1^1"),
    ];
    for (body, code, location) in table {
        let refusal = parse(body).unwrap_err();
        assert_eq!(
            (refusal.level, refusal.code, refusal.location.to_string().as_str()),
            (Level::Error, code, location)
        );
    }
    assert_eq!(parse(&"ORC|NW|P1\r".repeat(65)).unwrap_err().code, ErrorCode::SegmentSequence);
    let nobody = format!("{HEAD}{ORM}").replace("555001", "");
    assert_eq!(parse_orders(nobody.as_bytes(), &definition()).unwrap_err().location.to_string(), "PID^1^3^1^1");
}

proptest! {
    #[test]
    fn damaged_orders_are_answered_or_refused(at in 0usize..400, with in proptest::collection::vec(any::<u8>(), 1..8)) {
        let mut bytes = format!("{HEAD}{ORM}").into_bytes();
        let at = at % bytes.len();
        let end = (at + with.len()).min(bytes.len());
        bytes.splice(at..end, with);
        let _ = parse_orders(&bytes, &definition());
    }
}
