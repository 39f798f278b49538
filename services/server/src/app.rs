//! The service, put together: registry, faces and receivers, and their end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use access::{Access, Action, AuditLog, Subject};
use adapter_api::Inbox;
use adapter_dicomweb::Secrets;
use adapter_dimse::{Deliveries, StoreOptions};
use adapter_hl7::MllpListener;
use anyhow::Context;
use index_model::RepositoryDefinition;
use index_store::Store;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use registry::Registry;
use runtime::{Clock, CpuPool};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transcode::{Transcoder, WorkerCommand};

use crate::config::Config;
use crate::http::Listener;
use crate::{dimse, mllp, sources};

/// Longest wait for the first answer of the object storage.
const STORAGE_PATIENCE: Duration = Duration::from_secs(15);

/// A running service.
pub(crate) struct App {
    pub(crate) registry: Registry,
    pub(crate) http: SocketAddr,
    pub(crate) dimse: SocketAddr,
    pub(crate) dimse_tls: Option<SocketAddr>,
    pub(crate) mllp: SocketAddr,
    pub(crate) mllp_tls: Option<SocketAddr>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl App {
    /// Starts everything. Ports are taken first, so that an occupied one is told before anything else happens.
    pub(crate) async fn start(config: &Config) -> anyhow::Result<Self> {
        config.check()?;
        let listener = Listener::bind(&config.http).await?;
        let deliveries = Deliveries::default();
        let registry = registry(config, deliveries.clone()).await?;
        registry.called_at(&config.http.origin(listener.address()));
        let inbox: Arc<dyn Inbox> = Arc::new(registry.clone());
        let incoming = config.data_dir.join("incoming");
        let store_options = StoreOptions { spool_folder: incoming.clone(), deliveries, ..StoreOptions::default() };
        let (dimse, dimse_tls) = dimse::bind(&config.dimse, &registry, Arc::clone(&inbox), store_options).await?;
        let (mllp, mllp_tls) = mllp::bind(&config.mllp, &inbox).await?;
        register_configured(config, &registry).await?;
        let app = Self {
            http: listener.address(),
            dimse: dimse.local_addr(),
            dimse_tls,
            mllp: mllp.local_addr()?,
            mllp_tls: mllp_tls.as_ref().map(MllpListener::local_addr).transpose()?,
            registry: registry.clone(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        app.tasks.spawn(dimse.run(app.stop.clone()));
        for listener in [Some(mllp), mllp_tls].into_iter().flatten() {
            app.tasks.spawn(listener.run(app.stop.clone()));
        }
        app.tasks.spawn(listener.run(crate::http::router(config, registry), app.stop.clone()));
        app.tasks.spawn(crate::http::sum_up(app.stop.clone()));
        Ok(app)
    }

    /// Ends everything after what is in hand.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        let patience = Duration::from_secs(3);
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::info!("connections were still open at the end");
        }
        self.registry.stop().await;
    }
}

/// What to do about an occupied port.
pub(crate) fn occupied(section: &str, listen: SocketAddr) -> String {
    let key = section.to_ascii_uppercase().replace('.', "__");
    format!(
        "{listen} can't be listened on: another program may have the port; choose another with {section}.listen or DICS__{key}__LISTEN"
    )
}

async fn registry(config: &Config, deliveries: Deliveries) -> anyhow::Result<Registry> {
    let data = &config.data_dir;
    let incoming = data.join("incoming");
    // What was on its way in when the process ended was never acknowledged.
    let _ = std::fs::remove_dir_all(&incoming);
    for folder in [data.as_path(), &incoming] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{} can't be written: choose another folder with data_dir", folder.display()))?;
    }
    let audit = AuditLog::open(&data.join("audit")).context("the audit trail can't be opened")?;
    let (clock, cpu) = (Clock::system(), CpuPool::new(config.cpu.threads, config.cpu.queue)?);
    let access = Access::development_with(config.access.user.clone(), config.dimse.entities(), audit, clock.clone());
    let calling = (config.dimse.ae_title.clone(), config.dimse.outgoing.connector().context("dimse.outgoing")?);
    let options = registry::Options {
        store: open_store(config).await?,
        objects: objects(config).await?,
        incoming: incoming.clone(),
        access,
        sources: sources::factory(calling, Secrets::below(&config.secrets), incoming, cpu.clone(), deliveries),
        transcoder: transcoder(config)?,
        cpu,
        clock,
        dicomweb_path: "/dicom-web".into(),
        limits: config.limits(),
    };
    Registry::start(options).await.context("the registry can't be started")
}

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let opened = Store::open(&config.database_url()).await;
    opened.context("the registry's database can't be opened: check database.url, or that data_dir can be written")
}

async fn objects(config: &Config) -> anyhow::Result<Arc<dyn ObjectStore>> {
    match &config.storage.url {
        None => {
            let folder = config.data_dir.join("objects");
            std::fs::create_dir_all(&folder)?;
            Ok(Arc::new(LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true)))
        }
        Some(address) => {
            let url = address.parse().context("storage.url is not a URL such as s3://bucket/prefix")?;
            let (store, prefix) =
                object_store::parse_url_opts(&url, std::env::vars()).context("storage.url can't be used")?;
            reach(&*store, &prefix).await?;
            Ok(Arc::new(object_store::prefix::PrefixStore::new(store, prefix)))
        }
    }
}

/// Looks into the storage, so that a wrong address, name or key is told at the start and not to the first sender.
async fn reach(store: &dyn ObjectStore, prefix: &object_store::path::Path) -> anyhow::Result<()> {
    use futures::TryStreamExt;
    const REMEDY: &str = "storage.url can't be listed: check the bucket's name, AWS_ENDPOINT, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    let mut listed = store.list(Some(prefix));
    let first = tokio::time::timeout(STORAGE_PATIENCE, listed.try_next()).await;
    first.context("no answer in time").and_then(|first| first.map_err(Into::into)).context(REMEDY).map(drop)
}

fn transcoder(config: &Config) -> anyhow::Result<Arc<Transcoder>> {
    let limit = config.cpu.worker_memory_bytes;
    let command = WorkerCommand {
        program: std::env::current_exe().context("the path of this program is not known")?,
        // The pool adds the limit itself.
        args: vec!["codec-worker".into(), "--memory-limit-bytes".into()],
    };
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    Ok(Transcoder::start(transcode::Options {
        workers: if config.cpu.threads == 0 { cores } else { config.cpu.threads },
        command,
        memory_limit_bytes: limit,
        time_limit: Duration::from_secs(config.cpu.frame_seconds),
        queue: config.cpu.queue,
    })?)
}

async fn register_configured(config: &Config, registry: &Registry) -> anyhow::Result<()> {
    let Some(folder) = &config.repositories else {
        return Ok(());
    };
    let access = registry.access();
    let permit = access.permit(&access.service(), Action::Administer, Subject::Registry).await?;
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("repositories = {} can't be read", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    for file in files {
        registry.configure(&permit, definition(&file)?).await.with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// Reads a repository's definition from a TOML file.
pub(crate) fn definition(file: &Path) -> anyhow::Result<RepositoryDefinition> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    toml::from_str(&text).map_err(|error| anyhow::anyhow!("{}: {}", file.display(), error.message()))
}

/// `dics serve`.
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    runtime::telemetry::start(&config.log);
    let app = App::start(&config).await?;
    warn_of_development();
    let over_tls = |port: Option<SocketAddr>| port.map(|port| format!(", over TLS {port}")).unwrap_or_default();
    println!(
        "The DI Common Service is at {}/  (DICOMweb /dicom-web, DIMSE {} {}{}, MLLP {}{})",
        config.http.origin(app.http).trim_end_matches('/'),
        config.dimse.ae_title,
        app.dimse,
        over_tls(app.dimse_tls),
        app.mllp,
        over_tls(app.mllp_tls)
    );
    wait_for_end().await;
    app.stop().await;
    Ok(())
}

/// Development mode is no way to serve patients, and says so.
pub(crate) fn warn_of_development() {
    use std::io::IsTerminal;
    let text = "DEVELOPMENT MODE: every caller on this machine has all rights. Never for real patients.";
    if std::io::stderr().is_terminal() { eprintln!("\x1b[1;97;41m {text} \x1b[0m") } else { eprintln!("{text}") }
}

/// Ctrl-C, or the service manager's word.
pub(crate) async fn wait_for_end() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return drop(tokio::signal::ctrl_c().await),
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// `dics check-config`.
pub(crate) fn check(config: &Config) -> anyhow::Result<()> {
    config.check()?;
    println!("The configuration is right.");
    Ok(())
}

/// `dics migrate`.
pub(crate) async fn migrate(config: &Config) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data_dir)?;
    open_store(config).await?.close().await;
    println!("The registry's database is up to date.");
    Ok(())
}
