//! `/status`: which regions' images can be had now, for everybody who wonders whether it is the service or their own station.
//!
//! It names repositories and times and nothing else, so nobody has to sign on for it.

use std::fmt::Write as _;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};
use registry::Missing;
use serde_json::{Value, json};

use crate::page::{self, Language};
use crate::{Options, Portal};

/// A region's state: everything of it answers when nothing is in `down`.
struct Line {
    code: String,
    name: String,
    down: Vec<Missing>,
}

/// `GET /status`: a page, or JSON for who asks for that.
pub(crate) async fn status(State(portal): State<Portal>, headers: HeaderMap) -> Response {
    let lines = lines(&portal.options, portal.registry.missing());
    let accepts_json = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| {
        accept.split(',').any(|one| one.trim_start().starts_with("application/json")) && !accept.contains("text/html")
    });
    if accepts_json {
        return Json(lines.iter().map(as_json).collect::<Vec<_>>()).into_response();
    }
    let language = page::language(&headers, &portal.options.language);
    let (title, body) = words(language, &lines);
    page::page(StatusCode::OK, language, title, &body)
}

/// The configured regions in their order, then those that only a repository names.
fn lines(options: &Options, missing: Vec<Missing>) -> Vec<Line> {
    let configured = options.regions.iter();
    let mut lines: Vec<Line> = configured
        .map(|region| Line { code: region.code.clone(), name: region.name.clone(), down: Vec::new() })
        .collect();
    for one in missing {
        match lines.iter_mut().find(|line| line.code == one.region) {
            Some(line) => line.down.push(one),
            None => lines.push(Line { code: one.region.clone(), name: one.region.clone(), down: vec![one] }),
        }
    }
    lines
}

fn since(missing: &Missing) -> Option<chrono::DateTime<chrono::Utc>> {
    missing.since_ms.and_then(chrono::DateTime::from_timestamp_millis)
}

fn as_json(line: &Line) -> Value {
    let down = line.down.iter().map(|one| {
        let since = since(one).map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        json!({ "repository": one.repository, "name": one.name, "since": since })
    });
    json!({ "region": line.code, "name": line.name, "answers": line.down.is_empty(), "unreachable": down.collect::<Vec<_>>() })
}

fn words(language: Language, lines: &[Line]) -> (&'static str, String) {
    let is_french = language == Language::French;
    let is_well = lines.iter().all(|line| line.down.is_empty());
    let (title, all, some, answers) = if is_french {
        (
            "État du service",
            "Le service fonctionne et toutes les régions répondent.",
            "Le service fonctionne. Des images ne peuvent pas être obtenues; les examens et les comptes rendus déjà inscrits restent visibles.",
            "répond",
        )
    } else {
        (
            "State of the service",
            "The service is running, and all regions answer.",
            "The service is running. Some images can’t be had now; studies and reports that are registered can be seen as before.",
            "answers",
        )
    };
    let mut body = format!("<p role=\"status\">{}</p><ul>", if is_well { all } else { some });
    for line in lines {
        let name = page::escaped(&line.name);
        if line.down.is_empty() {
            let _ = write!(body, "<li><span aria-hidden=\"true\">✓</span> {name}: {answers}</li>");
        }
        for one in &line.down {
            let at = since(one).map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
            let what = if is_french { "images inaccessibles depuis" } else { "images unreachable since" };
            let of = page::escaped(&one.name);
            let _ = write!(body, "<li><span aria-hidden=\"true\">⚠</span> {name} ({of}): {what} {at}</li>");
        }
    }
    body.push_str("</ul>");
    (title, body)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use index_model::RepositoryCode;
    use registry::Missing;

    use super::{as_json, lines, words};
    use crate::page::Language;
    use crate::{Options, Region};

    fn missing(region: &str) -> Missing {
        let repository = RepositoryCode::parse("pacs-1").unwrap();
        let since_ms = Some(1_790_000_000_000);
        Missing { repository, name: "<PACS> & Co".into(), region: region.into(), since_ms }
    }

    #[test]
    fn a_region_whose_repository_does_not_answer_is_told_with_its_time_in_both_languages() {
        let regions = vec![Region { code: "NEODIN".into(), name: "North East".into() }];
        let options = Options { regions, ..Options::default() };
        let (_, well) = words(Language::English, &lines(&options, Vec::new()));
        assert!(well.contains("all regions answer") && well.contains("North East: answers"), "{well}");

        let down = lines(&options, vec![missing("NEODIN"), missing("ELSEWHERE")]);
        assert_eq!(down.len(), 2);
        let (_, english) = words(Language::English, &down);
        assert!(
            english.contains("North East (&lt;PACS&gt; &amp; Co): images unreachable since 2026-09-21"),
            "{english}"
        );
        let (_, french) = words(Language::French, &down);
        assert!(
            french.contains("ELSEWHERE (&lt;PACS&gt; &amp; Co): images inaccessibles depuis 2026-09-21"),
            "{french}"
        );
        assert_eq!(as_json(&down[0])["answers"], false);
    }
}
