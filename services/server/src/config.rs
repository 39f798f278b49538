//! Configuration: one TOML file, overridden by `DICS__SECTION__KEY`; unknown keys are errors.

mod sections;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::{Deserialize, Serialize};

use crate::dimse;

pub(crate) use sections::{
    Access, Cache, Cpu, Database, Derivatives, Dicomweb, Http, Memory, Mllp, Mode, Prefetch, Region, Registry, Storage,
    TestPatients,
};

/// The whole configuration. `deploy/config/default.toml` shows every key with its default.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// State: database, objects, audit trail.
    pub(crate) data_dir: PathBuf,
    /// A folder of secrets: the only files that definitions of repositories may name.
    pub(crate) secrets: PathBuf,
    /// What is logged, such as `info` or `info,registry=debug`.
    pub(crate) log: String,
    /// `en` or `fr`, where a browser does not say.
    pub(crate) language: String,
    /// The web face.
    pub(crate) http: Http,
    /// Bounds of the DICOMweb service.
    pub(crate) dicomweb: Dicomweb,
    /// What the registry shows.
    pub(crate) registry: Registry,
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
    /// What is kept in memory.
    pub(crate) memory: Memory,
    /// HTJ2K forms of large images.
    pub(crate) derivatives: Derivatives,
    /// What is brought here before anybody asks for it.
    pub(crate) prefetch: Prefetch,
    /// What is kept of what was fetched.
    pub(crate) cache: Cache,
    /// A folder of repository definitions (TOML) that are registered at the start.
    pub(crate) repositories: Option<PathBuf>,
    /// Regions in the order in which they are shown.
    pub(crate) regions: Vec<Region>,
}

impl Default for Config {
    fn default() -> Self {
        let region = |code: &str, name: &str| Region { code: code.into(), name: name.into() };
        Self {
            data_dir: "./data".into(),
            secrets: "./secrets".into(),
            log: "info".into(),
            language: "en".into(),
            http: Http::default(),
            dicomweb: Dicomweb::default(),
            registry: Registry::default(),
            access: Access::default(),
            database: Database::default(),
            storage: Storage::default(),
            dimse: dimse::Config::default(),
            mllp: Mllp::default(),
            cpu: Cpu::default(),
            memory: Memory::default(),
            derivatives: Derivatives::default(),
            prefetch: Prefetch::default(),
            cache: Cache::default(),
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

    /// The registry's bounds.
    pub(crate) fn limits(&self) -> registry::Limits {
        let Memory { frame_bytes, rendered_bytes, manifest_bytes } = self.memory;
        registry::Limits {
            object_cache_bytes: frame_bytes,
            rendered_cache_bytes: rendered_bytes,
            manifest_cache_bytes: manifest_bytes,
            fetched_bytes: self.cache.fetched_bytes,
            fetched_idle: Duration::from_secs(self.cache.idle_seconds),
            expired_grace: Duration::from_secs(u64::from(self.storage.expired_grace_hours) * 3600),
            derivatives: self.derivatives.policy(),
            prefetch: self.prefetch.policy(),
            shows_tests: self.registry.test_patients == TestPatients::Shown,
            ..registry::Limits::default()
        }
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
                let dimse_tls = self.dimse.tls.iter().map(|tls| ("dimse.tls", tls.listen));
                let tls = dimse_tls.chain(self.mllp.tls.iter().map(|tls| ("mllp.tls", tls.listen)));
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
