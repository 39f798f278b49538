#![expect(clippy::unwrap_used, reason = "tests")]

use index_model::{AeTitle, Uid};

use super::{Command, Operation, Request, Response, Status, StoreRequest, Suboperations};

fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

fn commands() -> Vec<Command> {
    let find = uid("1.2.840.10008.5.1.4.1.2.2.1");
    let store = StoreRequest {
        message_id: 9,
        sop_class: uid("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance: uid("2.25.1"),
        originator: Some((AeTitle::parse("DICS").unwrap(), 4)),
    };
    let requests = [
        Request::Echo { message_id: 1 },
        Request::Find { message_id: 2, sop_class: find.clone() },
        Request::Get { message_id: 3, sop_class: find.clone() },
        Request::Move { message_id: 4, sop_class: find.clone(), destination: AeTitle::parse("ODD").unwrap() },
        Request::Store(store.clone()),
        Request::Store(StoreRequest { originator: None, ..store }),
        Request::Cancel { message_id: 4 },
    ];
    let counts = Suboperations { remaining: Some(1), completed: Some(2), failed: Some(3), warning: None };
    let responses = [
        Response::to(Operation::Echo, 1, Status::SUCCESS),
        Response { has_data: true, sop_class: Some(find), ..Response::to(Operation::Find, 2, Status::PENDING) },
        Response { suboperations: counts, ..Response::to(Operation::Move, 4, Status::SOME_FAILED) },
        Response { sop_instance: Some(uid("2.25.1")), ..Response::to(Operation::Store, 9, Status::OUT_OF_RESOURCES) },
    ];
    requests.into_iter().map(Command::Request).chain(responses.into_iter().map(Command::Response)).collect()
}

#[test]
fn a_command_reads_back_as_it_was_written() {
    for command in commands() {
        assert_eq!(Command::parse(&command.encode()).unwrap(), command);
    }
}

#[test]
fn every_value_has_even_length_and_the_group_length_is_right() {
    for command in commands() {
        let bytes = command.encode();
        assert_eq!(bytes.len() % 2, 0);
        assert_eq!(u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize, bytes.len() - 12);
    }
}

/// PS3.7 §9.3.5: C-ECHO-RQ, byte by byte.
#[test]
fn an_echo_request_is_what_the_standard_says() {
    let bytes = Command::Request(Request::Echo { message_id: 7 }).encode();
    let mut expected = vec![0, 0, 0, 0, 4, 0, 0, 0, 56, 0, 0, 0];
    expected.extend_from_slice(&[0, 0, 2, 0, 18, 0, 0, 0]);
    expected.extend_from_slice(b"1.2.840.10008.1.1\0");
    expected.extend_from_slice(&[0, 0, 0, 1, 2, 0, 0, 0, 0x30, 0]);
    expected.extend_from_slice(&[0, 0, 0x10, 1, 2, 0, 0, 0, 7, 0]);
    expected.extend_from_slice(&[0, 0, 0, 8, 2, 0, 0, 0, 1, 1]);
    assert_eq!(bytes, expected);
}

#[test]
fn a_request_that_cannot_be_carried_out_still_has_an_answer() {
    let no_instance = Command::Request(Request::Store(StoreRequest {
        message_id: 1,
        sop_class: uid("1.2.3"),
        sop_instance: uid("2.25.1"),
        originator: None,
    }));
    let mut bytes = no_instance.encode();
    let at = bytes.windows(6).position(|window| window == b"2.25.1").unwrap();
    bytes[at] = b'x';
    let Command::Request(Request::Unusable { operation, has_data, status, .. }) = Command::parse(&bytes).unwrap()
    else {
        panic!("not taken for unusable");
    };
    assert_eq!((operation, has_data, status), (Operation::Store, true, Status::INVALID_SOP_INSTANCE));
}

#[test]
fn damaged_command_sets_are_refused_or_read_but_never_panic() {
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut refused = 0;
    for command in commands() {
        for _ in 0..500 {
            let mut bytes = command.encode();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                bytes[at] = u8::try_from(random(256)).unwrap();
            }
            bytes.truncate(bytes.len() - random(3));
            refused += usize::from(Command::parse(&bytes).is_err());
        }
    }
    assert!(refused > 1000);
}
