//! DIMSE over TLS, in both directions: who calls on us, and whom we call on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use super::definition;
use super::query_retrieve::{DCMTK, data_sets, of_sources, run, service, succeeds};
use crate::processes::{Process, free_port, wait_for_port};
use crate::service::Service;
use crate::sources::ct_head;

/// Certificates and keys of an authority, of our service, and of who else takes part.
struct Identities {
    authority: (PathBuf, PathBuf),
    server: (PathBuf, PathBuf),
    client: (PathBuf, PathBuf),
}

impl Identities {
    fn make(folder: &Path) -> Self {
        let [authority, server, client] = ["authority", "server", "client"].map(|name| certificate(folder, name));
        Self { authority, server, client }
    }

    /// A service that takes TLS at `port` from whom the authority has signed.
    fn listening(&self, port: u16) -> String {
        let [certificate, key, ca] = [&self.server.0, &self.server.1, &self.authority.0].map(|path| path.display());
        format!(
            "[dimse.tls]\nlisten = \"127.0.0.1:{port}\"\ncertificate = \"{certificate}\"\nkey = \"{key}\"\nclient_ca = \"{ca}\"\n"
        )
    }

    /// A service that trusts `ca` where it calls.
    fn calling(&self, ca: &Path) -> String {
        let [certificate, key, ca] = [&self.client.0, &self.client.1, ca].map(|path| path.display());
        format!("[dimse.outgoing]\nca = \"{ca}\"\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n")
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn dcmtks_tools_query_and_retrieve_over_tls() {
    let data = tempfile::tempdir().unwrap();
    let all = Identities::make(data.path());
    let (port, destination) = (free_port(), free_port());
    let more = format!("tls = true\n{}{}", all.listening(port), all.calling(&all.authority.0));
    let service = service(data.path(), ("MOVED", destination), &more);
    let source = ct_head().remove(0);
    assert_eq!(service.client.stow(&[std::fs::read(&source.path).unwrap()]).status, 200);
    let port = port.to_string();
    let (key, own, ca) = (text(&all.client.1), text(&all.client.0), text(&all.authority.0));
    let tls = ["+tls", key, own, "+cf", ca, "-aec", "DICS", "127.0.0.1", &port];
    succeeds("echoscu", &tls);
    let said = succeeds("findscu", &[&["-v", "-S"][..], &tls, &["-k", "0008,0052=STUDY", "-k", "0020,000D"]].concat());
    assert_eq!(said.matches("(Pending)").count(), 1, "{said}");
    // Without a certificate nobody comes in, and without TLS nobody is understood.
    assert!(!run("echoscu", &["+tla", "-ic", "-aec", "DICS", "127.0.0.1", &port]).0);
    assert!(!run("echoscu", &["-aec", "DICS", "-ta", "5", "127.0.0.1", &port]).0);

    // A destination that wants TLS is sent to over TLS, with a certificate of ours.
    let moved = tempfile::tempdir().unwrap();
    let mut storescp = Command::new("storescp");
    storescp.args(["+tls", text(&all.server.1), text(&all.server.0), "+cf", ca, "-aet", "MOVED", "-od"]);
    storescp.arg(moved.path()).arg(destination.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = Process::start(&mut storescp, DCMTK);
    wait_for_port(destination, "storescp", &mut process);
    let study = format!("0020,000D={}", source.study);
    // movescu itself speaks no TLS; what it asks for goes over TLS all the same.
    let clear = ["-S", "-aem", "MOVED", "-aec", "DICS", "127.0.0.1", &service.dimse_port.to_string()];
    succeeds("movescu", &[&clear[..], &["-k", "0008,0052=STUDY", "-k", &study]].concat());
    assert!(data_sets(moved.path()) == of_sources(std::slice::from_ref(&source)));
    println!("peer: DCMTK verified, queried and was sent to over TLS with certificates of both sides");
}

/// One service is the repository of another.
#[test]
fn a_repository_is_called_on_over_tls_where_it_is_trusted() {
    let (far_data, near_data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let all = Identities::make(far_data.path());
    let port = free_port();
    let far = service(far_data.path(), ("NEAR", free_port()), &all.listening(port));
    let source = ct_head().remove(0);
    assert_eq!(far.client.stow(&[std::fs::read(&source.path).unwrap()]).status, 200);

    let near = |ca: &Path| {
        let file = near_data.path().join("dics.toml");
        std::fs::write(&file, format!("[dimse]\nae_title = \"NEAR\"\n{}", all.calling(ca))).unwrap();
        Service::start_with(near_data.path(), &[("DICS_CONFIG", text(&file))])
    };
    let repository = |host: &str, tls: bool| {
        let address = json!({ "host": host, "port": port, "aeTitle": "DICS", "retrieve": "get", "tls": tls });
        definition("far", "dimse", address)
    };
    let tested =
        |service: &Service, definition| service.client.post_json("/api/admin/repositories/test", &definition).text();
    let distrusting = near(&all.server.0);
    let said = tested(&distrusting, repository("127.0.0.1", true));
    assert!(said.contains("could not be agreed on"), "{said}");
    drop(distrusting);
    let trusting = near(&all.authority.0);
    let said = tested(&trusting, repository("127.0.0.1", false));
    assert!(said.contains("Does it expect TLS?"), "{said}");
    trusting.register(&repository("localhost", true));
    trusting.wait_until_indexed("far", 1);
    let series = format!("/dicom-web/studies/{}/series/{}", source.study, source.series);
    let instance = trusting.client.get_as(&format!("{series}/instances/{}", source.instance), "application/dicom");
    assert_eq!(instance.status, 200, "{}", instance.text());
    println!("peer: a repository was tested, indexed and retrieved from over TLS");
}

/// A certificate and its key: the authority's own, or one that it signed.
fn certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let [certificate, key] = ["pem", "key"].map(|end| folder.join(format!("{name}.{end}")));
    let subject = format!("/CN={name}");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &subject]);
    openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    if name == "authority" {
        openssl.args(["-addext", "basicConstraints=critical,CA:TRUE"]);
    } else {
        openssl.arg("-CA").arg(folder.join("authority.pem")).arg("-CAkey").arg(folder.join("authority.key"));
        openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        openssl.args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    }
    let output =
        openssl.output().unwrap_or_else(|error| panic!("openssl can't be started ({error}): install Debian's openssl"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (certificate, key)
}
