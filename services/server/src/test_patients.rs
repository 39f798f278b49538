//! `dics test-patients …`: asks the running service, which writes down who said it and why.

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::cli::{OfNumber, TestPatients};
use crate::config::Config;

pub(crate) async fn run(config: &Config, command: TestPatients) -> anyhow::Result<()> {
    let address = format!("http://{}/api/admin/test-patients", config.http.listen);
    match command {
        TestPatients::List => list(&format!("{address}?limit=1000")).await,
        TestPatients::Mark(of) => rule(&address, &of, true).await,
        TestPatients::NotATest(of) => rule(&address, &of, false).await,
    }
}

async fn list(address: &str) -> anyhow::Result<()> {
    let (status, found) = ask(reqwest::Client::new().get(address)).await?;
    if !status.is_success() {
        bail!("{}", crate::repository::words(&found));
    }
    let rows = found.as_array().map_or(&[][..], Vec::as_slice);
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        let ruling = &row["ruling"];
        let said = match (ruling["isTest"].as_bool(), ruling["reason"].as_str()) {
            (Some(is_test), Some(reason)) => format!("{}: {reason}", if is_test { "a test" } else { "no test" }),
            _ => "by its number".to_owned(),
        };
        let hidden = row["hiddenStudies"].as_u64().unwrap_or_default();
        println!(
            "{:16} {:20} {:16} {hidden:>5} studies hidden  {said}",
            text("issuer"),
            text("patientId"),
            text("repository")
        );
    }
    println!("{} patients", rows.len());
    Ok(())
}

async fn rule(address: &str, of: &OfNumber, is_test: bool) -> anyhow::Result<()> {
    let body = json!({ "issuer": of.issuer, "patientId": of.number, "isTest": is_test, "reason": of.reason });
    let (status, problem) = ask(reqwest::Client::new().post(address).json(&body)).await?;
    if status == reqwest::StatusCode::NOT_FOUND {
        let what = if is_test { "is known" } else { "is taken for a test" };
        bail!("no patient of this number and issuer {what}");
    }
    if !status.is_success() {
        bail!("{}", crate::repository::words(&problem));
    }
    println!("{}", if is_test { "It is a test from now on." } else { "It is somebody from now on." });
    Ok(())
}

pub(crate) async fn ask(request: reqwest::RequestBuilder) -> anyhow::Result<(reqwest::StatusCode, Value)> {
    let answer = request.send().await.context("the service does not answer: start it with `dics serve`")?;
    let status = answer.status();
    Ok((status, answer.json().await.unwrap_or(Value::Null)))
}
