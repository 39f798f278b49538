//! What the documents promise is so: the tables of `docs/conformance/dicomweb.md` and `docs/operations/failure-cases.md` are read and held
//! against the sources and against a running service.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::service::Service;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The rows of the tables under headings that `wanted` takes, without their heads.
fn rows(document: &str, wanted: impl Fn(&str) -> bool) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join("docs").join(document)).unwrap();
    let mut heading = String::new();
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut in_body = false;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut heading);
        }
        let cells = line.strip_prefix("| ").or_else(|| line.strip_prefix('|')).and_then(|rest| rest.strip_suffix('|'));
        match cells {
            Some(cells) if cells.starts_with("---") => in_body = true,
            Some(cells) if in_body && wanted(&heading) => {
                found.push(cells.split(" | ").map(|cell| cell.trim().to_owned()).collect());
            }
            Some(_) => {}
            None => in_body = false,
        }
    }
    found
}

/// What stands between backquotes.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every test of the sources, as `package::module::name`, with each of its modules as the last one before the name.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for group in ["dicom-index", "services", "services/adapters", ""] {
        let Ok(folders) = std::fs::read_dir(root().join(group)) else { continue };
        for folder in folders.flatten().map(|entry| entry.path()) {
            let Ok(manifest) = std::fs::read_to_string(folder.join("Cargo.toml")) else { continue };
            let manifest: toml::Table = toml::from_str(&manifest).unwrap();
            let Some(package) = manifest.get("package").and_then(|package| package["name"].as_str()) else { continue };
            for part in ["src", "tests"] {
                collect(package, &folder.join(part), &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

fn collect(package: &str, folder: &Path, modules: &mut Vec<String>, found: &mut BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        modules.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        if path.is_dir() {
            collect(package, &path, modules, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (at, line) in lines.iter().enumerate() {
                let Some(name) = line.trim_start_matches("async ").strip_prefix("fn ") else { continue };
                let is_test = lines[..at].iter().rev().take_while(|above| above.starts_with(['#', '/'])).any(|above| {
                    ["#[test", "#[tokio::test", "#[sqlx::test"].iter().any(|mark| above.starts_with(mark))
                });
                let name = name.split('(').next().unwrap();
                // A case of the store's contract is a test on both engines when its name is in the list at the end of its file.
                let is_case = text.contains("crate::contract!(") && lines.contains(&format!("{name},").as_str());
                if is_test || is_case {
                    for from in 0..modules.len() {
                        found.insert(format!("{package}::{}::{name}", modules[from..].join("::")));
                        found.insert(format!("{package}::{}::{name}", modules[from]));
                    }
                }
            }
        }
        modules.pop();
    }
}

#[test]
fn every_requirement_names_a_test_that_there_is_or_a_reason() {
    let tests = tests();
    assert!(tests.len() > 300);
    let is_about_requirements = |heading: &str| heading != "Resources" && heading != "Query parameters";
    let rows = rows("conformance/dicomweb.md", is_about_requirements);
    assert!(rows.len() > 50, "only {} rows could be read", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let [section, requirement, supported, shown] = &row[..] else {
            wrong.push(format!("a row of {} cells: {}", row.len(), row.join(" | ")));
            continue;
        };
        let named = quoted(shown);
        match supported.as_str() {
            "yes" if named.is_empty() => wrong.push(format!("{section} {requirement}: no test is named")),
            "yes" => {
                let absent = named.iter().filter(|name| !tests.contains(*name));
                wrong.extend(absent.map(|name| format!("{section}: there is no test {name}")));
            }
            "no" if shown.len() < 20 => wrong.push(format!("{section} {requirement}: no reason is given")),
            "no" => {}
            other => wrong.push(format!("{section} {requirement}: supported is yes or no, not {other}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_failure_case_is_shown_by_a_test_that_there_is() {
    let tests = tests();
    let rows = rows("operations/failure-cases.md", |_| true);
    assert!(rows.len() >= 12, "only {} rows could be read", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let [case, _, shown] = &row[..] else {
            wrong.push(format!("a row of {} cells: {}", row.len(), row.join(" | ")));
            continue;
        };
        let named = quoted(shown);
        if named.is_empty() {
            wrong.push(format!("{case}: no test is named"));
        }
        wrong.extend(named.iter().filter(|name| !tests.contains(*name)).map(|name| format!("there is no test {name}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_service_says_of_itself_what_the_table_says() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let said = service.client.options("/dicom-web/", "application/json").json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let said: BTreeSet<Resource> = said["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| {
            let list = |name: &str| resource[name].as_array().unwrap().iter().map(text).collect::<Vec<_>>();
            let [path, method, name] = ["path", "method", "name"].map(|field| text(&resource[field]));
            (path, method, name, list("responses"), list("parameters"))
        })
        .collect();
    let listed: BTreeSet<_> = rows("conformance/dicomweb.md", |heading| heading == "Resources")
        .into_iter()
        .map(|row| (quoted(&row[0])[0].clone(), row[1].clone(), row[2].clone(), quoted(&row[3]), quoted(&row[4])))
        .collect();
    let missing: Vec<_> = said.difference(&listed).map(row_of).collect();
    let beyond: Vec<_> = listed.difference(&said).map(row_of).collect();
    assert!(
        missing.is_empty() && beyond.is_empty(),
        "not in the table:\n{}\nnot in the service:\n{}",
        missing.join("\n"),
        beyond.join("\n")
    );
}

/// Path, method, transaction, media types of the answer, parameters.
type Resource = (String, String, String, Vec<String>, Vec<String>);

/// A resource as its row in the table.
fn row_of((path, method, name, media_types, parameters): &Resource) -> String {
    let code = |texts: &[String]| texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>();
    format!("| `{path}` | {method} | {name} | {} | {} |", code(media_types).join(", "), code(parameters).join(" "))
}

#[test]
fn every_listed_resource_is_routed() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    for row in rows("conformance/dicomweb.md", |heading| heading == "Resources") {
        let path = quoted(&row[0])[0].clone();
        let filled =
            ["{study}", "{series}", "{instance}"].iter().fold(path.clone(), |path, name| path.replace(name, "1.2.3"));
        let filled = filled.replace("{frames}", "1").replace("{path}", "00420011");
        let answer = match row[1].as_str() {
            "POST" => service.client.post(&format!("/dicom-web/{filled}"), "text/plain", Vec::new()),
            _ => service.client.get(&format!("/dicom-web/{filled}")),
        };
        assert_ne!(answer.status, 405, "{path}");
        assert!(!answer.text().contains("there is no such resource"), "{path}");
    }
}
