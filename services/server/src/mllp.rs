//! The MLLP listeners: in the clear, and over TLS at a port of its own.

use std::sync::Arc;

use adapter_api::Inbox;
use adapter_hl7::{MllpListener, MllpOptions};
use anyhow::Context;
use runtime::CpuPool;
use tokio_rustls::TlsAcceptor;

use crate::app::occupied;
use crate::config::Mllp;
use crate::tls::Acceptor;

/// Takes the ports: the one in the clear, and the one over TLS where there is one.
pub(crate) async fn bind(
    config: &Mllp,
    inbox: &Arc<dyn Inbox>,
) -> anyhow::Result<(MllpListener, Option<MllpListener>)> {
    let (message_limit_bytes, cpu) = (config.message_bytes, Some(CpuPool::new(1, 16)?));
    let options = MllpOptions { message_limit_bytes, cpu, ..MllpOptions::default() };
    let clear = MllpListener::bind(config.listen, Arc::clone(inbox), options.clone()).await;
    let clear = clear.with_context(|| occupied("mllp", config.listen))?;
    let Some(port) = &config.tls else { return Ok((clear, None)) };
    let current = Acceptor::new(&port.files(), &[]).context("mllp.tls")?;
    let within = MllpListener::bind(port.listen, Arc::clone(inbox), options).await;
    let within = within.with_context(|| occupied("mllp.tls", port.listen))?;
    Ok((clear, Some(within.within(Arc::new(move || TlsAcceptor::from(current.current()))))))
}
