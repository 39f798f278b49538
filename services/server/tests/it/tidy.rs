//! The house keeps its own rules: who may import whom, and how long a file may be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Longest file of production code, in lines.
const LONGEST: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The workspace crates that a crate depends on, for what it ships.
fn imports(folder: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&text).unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    dependencies.keys().filter(|name| rooms().iter().any(|(_, crate_name, _)| crate_name == name)).cloned().collect()
}

/// Folder, crate, and the crates that it may import.
fn rooms() -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    const ADAPTER: &[&str] = &[
        "adapter-api",
        "index-model",
        "index-query",
        "index-guard",
        "index-narrative",
        "dimse",
        "multipart",
        "runtime",
    ];
    const FACE: &[&str] = &[
        "face",
        "registry",
        "access",
        "index-model",
        "index-query",
        "index-guard",
        "index-compose",
        "index-narrative",
        "multipart",
        "runtime",
    ];
    vec![
        ("dicom-index/model", "index-model", &[]),
        ("dicom-index/query", "index-query", &["index-model"]),
        ("dicom-index/guard", "index-guard", &[]),
        ("dicom-index/text", "index-text", &[]),
        ("dicom-index/compose", "index-compose", &[]),
        ("dicom-index/narrative", "index-narrative", &[]),
        ("dicom-index/extract", "index-extract", &["index-model", "index-guard", "index-text", "index-compose"]),
        ("dicom-index/store", "index-store", &["index-model", "index-query"]),
        ("services/runtime", "runtime", &[]),
        ("services/multipart", "multipart", &[]),
        ("services/dimse", "dimse", &["index-model", "index-guard", "index-text"]),
        ("services/access", "access", &["index-model", "index-query", "runtime"]),
        ("services/transcode", "transcode", &["index-model", "runtime", "transcode-scale"]),
        ("services/transcode/scale", "transcode-scale", &[]),
        ("services/adapters/api", "adapter-api", &["index-model", "index-query", "runtime"]),
        ("services/adapters/dicomweb", "adapter-dicomweb", ADAPTER),
        ("services/adapters/dimse", "adapter-dimse", ADAPTER),
        ("services/adapters/archive", "adapter-archive", ADAPTER),
        ("services/adapters/hl7", "adapter-hl7", ADAPTER),
        (
            "services/registry",
            "registry",
            &[
                "index-model",
                "index-query",
                "index-compose",
                "index-narrative",
                "index-guard",
                "index-extract",
                "index-store",
                "adapter-api",
                "access",
                "runtime",
                "transcode",
            ],
        ),
        ("services/face", "face", &["registry", "access", "index-model", "runtime"]),
        ("services/dicomweb", "dicomweb", FACE),
        ("services/query-retrieve", "query-retrieve", &["registry", "access", "dimse", "index-model", "index-query"]),
        ("services/portal", "portal", FACE),
        ("services/admin", "admin", FACE),
    ]
}

#[test]
fn every_room_imports_only_what_it_may() {
    for (folder, name, allowed) in rooms() {
        let allowed: BTreeSet<String> = allowed.iter().map(|&one| one.to_owned()).collect();
        let beyond: Vec<_> = imports(folder).difference(&allowed).cloned().collect();
        assert!(beyond.is_empty(), "{name} may not import {beyond:?}: see ARCHITECTURE.md");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "node_modules", "dist", ".git", "tests", "data"].contains(&name.as_str()) {
            sources(&path, found);
        } else if [".rs", ".ts", ".tsx"].iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

#[test]
fn no_file_is_longer_than_a_reader_bears() {
    let mut found = Vec::new();
    for folder in ["dicom-index", "services", "fixtures", "benches", "viewer-web"] {
        sources(&root().join(folder), &mut found);
    }
    assert!(found.len() > 100);
    let lines = |path: &PathBuf| std::fs::read_to_string(path).unwrap().lines().count();
    let long: Vec<_> = found.into_iter().filter(|path| lines(path) > LONGEST).collect();
    assert!(long.is_empty(), "longer than {LONGEST} lines, look for the seam: {long:?}");
}
