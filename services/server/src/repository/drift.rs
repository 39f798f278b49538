//! `dics repository reconcile|drift`: the registry beside a repository's own list.

use std::time::Duration;

use anyhow::bail;
use serde_json::Value;

use super::Service;
use crate::config::Config;

/// How often the service is asked whether the comparison is over.
const LOOK: Duration = Duration::from_millis(500);
/// A comparison of a large repository takes longer than somebody waits.
const PATIENCE: Duration = Duration::from_secs(120);

impl Service {
    /// Asks for a comparison, waits for it for a while, and shows it.
    pub(super) async fn reconcile(&self, config: &Config, code: &str, accept: bool) -> anyhow::Result<()> {
        let before = self.reports(config, code).await?;
        let known = before.first().map(|report| report["key"].clone());
        let request = self.client.post(format!("{}/{code}/reconcile?accept={accept}", self.base));
        self.must(config, request).await?;
        let until = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < until {
            let reports = self.reports(config, code).await?;
            match reports.first() {
                Some(report) if Some(&report["key"]) != known.as_ref() => return self.show(config, code, report).await,
                _ => tokio::time::sleep(LOOK).await,
            }
        }
        println!(
            "{code} is still being compared, or does not answer. `dics repository drift {code}` shows what is found."
        );
        Ok(())
    }

    /// Shows the latest comparison with its studies, and the earlier ones in short.
    pub(super) async fn drift(&self, config: &Config, code: &str) -> anyhow::Result<()> {
        let reports = self.reports(config, code).await?;
        let Some((latest, earlier)) = reports.split_first() else {
            println!("{code} was not compared yet.");
            return Ok(());
        };
        let shown = self.show(config, code, latest).await;
        earlier.iter().for_each(|report| println!("{}", line(report)));
        shown
    }

    async fn reports(&self, config: &Config, code: &str) -> anyhow::Result<Vec<Value>> {
        match self.must(config, self.client.get(format!("{}/{code}/drift?limit=30", self.base))).await? {
            Value::Array(reports) => Ok(reports),
            _ => bail!("the service answered with something else than a list"),
        }
    }

    async fn show(&self, config: &Config, code: &str, report: &Value) -> anyhow::Result<()> {
        println!("{}", line(report));
        let key = report["key"].as_str().unwrap_or_default();
        let studies =
            self.must(config, self.client.get(format!("{}/{code}/drift/{key}?limit=1000", self.base))).await?;
        for study in studies.as_array().into_iter().flatten() {
            let number = |value: &Value| value.as_u64().map_or("-".into(), |number| number.to_string());
            println!(
                "  {:10} {}  instances here {}, there {}",
                study["kind"].as_str().unwrap_or_default(),
                study["studyInstanceUid"].as_str().unwrap_or_default(),
                number(&study["instancesHere"]),
                number(&study["instancesThere"]),
            );
        }
        match report["outcome"].as_str() {
            Some("failed" | "held-back") => {
                bail!("{}", report["text"].as_str().unwrap_or("the comparison was not made"))
            }
            _ => Ok(()),
        }
    }
}

fn line(report: &Value) -> String {
    format!(
        "{}  {:9} {} studies compared, {} were not here, {} are not there, {} differ",
        report["started"].as_str().unwrap_or("-"),
        report["outcome"].as_str().unwrap_or("-"),
        report["compared"],
        report["notHere"],
        report["notThere"],
        report["differing"],
    )
}
