//! A peer that speaks TLS and asks for a certificate.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use adapter_api::ImagingSource;
use axum::Router;
use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::origin::{ctx, defined, dicom_json, kind, uid};

/// A listener within TLS; who can't agree on it is not served.
struct Secured(TcpListener, TlsAcceptor);

impl Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, from) = self.0.accept().await.unwrap();
            if let Ok(stream) = self.1.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for a name, signed by `authority`, as `NAME.pem` and `NAME.key` in a folder.
fn signed(authority: &Authority, name: &str, folder: &Path) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

/// A DICOMweb server for `localhost` that lets in whom `authority` has signed; its port.
async fn server(authority: &Authority, folder: &Path) -> u16 {
    std::fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    let (certificate, key) = signed(authority, "localhost", folder);
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_client_cert_verifier(verifier).with_single_cert(vec![certificate], key).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    let listener = Secured(tcp, TlsAcceptor::from(Arc::new(config)));
    let router = Router::new().fallback(|| async { dicom_json("[]") });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    port
}

async fn ask(host: &str, port: u16, folder: &Path, tls: &Value) -> (&'static str, String) {
    let section = json!({ "url": format!("https://{host}:{port}/dicom-web"), "tls": tls });
    let source = defined(&section, folder, |_| {}).unwrap();
    let asked = source.search_series(&ctx(), &uid("1.2.3")).await;
    let last = source.verify(&ctx()).await.pop().unwrap();
    assert_eq!(asked.is_ok(), last.ok, "{asked:?} {last:?}");
    (asked.err().map_or("", |error| kind(&error).0), last.text)
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_ours_and_must_be_signed_by_whom_we_trust() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), authority());
    let port = server(&authority, folder.path()).await;
    signed(&authority, "dics", folder.path());
    let ours = json!({ "ca": "ca.pem", "certificate": "dics.pem", "key": "dics.key" });
    assert_eq!(ask("localhost", port, folder.path(), &ours).await.0, "");

    let (found, said) = ask("localhost", port, folder.path(), &json!({ "ca": "ca.pem" })).await;
    assert!(found == "unavailable" && said.contains("asks for a certificate of ours"), "{found}: {said}");
    let untrusting = json!({ "certificate": "dics.pem", "key": "dics.key" });
    let (found, said) = ask("localhost", port, folder.path(), &untrusting).await;
    assert!(found == "unavailable" && said.contains("as tls.ca"), "{found}: {said}");
    let (found, said) = ask("127.0.0.1", port, folder.path(), &ours).await;
    assert!(found == "unavailable" && said.contains("is for another name"), "{found}: {said}");
}

#[tokio::test]
async fn files_that_are_no_certificates_are_named() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), authority());
    let port = server(&authority, folder.path()).await;
    signed(&authority, "dics", folder.path());
    std::fs::write(folder.path().join("text"), "nothing").unwrap();
    for (tls, words) in [
        (json!({ "ca": "absent.pem" }), "the secret absent.pem can't be read"),
        (json!({ "ca": "text" }), "text has no certificates in PEM"),
        (
            json!({ "ca": "ca.pem", "certificate": "text", "key": "dics.key" }),
            "text and dics.key are not a certificate",
        ),
        (json!({ "ca": "ca.pem", "certificate": "dics.pem", "key": "localhost.key" }), "are not a certificate in PEM"),
    ] {
        let (found, said) = ask("localhost", port, folder.path(), &tls).await;
        assert!(found == "refused" && said.contains(words), "{found}: {said}");
    }
}
