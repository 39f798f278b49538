//! `dics audit …`: the chain of the trail, and who read something.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::cli::{Audit, Readers};
use crate::config::Config;

pub(crate) async fn run(config: &Config, command: Audit) -> anyhow::Result<()> {
    match command {
        Audit::Verify => verify(config),
        Audit::Readers(readers) => self::readers(config, &readers).await,
    }
}

fn verify(config: &Config) -> anyhow::Result<()> {
    let verified = access::verify(&config.data_dir.join("audit"))?;
    println!("{} lines", verified.lines);
    if !verified.cut_off.is_empty() {
        println!("cut off when the process or the power ended, of no consequence: {}", verified.cut_off.join(", "));
    }
    if !verified.broken.is_empty() {
        bail!("the chain does not hold at {}", verified.broken.join(", "));
    }
    Ok(())
}

/// Asks the running service, which writes down that it was asked.
async fn readers(config: &Config, of: &Readers) -> anyhow::Result<()> {
    let asked = [
        ("study", of.study.clone()),
        ("report", of.report.clone()),
        ("patient", of.patient.clone()),
        ("from", of.from.clone()),
        ("to", of.to.clone()),
        ("version", of.version.map(|version| version.to_string())),
    ];
    let asked: Vec<(&str, String)> =
        asked.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect();
    let address = reqwest::Url::parse_with_params(&format!("http://{}/api/admin/readers", config.http.listen), &asked)?;
    let sent = reqwest::Client::new().get(address).send().await;
    let answer = sent.context("the service does not answer: the trail of each node is read through its own service")?;
    let status = answer.status();
    let found: Value = answer.json().await.unwrap_or(Value::Null);
    if status == reqwest::StatusCode::NOT_FOUND {
        bail!("no report or patient of this key is known");
    }
    if !status.is_success() {
        bail!("{}", crate::repository::words(&found));
    }
    if of.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        print(&found);
    }
    if found["altered"].as_u64() > Some(0) {
        bail!(
            "{} lines that speak of it are not as they were written; `dics audit verify` says which",
            found["altered"]
        );
    }
    Ok(())
}

fn print(found: &Value) {
    let text = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let rows = found["rows"].as_array().map_or(&[][..], Vec::as_slice);
    if !rows.is_empty() {
        println!(
            "{:20} {:20} {:16} {:18} {:10} {:18} {:7} {:7} patient",
            "at", "until", "user", "on behalf of", "face", "what", "version", "later"
        );
    }
    for row in rows {
        let mut notes = String::new();
        if row["otherPatient"] == true {
            notes.push_str(", another patient than now");
        }
        if row["withheld"] == true {
            notes.push_str(", withdrawn or held then: no words were given");
        }
        if let Some(recipient) = row["recipient"].as_str() {
            notes.push_str(&format!(", sent to {recipient}"));
        }
        println!(
            "{:20} {:20} {:16} {:18} {:10} {:18} {:7} {:7} {}{notes}",
            text(&row["at"]),
            text(&row["until"]),
            text(&row["user"]),
            text(&row["authority"]),
            text(&row["face"]),
            text(&row["action"]),
            text(&row["version"]),
            text(&row["laterVersion"]),
            text(&row["patientKey"]),
        );
    }
    println!("{} rows", rows.len());
    if found["notShown"].as_u64() > Some(0) {
        println!("{} more: ask for a shorter time with --from and --to", found["notShown"]);
    }
    for study in found["alsoInStudies"].as_array().into_iter().flatten() {
        println!("it is also an object in study {}: ask with --study who opened that", text(study));
    }
}
