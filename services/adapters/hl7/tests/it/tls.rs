//! MLLP within TLS: with a certificate that the other side trusts, and not without.

use std::sync::Arc;

use adapter_hl7::{MllpOptions, Tls};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::{Sender, Server, framed, message};

/// A certificate that signs itself, and its key.
struct Identity {
    certificate: rustls::pki_types::CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

fn identity() -> Identity {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    Identity { certificate: made.cert.der().clone(), key }
}

fn trusting(identity: &Identity) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(identity.certificate.clone()).unwrap();
    roots
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A server that lets in who shows `client`'s certificate.
fn server(own: &Identity, client: &Identity) -> Tls {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(trusting(client)), provider()).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = config.with_client_cert_verifier(verifier);
    let config = config.with_single_cert(vec![own.certificate.clone()], own.key.clone_key()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Arc::new(move || acceptor.clone())
}

async fn connect(server: &Server, trusted: &Identity, own: Option<&Identity>) -> std::io::Result<TlsStream<TcpStream>> {
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(trusting(trusted));
    let config = match own {
        Some(own) => config.with_client_auth_cert(vec![own.certificate.clone()], own.key.clone_key()).unwrap(),
        None => config.with_no_client_auth(),
    };
    let stream = TcpStream::connect(server.address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

#[tokio::test]
async fn messages_within_tls_are_taken_from_who_is_known() {
    let (own, client) = (identity(), identity());
    let server = Server::start_with(MllpOptions::default(), Some(server(&own, &client))).await;
    let mut sender = Sender(connect(&server, &own, Some(&client)).await.unwrap());
    for number in 0..3 {
        sender.write(&framed(&message(&format!("A{number}"), "0001", "|", &"long ".repeat(20_000)))).await;
        assert_eq!(sender.answer().await, Some(format!("AA|A{number}")));
    }
    // No certificate, another one, and no TLS at all: not a word is heard.
    for stranger in [None, Some(identity())] {
        if let Ok(stream) = connect(&server, &own, stranger.as_ref()).await {
            let mut sender = Sender(stream);
            let _ = tokio::io::AsyncWriteExt::write_all(&mut sender.0, &framed(&message("B1", "0001", "|", "t"))).await;
            assert_eq!(sender.answer().await, None);
        }
    }
    let mut clear = server.connect().await;
    let _ = tokio::io::AsyncWriteExt::write_all(&mut clear.0, &framed(&message("B2", "0001", "|", "t"))).await;
    let answer = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        let mut bytes = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut clear.0, &mut bytes).await;
        bytes
    });
    assert!(!answer.await.unwrap().starts_with(b"\x0B"));
    assert_eq!(server.stop().await.reports().len(), 3);
}
