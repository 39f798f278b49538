//! `dics repository …`: the administrators' API from the command line, or the registry itself while no service runs.

mod drift;

use std::io::{BufRead, Write};
use std::path::Path;

use anyhow::{Context, bail};
use index_model::RepositoryDefinition;
use serde_json::Value;

use crate::app;
use crate::cli::Repository;
use crate::config::Config;

pub(crate) async fn run(config: &Config, command: Repository) -> anyhow::Result<()> {
    let service = Service::of(config);
    match command {
        Repository::Add { file } => service.add(config, &app::definition(&file)?).await,
        Repository::Change { file } => service.change(config, &app::definition(&file)?).await,
        Repository::Test { repository } => service.test(config, &repository).await,
        Repository::List => service.list(config).await,
        Repository::Pause { code } => service.tell(config, &code, "pause", "is no longer followed").await,
        Repository::Resume { code } => service.tell(config, &code, "resume", "is followed again").await,
        Repository::Backfill { code } => {
            service.tell(config, &code, "backfill", "is walked over anew, from the newest study").await
        }
        Repository::Look { code } => service.tell(config, &code, "changed", "is looked at now").await,
        Repository::Reconcile { code, accept } => service.reconcile(config, &code, accept).await,
        Repository::Drift { code } => service.drift(config, &code).await,
        Repository::Remove { code, confirm } => service.remove(config, &code, confirm).await,
    }
}

/// The running service.
struct Service {
    base: String,
    client: reqwest::Client,
}

/// What the service said, or that none runs.
enum Said {
    Answer(reqwest::StatusCode, Value),
    NotRunning,
}

impl Service {
    fn of(config: &Config) -> Self {
        Self { base: format!("http://{}/api/admin/repositories", config.http.listen), client: reqwest::Client::new() }
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Said> {
        match request.send().await {
            Ok(response) => {
                let status = response.status();
                Ok(Said::Answer(status, response.json().await.unwrap_or(Value::Null)))
            }
            Err(error) if error.is_connect() => Ok(Said::NotRunning),
            Err(error) => Err(error).context("the service does not answer"),
        }
    }

    async fn add(&self, config: &Config, definition: &RepositoryDefinition) -> anyhow::Result<()> {
        match self.ask(self.client.post(&self.base).json(definition)).await? {
            Said::Answer(status, answer) if status.is_success() => {
                println!("{} is registered and being indexed.", definition.code);
                new_region(&answer).into_iter().for_each(|words| println!("{words}"));
            }
            Said::Answer(_, problem) => bail!("{}", words(&problem)),
            Said::NotRunning => {
                if let Some((field, remedy)) = definition.fault() {
                    bail!("{field}: {remedy}");
                }
                let store = open(config).await?;
                let now_ms = runtime::Clock::system().now_ms();
                if !store.insert_repository(definition, now_ms).await? {
                    bail!("a repository of this code is registered already");
                }
                store.close().await;
                println!(
                    "{} is registered. No service runs here now; it will be indexed at the next start.",
                    definition.code
                );
            }
        }
        Ok(())
    }

    async fn change(&self, config: &Config, definition: &RepositoryDefinition) -> anyhow::Result<()> {
        let request = self.client.put(format!("{}/{}", self.base, definition.code)).json(definition);
        let answer = self.must(config, request).await?;
        println!("{} is changed, and followed where it is now.", definition.code);
        new_region(&answer).into_iter().for_each(|words| println!("{words}"));
        Ok(())
    }

    async fn test(&self, config: &Config, repository: &str) -> anyhow::Result<()> {
        let request = if Path::new(repository).is_file() {
            self.client.post(format!("{}/test", self.base)).json(&app::definition(Path::new(repository))?)
        } else {
            self.client.post(format!("{}/{repository}/test", self.base))
        };
        match self.ask(request).await? {
            Said::Answer(status, tested) if status.is_success() => {
                for step in tested["steps"].as_array().into_iter().flatten() {
                    let mark = if step["ok"] == true { "ok  " } else { "FAIL" };
                    println!(
                        "{mark} {:10} {}",
                        step["step"].as_str().unwrap_or_default(),
                        step["text"].as_str().unwrap_or_default()
                    );
                }
                if tested["ok"] != true {
                    bail!("the test failed");
                }
                Ok(())
            }
            Said::Answer(_, problem) => bail!("{}", words(&problem)),
            Said::NotRunning => not_running(config),
        }
    }

    /// What only a running service can do; its answer.
    async fn must(&self, config: &Config, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        match self.ask(request).await? {
            Said::Answer(status, answer) if status.is_success() => Ok(answer),
            Said::Answer(status, _) if status == reqwest::StatusCode::NOT_FOUND => {
                bail!("no repository of this code is registered; `dics repository list` shows them")
            }
            Said::Answer(_, problem) => bail!("{}", words(&problem)),
            Said::NotRunning => not_running(config),
        }
    }

    async fn tell(&self, config: &Config, code: &str, verb: &str, done: &str) -> anyhow::Result<()> {
        self.must(config, self.client.post(format!("{}/{code}/{verb}", self.base))).await?;
        println!("{code} {done}.");
        Ok(())
    }

    async fn remove(&self, config: &Config, code: &str, confirm: Option<String>) -> anyhow::Result<()> {
        let all = self.must(config, self.client.get(&self.base)).await?;
        let row = all.as_array().and_then(|rows| rows.iter().find(|row| row["code"] == code));
        let row = row.context("no repository of this code is registered; `dics repository list` shows them")?;
        let confirmation = match confirm {
            Some(confirmation) => confirmation,
            None => {
                println!(
                    "{} studies and {} instances of {code} are taken out where no other repository has them.",
                    row["counts"]["studies"], row["counts"]["instances"]
                );
                println!("What was pushed to us and every report stays. Type the code once more to go on:");
                std::io::stdout().flush()?;
                let mut line = String::new();
                std::io::stdin().lock().read_line(&mut line)?;
                line.trim().to_owned()
            }
        };
        if confirmation != code {
            bail!("that is not the code {code}; nothing was changed");
        }
        self.must(config, self.client.delete(format!("{}/{code}?confirm={code}", self.base))).await?;
        println!("{code} is taken out.");
        Ok(())
    }

    /// How much is held of what was fetched.
    async fn show_cache(&self, config: &Config) -> anyhow::Result<()> {
        let cache = self.must(config, self.client.get(self.base.replace("repositories", "cache"))).await?;
        if let (Some(bytes), Some(limit)) = (cache["fetchedBytes"].as_u64(), cache["limitBytes"].as_u64()) {
            println!("{} of {} are held of what was fetched and can be fetched again", size(bytes), size(limit));
        }
        Ok(())
    }

    async fn list(&self, config: &Config) -> anyhow::Result<()> {
        match self.ask(self.client.get(&self.base)).await? {
            Said::Answer(status, Value::Array(rows)) if status.is_success() => {
                rows.iter().for_each(print);
                self.show_cache(config).await?;
            }
            Said::Answer(_, problem) => bail!("{}", words(&problem)),
            Said::NotRunning => {
                let store = open(config).await?;
                for row in store.repositories().await? {
                    println!(
                        "{:16} {:10} {:?} (the service does not run)",
                        row.definition.code, row.definition.region, row.definition.protocol
                    );
                }
                store.close().await;
            }
        }
        Ok(())
    }
}

/// A number of bytes as people say it.
fn size(bytes: u64) -> String {
    match bytes {
        0..10_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        10_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

fn not_running<T>(config: &Config) -> anyhow::Result<T> {
    bail!("no service answers at http://{}: start it with `dics serve`", config.http.listen)
}

/// What went wrong: now, or when it did, where it goes well since.
fn trouble(row: &Value) -> String {
    let state = row["state"].as_str().unwrap_or_default();
    match (row["lastError"]["text"].as_str(), row["lastError"]["at"].as_str()) {
        (Some(text), _) if ["unreachable", "refused", "paused"].contains(&state) => text.to_owned(),
        (Some(text), Some(at)) => format!("(last trouble at {at}: {text})"),
        (Some(text), None) => text.to_owned(),
        (None, _) if state == "refused" => {
            let code = row["code"].as_str().unwrap_or_default();
            format!("it declines what is asked of it; `dics repository test {code}` says what, and what to do")
        }
        (None, _) => String::new(),
    }
}

/// That a repository's region is no other's: new, or mistyped.
fn new_region(row: &Value) -> Option<String> {
    let known = row["newRegionBeside"].as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    let region = row["region"].as_str().unwrap_or_default();
    Some(format!("No other repository is of region {region}: is it new, or one of {known}?"))
}

/// How far a back-fill is, and when it will be over.
fn progress(row: &Value) -> String {
    let progress = &row["progress"];
    if row["state"] != "indexing" {
        return String::new();
    }
    let of = progress["expected"].as_u64().map(|expected| format!(" of {expected}")).unwrap_or_default();
    let left = progress["remainingSeconds"].as_u64().map(|seconds| format!(", about {} left", spoken(seconds)));
    format!("{}{of} looked through{}  ", progress["indexed"], left.unwrap_or_default())
}

/// A length of time as people say it.
fn spoken(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..7_200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}

/// That a clock is wrong, and what to do about it.
fn clock(row: &Value) -> Option<String> {
    let seconds = row["clockSkewSeconds"].as_i64()?;
    let off = spoken(seconds.unsigned_abs());
    Some(if seconds > 0 {
        format!("its clock is {off} ahead of ours: compare both with a time server, and look at its time zone")
    } else {
        format!(
            "its clock is {off} behind ours, or its messages come late: compare both with a time server, and look at its time zone"
        )
    })
}

fn print(row: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    println!(
        "{:16} {:10} {:9} {:12} {:>7} studies {:>8} instances {:>6} reports  {}{}",
        text(&row["code"]),
        text(&row["region"]),
        text(&row["protocol"]),
        text(&row["state"]),
        row["counts"]["studies"],
        row["counts"]["instances"],
        row["counts"]["reports"],
        progress(row),
        trouble(row),
    );
    if let Some(words) = clock(row) {
        println!("{:16} {words}", "");
    }
}

async fn open(config: &Config) -> anyhow::Result<index_store::Store> {
    index_store::Store::open(&config.database_url())
        .await
        .context("the registry's database can't be opened: check data_dir")
}

pub(crate) fn words(problem: &Value) -> String {
    let detail = problem["detail"].as_str().or(problem["title"].as_str()).unwrap_or("the service refused");
    match problem["parameter"].as_str() {
        Some(parameter) => format!("{parameter}: {detail}"),
        None => detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::trouble;

    #[test]
    fn a_refusal_has_its_reason_and_an_old_error_its_time() {
        let row = |state: &str| json!({ "code": "east", "state": state, "lastError": { "text": "A801", "at": "2026-01-10T14:25:00Z" } });
        assert_eq!(trouble(&row("refused")), "A801");
        assert_eq!(trouble(&row("following")), "(last trouble at 2026-01-10T14:25:00Z: A801)");
        let silent = json!({ "code": "east", "state": "refused", "lastError": null });
        assert!(trouble(&silent).contains("dics repository test east"));
        assert_eq!(trouble(&json!({ "code": "east", "state": "following", "lastError": null })), "");
    }
}
