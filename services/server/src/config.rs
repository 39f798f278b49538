//! Configuration: one TOML file, overridden by `DICS__SECTION__KEY`; unknown keys are errors.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use access::DevelopmentUser;
use anyhow::{Context, bail};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::{Deserialize, Serialize};

use crate::dimse;
use crate::tls::Tls;

/// The whole configuration. `deploy/config/default.toml` shows every key with its default.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// State: database, objects, audit trail.
    pub(crate) data_dir: PathBuf,
    /// What is logged, such as `info` or `info,registry=debug`.
    pub(crate) log: String,
    /// `en` or `fr`, where a browser does not say.
    pub(crate) language: String,
    /// The web face.
    pub(crate) http: Http,
    /// Who may call.
    pub(crate) access: Access,
    /// The registry's database.
    pub(crate) database: Database,
    /// Where bytes are kept.
    pub(crate) storage: Storage,
    /// The DIMSE listener: storage, query and retrieve.
    pub(crate) dimse: dimse::Config,
    /// The HL7 receiver.
    pub(crate) mllp: Mllp,
    /// Codec workers and threads.
    pub(crate) cpu: Cpu,
    /// A folder of repository definitions (TOML) that are registered at the start.
    pub(crate) repositories: Option<PathBuf>,
    /// Regions in the order in which they are shown.
    pub(crate) regions: Vec<Region>,
}

/// The web face.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Address and port.
    pub(crate) listen: SocketAddr,
    /// Scheme and host by which callers know the service, when a proxy stands before it.
    pub(crate) public_origin: Option<String>,
    /// Origins of other viewers that may call from a browser.
    pub(crate) cors_origins: Vec<String>,
    /// Origins of portals that may show the viewer in a frame.
    pub(crate) frame_ancestors: Vec<String>,
    /// Most connections at a time; more wait.
    pub(crate) connections: usize,
    /// Certificate and key; absent: no TLS, for a proxy on this machine does that.
    pub(crate) tls: Option<Tls>,
}

impl Http {
    /// Scheme and host by which callers know the service, as far as we know.
    pub(crate) fn origin(&self, address: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.public_origin.clone().unwrap_or_else(|| format!("{scheme}://{address}"))
    }
}

/// Who may call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Access {
    /// `development`: every caller on this machine is one user with all clinical rights.
    pub(crate) mode: Option<Mode>,
    /// That user.
    pub(crate) user: DevelopmentUser,
}

/// How callers are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// Loopback only.
    Development,
}

/// The registry's database.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Database {
    /// `postgres://…`; absent: SQLite in `data_dir`.
    pub(crate) url: Option<String>,
}

/// Where bytes are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Storage {
    /// `s3://bucket/prefix`; absent: a folder in `data_dir`. Credentials come from the usual `AWS_…` variables.
    pub(crate) url: Option<String>,
}

/// The HL7 receiver.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mllp {
    /// Address and port.
    pub(crate) listen: SocketAddr,
}

/// Codec workers and threads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cpu {
    /// Threads for arithmetic and codec workers; 0: one for each core.
    pub(crate) threads: usize,
    /// Address space of one codec worker, in bytes.
    pub(crate) worker_memory_bytes: u64,
    /// Longest time for one frame, in seconds.
    pub(crate) frame_seconds: u64,
    /// Frames that may wait.
    pub(crate) queue: usize,
}

/// A region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Region {
    /// Its code, as repositories name it.
    pub(crate) code: String,
    /// What people call it.
    pub(crate) name: String,
}

impl Default for Config {
    fn default() -> Self {
        let region = |code: &str, name: &str| Region { code: code.into(), name: name.into() };
        Self {
            data_dir: "./data".into(),
            log: "info".into(),
            language: "en".into(),
            http: Http::default(),
            access: Access::default(),
            database: Database::default(),
            storage: Storage::default(),
            dimse: dimse::Config::default(),
            mllp: Mllp::default(),
            cpu: Cpu::default(),
            repositories: None,
            regions: vec![
                region("NEODIN", "Northern and Eastern Ontario"),
                region("SWODIN", "Southwestern Ontario"),
                region("GTAW", "GTA West"),
                region("HDIRS", "Central and Southeastern Ontario"),
            ],
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_origin: None,
            cors_origins: Vec::new(),
            frame_ancestors: Vec::new(),
            connections: 4096,
            tls: None,
        }
    }
}

impl Default for Mllp {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 2575)) }
    }
}

impl Default for Cpu {
    fn default() -> Self {
        Self { threads: 0, worker_memory_bytes: 2 << 30, frame_seconds: 20, queue: 256 }
    }
}

impl Config {
    /// Reads the file, then the environment. Without a file the defaults are the configuration.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut figment = Figment::new();
        if let Some(file) = file {
            if !file.is_file() {
                bail!("the configuration {} can't be read: give --config the path of a TOML file", file.display());
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        figment
            .merge(Env::prefixed("DICS__").split("__"))
            .extract()
            .map_err(|error| anyhow::anyhow!(error.to_string().replace('\n', " ")))
            .context("the configuration is not right")
    }

    /// The database's address.
    pub(crate) fn database_url(&self) -> String {
        let embedded = || format!("sqlite://{}", self.data_dir.join("registry.sqlite").display());
        self.database.url.clone().unwrap_or_else(embedded)
    }

    /// Checks what types can't.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let Some(mode) = self.access.mode else {
            bail!(
                "access.mode is not set: write [access] mode = \"development\" for a service that only this machine can reach"
            );
        };
        match mode {
            Mode::Development => {
                let tls = self.dimse.tls.iter().map(|tls| ("dimse.tls", tls.listen));
                let plain = [("http", self.http.listen), ("dimse", self.dimse.listen), ("mllp", self.mllp.listen)];
                for (key, listen) in plain.into_iter().chain(tls) {
                    if !listen.ip().is_loopback() {
                        bail!(
                            "{key}.listen = {listen} is not a loopback address: access.mode = \"development\" serves this machine alone; use 127.0.0.1"
                        );
                    }
                }
            }
        }
        self.dimse.check()?;
        if self.language != "en" && self.language != "fr" {
            bail!("language is \"en\" or \"fr\"");
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Config;

    #[test]
    fn the_file_of_defaults_says_what_the_defaults_are() {
        let file = toml::from_str::<Config>(include_str!("../../../deploy/config/default.toml")).unwrap();
        let text = |config: &Config| toml::to_string(config).unwrap();
        assert_eq!(text(&file), text(&Config::default()));
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(toml::from_str::<Config>("[http]\nlisten_on = \"127.0.0.1:1\"").is_err());
    }
}
