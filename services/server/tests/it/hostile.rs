//! Whatever a client sends: an answer that is no 500, or an end; bounded memory; and a service that goes on.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::processes::wait;
use crate::service::Service;

const DICOM: &str = "multipart/related; type=\"application/dicom\"; boundary=b";
const JSON: &str = "multipart/related; type=\"application/dicom+json\"; boundary=b";

/// Memory that all of this may leave behind, in KiB.
const MOST_GROWTH_KIB: u64 = 400 << 10;

fn part(content_type: &str, content: &[u8]) -> Vec<u8> {
    [format!("--b\r\nContent-Type: {content_type}\r\n\r\n").as_bytes(), content, b"\r\n--b--\r\n"].concat()
}

fn element(group: u16, number: u16, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut out = [group.to_le_bytes(), number.to_le_bytes()].concat();
    out.extend_from_slice(vr.as_bytes());
    if ["OB", "OW", "SQ"].contains(&vr) {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    } else {
        out.extend_from_slice(&(value.len() as u16).to_le_bytes());
    }
    [out, value.to_vec()].concat()
}

/// A Part 10 file of this syntax.
fn file(transfer_syntax: &[u8], data_set: &[u8]) -> Vec<u8> {
    let uid = if transfer_syntax.len() % 2 == 1 { [transfer_syntax, b"\0"].concat() } else { transfer_syntax.to_vec() };
    let meta = element(2, 0x10, "UI", &uid);
    [&[0; 128][..], b"DICM", &element(2, 0, "UL", &(meta.len() as u32).to_le_bytes()), &meta, data_set].concat()
}

fn identity() -> Vec<u8> {
    [
        element(8, 0x16, "UI", b"1.2.840.10008.5.1.4.1.1.7\0"),
        element(8, 0x18, "UI", b"1.2.3.4\0"),
        element(0x20, 0xD, "UI", b"1.2.3\0"),
        element(0x20, 0xE, "UI", b"1.2.3.1\0"),
    ]
    .concat()
}

/// Objects that lie about themselves.
fn objects() -> Vec<(&'static str, Vec<u8>)> {
    let explicit = b"1.2.840.10008.1.2.1";
    let mut deep = identity();
    let open =
        [&[0x40, 0, 0x30, 0xA7][..], b"SQ\0\0\xff\xff\xff\xff", &[0xFE, 0xFF, 0, 0xE0], b"\xff\xff\xff\xff"].concat();
    deep.extend(open.repeat(20_000));
    let mut long = identity();
    long.extend(b"\xe0\x7f\x10\x00OB\0\0\x00\x00\x00\xf0");
    let absurd = [
        identity(),
        element(0x28, 0x08, "IS", b"2147483647"),
        element(0x28, 0x10, "US", b"\xff\xff"),
        element(0x28, 0x11, "US", b"\xff\xff"),
        element(0x28, 0x100, "US", b"\x10\0"),
        element(0x7FE0, 0x10, "OW", b"\0\0\0\0"),
    ]
    .concat();
    let mut squeezed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..256).for_each(|_| squeezed.write_all(&vec![0; 1 << 20]).unwrap());
    vec![
        ("recursive sequences", file(explicit, &deep)),
        ("a length beyond the file", file(explicit, &long)),
        ("more pixels than there are", file(explicit, &absurd)),
        ("a deflate bomb", file(b"1.2.840.10008.1.2.1.99", &squeezed.finish().unwrap())),
        ("nothing but a prefix", file(explicit, b"")),
        ("zeros", vec![0; 1 << 20]),
        ("noise", (0..1 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
    ]
}

/// Bodies that lie about their parts.
fn bodies() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut parts = b"--b\r\n\r\n\r\n".repeat(50_000);
    parts.extend(b"--b--");
    let mut json = String::from("{}");
    (0..5_000).for_each(|_| json = format!("{{\"0040A730\":{{\"vr\":\"SQ\",\"Value\":[{json}]}}}}"));
    let mut gaps = String::from("<NativeDicomModel>");
    for n in 0..2_000 {
        let _ = write!(
            gaps,
            "<DicomAttribute tag=\"{n:08x}\" vr=\"LO\"><Value number=\"1999999\">x</Value></DicomAttribute>"
        );
    }
    gaps.push_str("</NativeDicomModel>");
    let billion = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><NativeDicomModel>&b;</NativeDicomModel>";
    vec![
        ("parts without end", DICOM, parts),
        ("a preamble without end", DICOM, vec![b'x'; 4 << 20]),
        ("headers without end", DICOM, [b"--b\r\nA: ".as_slice(), &vec![b'x'; 4 << 20]].concat()),
        ("no closing delimiter", DICOM, b"--b\r\nContent-Type: application/dicom\r\n\r\nx".to_vec()),
        ("an epilogue without end", DICOM, [part("application/dicom", b"x"), vec![b'x'; 8 << 20]].concat()),
        ("nested JSON", JSON, part("application/dicom+json", format!("[{json}]").as_bytes())),
        ("brackets", JSON, part("application/dicom+json", &b"[".repeat(8 << 20))),
        (
            "numbers",
            JSON,
            part(
                "application/dicom+json",
                format!("[{{\"00280010\":{{\"vr\":\"US\",\"Value\":[{}1]}}}}]", "1,".repeat(4 << 20)).as_bytes(),
            ),
        ),
        ("values left out", "application/dicom+xml", gaps.into_bytes()),
        ("entities", "application/dicom+xml", billion.as_bytes().to_vec()),
        (
            "a boundary of 10,000 characters",
            &*format!("multipart/related; boundary={}", "b".repeat(10_000)).leak(),
            b"x".to_vec(),
        ),
        ("another media type", "multipart/form-data; boundary=b", vec![0; 1 << 20]),
    ]
}

/// Sends raw bytes and gives what comes back, or nothing when the connection is ended.
fn raw(service: &Service, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(service.client.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
    // The service may have heard enough before all is sent.
    let _ = stream.write_all(bytes);
    let mut answer = [0; 512];
    let length = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[test]
fn nothing_that_a_client_sends_harms_the_service() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let before = service.memory_kib();
    for (what, object) in objects() {
        let answer = service.client.stow(&[object]);
        assert!(matches!(answer.status, 400 | 409 | 413), "{what}: {} {}", answer.status, answer.text());
    }
    for (what, content_type, body) in bodies() {
        let answer = service.client.post("/dicom-web/studies", content_type, body);
        assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
    }
    let many: String = (0..2_000).map(|n| format!("PatientName=x{n}&")).collect();
    let long = "x".repeat(30_000);
    for query in
        [many.as_str(), &format!("PatientName={long}"), "StudyDate=%FF%FE", "limit=-99999999999999999999", "%00=%00"]
    {
        let answer = service.client.get(&format!("/dicom-web/studies?{query}"));
        assert!((400..500).contains(&answer.status), "{}: {}", answer.status, &query[..20.min(query.len())]);
    }
    let head = "POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: application/dicom\r\n";
    let endless = format!("{head}{}", "X-Filler: ............................................\r\n".repeat(100_000));
    for (what, bytes) in [
        ("headers without end", endless.as_str()),
        ("a length that is none", &format!("{head}Content-Length: -1\r\n\r\n")),
        ("two lengths", &format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n")),
        ("a chunk that is none", &format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n")),
        ("no HTTP at all", "\0\0\0\0\r\n\r\n"),
    ] {
        let answer = raw(&service, bytes.as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
    }
    still_serves(&service, data.path());
    let grown = service.memory_kib().saturating_sub(before);
    assert!(grown < MOST_GROWTH_KIB, "{grown} KiB more");
}

#[test]
fn a_request_names_one_host_and_a_refusal_tells_nothing_of_what_there_is() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let stored = service.client.stow(&[file(b"1.2.840.10008.1.2.1\0", &identity())]);
    assert_eq!(stored.status, 200, "{}", stored.text());
    for hosts in [
        "",
        "Host: a\r\nHost: b\r\n",
        "Host: a b/\r\n",
        "Host: x, y\r\n",
        "Host: x:80/foo\r\n",
        "Host: user@x\r\n",
        "Host: evil\"><script>\r\n",
    ] {
        let request = format!("GET /dicom-web/studies HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        assert!(raw(&service, request.as_bytes()).starts_with("HTTP/1.1 400"), "{hosts}");
    }
    // A page of another site whose name was made to point here (DNS rebinding).
    let answer =
        raw(&service, b"GET /dicom-web/studies HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 421") && answer.contains("public_origin"), "{answer}");
    let request = "GET /dicom-web/studies HTTP/1.1\r\nHost: a\r\nAccept-Encoding: *;q=0\r\nConnection: close\r\n\r\n";
    let answer = raw(&service, request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 406") && answer.contains("application/problem+json"), "{answer}");
    assert!(!answer.contains("0020000D"), "{answer}");
}

/// On a real connection: the answer waits for no body, and who sends all the same can read it.
#[test]
fn what_is_refused_for_its_headers_is_answered_at_once() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let head = |length: u64, media_type: &str| {
        format!(
            "POST /dicom-web/studies HTTP/1.1\r\nHost: here\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let began = std::time::Instant::now();
    let too_large = raw(&service, head(99_999_999_999_999, "application/dicom").as_bytes());
    assert!(too_large.starts_with("HTTP/1.1 413 "), "{too_large}");
    assert!(began.elapsed() < Duration::from_secs(5), "it waited for the body for {:?}", began.elapsed());
    let sent = [head(8 << 20, "application/json").as_bytes(), &vec![b'x'; 8 << 20]].concat();
    let other = raw(&service, &sent);
    assert!(other.starts_with("HTTP/1.1 415 "), "{other}");
}

/// RFC 3986 §6.2.2.2, RFC 9110 §9.3.7, RFC 9112 §6.1 and §6.3: every spelling of a target, none at all, and bodies in codings that nobody understands.
#[test]
fn what_is_asked_for_in_rare_ways_is_answered_by_the_letter() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let store =
        "POST /dicom-web/studies HTTP/1.1\r\nHost: here\r\nContent-Type: application/dicom\r\nConnection: close\r\n";
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    let long = |bytes: usize| {
        format!(
            "GET /dicom-web/studies?Nonsense={} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
            "x".repeat(bytes)
        )
    };
    for (request, status, named) in [
        ("GET /dicom%2Dweb/%73tudies HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".to_owned(), "204", ""),
        ("GET /dicom-web%2Fstudies HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".to_owned(), "404", ""),
        ("OPTIONS * HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".to_owned(), "204", "allow: get,head,"),
        (format!("{store}Transfer-Encoding: gzip, chunked\r\n\r\n{chunks}"), "501", "transfer-encoding"),
        (
            format!("{store}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"),
            "501",
            "transfer-encoding",
        ),
        // RFC 9110 §15.5.15; a little below that, it is what it asks for that is wrong.
        (long(59_900), "400", "nonsense"),
        (long(60_100), "414", "application/problem+json"),
        (long(100_000), "414", ""),
        // Its end can't be told: §6.3 wants 400 then.
        (format!("{store}Transfer-Encoding: gzip\r\n\r\nhello"), "400", ""),
        (format!("{store}Transfer-Encoding: Chunked\r\n\r\n{chunks}"), "409", ""),
    ] {
        let answer = raw(&service, request.as_bytes()).to_ascii_lowercase();
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{request}: {answer}");
        assert!(answer.contains(named), "{request}: {answer}");
    }
}

/// RFC 9112 §9.6: who is answered before the body was read learns whether the connection serves another request, and it does as it says.
#[test]
fn an_answer_before_the_body_says_what_becomes_of_the_connection() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let open = || {
        let stream = TcpStream::connect(service.client.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    };
    for (line, status) in
        [("POST /dicom-web/nowhere", "404"), ("DELETE /dicom-web/studies/1.2.3", "405"), ("POST /nowhere", "404")]
    {
        let head = |fields: &str| format!("{line} HTTP/1.1\r\nHost: here\r\nContent-Type: text/plain\r\n{fields}\r\n");
        // A short body: the next request on the connection is answered.
        let mut stream = open();
        stream.write_all(head("Content-Length: 5\r\n").as_bytes()).unwrap();
        let first = answer(&mut stream);
        assert!(first.starts_with(&format!("http/1.1 {status} ")) && !first.contains("connection: close"), "{first}");
        stream.write_all(b"helloGET /healthz HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
        let next = answer(&mut stream);
        assert!(next.starts_with("http/1.1 200 "), "{line}: {next}");
        // Others are told that it ends, and it does when they have sent.
        for (fields, body) in [
            ("Content-Length: 1048576\r\n", vec![b'x'; 1 << 20]),
            ("Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n".to_vec()),
            ("Expect: 100-continue\r\nContent-Length: 5\r\n", Vec::new()),
        ] {
            let mut stream = open();
            stream.write_all(head(fields).as_bytes()).unwrap();
            let told = answer(&mut stream);
            assert!(told.starts_with(&format!("http/1.1 {status} ")), "{fields}: {told}");
            assert!(told.contains("\r\nconnection: close\r\n"), "{fields}: {told}");
            stream.write_all(&body).unwrap();
            assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0, "{line} {fields}: it is closed");
        }
    }
}

/// One answer with its body, in lower case.
fn answer(stream: &mut TcpStream) -> String {
    let mut told = Vec::new();
    let mut byte = [0];
    let is_head = |told: &[u8]| told.ends_with(b"\r\n\r\n");
    while !is_head(&told) && stream.read(&mut byte).unwrap() == 1 {
        told.push(byte[0]);
    }
    let head = String::from_utf8(told).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).unwrap();
    head
}

/// Clients who begin and say no more, and clients who go away in the middle.
#[test]
fn clients_who_stop_in_the_middle_hold_nobody_up() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let head = format!(
        "POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: {DICOM}\r\nContent-Length: 99999999\r\n\r\n"
    );
    let begun = format!("{head}--b\r\nContent-Type: application/dicom\r\n\r\n");
    let open = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(service.client.address()).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    };
    let silent: Vec<_> = (0..40).map(|_| open(begun.as_bytes())).collect();
    let dumb: Vec<_> = (0..40).map(|_| open(b"POST /dicom-web/studies HT")).collect();
    // Large enough to be in a file when they go.
    let gone = open(&[begun.as_bytes(), &vec![7; 20 << 20]].concat());
    drop(gone);
    still_serves(&service, data.path());
    drop((silent, dumb));
}

/// An ordinary object goes in and comes out, and nothing is left on its way in.
fn still_serves(service: &Service, data: &std::path::Path) {
    use fixtures::{ProvinceOptions, Scale, instance_bytes, plan};
    let province = plan(&ProvinceOptions { seed: 7, scale: Scale::Small });
    let study = &province.studies[0];
    let object = instance_bytes(study, &study.series[0], 0);
    assert_eq!(service.client.stow(std::slice::from_ref(&object)).status, 200);
    assert_eq!(service.client.get("/readyz").status, 200);
    assert_eq!(service.client.get("/dicom-web/studies").json().as_array().unwrap().len(), 1);
    wait(Duration::from_secs(30), "the folder of what is on its way in to be empty", || {
        std::fs::read_dir(data.join("incoming")).unwrap().next().is_none()
    });
}
