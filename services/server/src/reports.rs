//! `dics reports …`: asks the running service, which writes down who said it and why.

use anyhow::bail;
use reqwest::Client;
use serde_json::{Value, json};

use crate::cli::Reports;
use crate::config::Config;
use crate::repository::words;
use crate::test_patients::ask;

pub(crate) async fn run(config: &Config, command: Reports) -> anyhow::Result<()> {
    let address = format!("http://{}/api/admin/reports", config.http.listen);
    match command {
        Reports::Held => held(&format!("{address}/held?limit=1000")).await,
        Reports::Hold { key, until, reason } => {
            let body = json!({ "until": until, "reason": reason });
            must(Client::new().put(format!("{address}/{key}/hold")).json(&body), "no report has this key").await?;
            println!("It is pending from now on, for everybody.");
            Ok(())
        }
        Reports::Release { key, reason } => {
            let request = Client::new().post(format!("{address}/{key}/release")).json(&json!({ "reason": reason }));
            must(request, "no report of this key is held").await?;
            println!("It is read again from now on.");
            Ok(())
        }
    }
}

async fn held(address: &str) -> anyhow::Result<()> {
    let rows = must(Client::new().get(address), "the service knows no holds").await?;
    let rows = rows.as_array().map_or(&[][..], Vec::as_slice);
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap_or("-");
        println!(
            "{}  until {}  {:16} {}: {}",
            text("reportKey"),
            text("until"),
            text("repository"),
            text("by"),
            text("reason")
        );
    }
    println!("{} reports", rows.len());
    Ok(())
}

async fn must(request: reqwest::RequestBuilder, not_found: &str) -> anyhow::Result<Value> {
    let (status, answer) = ask(request).await?;
    if status == reqwest::StatusCode::NOT_FOUND {
        bail!("{not_found}");
    }
    if !status.is_success() {
        bail!("{}", words(&answer));
    }
    Ok(answer)
}
