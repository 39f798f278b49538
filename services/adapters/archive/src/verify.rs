//! A look at the archive, step by step, in words that an administrator can act on.

use adapter_api::TestStep;
use futures::StreamExt;
use runtime::Ctx;

use crate::medium;
use crate::read::{Outcome, listed};
use crate::source::ArchiveSource;
use crate::store::{Entry, Store, StoreError};
use crate::zip;

/// Files that are opened for a look.
const SAMPLE: usize = 20;

fn step(step: &'static str, ok: bool, text: impl Into<String>) -> TestStep {
    TestStep { step, ok, text: text.into() }
}

/// The steps up to and including the first that fails.
pub(crate) async fn steps(source: &ArchiveSource, ctx: &Ctx) -> Vec<TestStep> {
    match ctx.run(look(source)).await {
        Ok(steps) => steps,
        Err(stopped) => vec![step("list", false, format!("the test was stopped: {stopped}"))],
    }
}

async fn look(source: &ArchiveSource) -> Vec<TestStep> {
    let mut files: Vec<Entry> = Vec::new();
    let mut walk = source.store.walk(None).take(SAMPLE);
    while let Some(entry) = walk.next().await {
        match entry {
            Ok(entry) => files.push(entry),
            Err(error) => return vec![step("list", false, unlisted(&source.store, &error))],
        }
    }
    if files.is_empty() {
        return vec![step("list", true, "it can be listed, and is empty")];
    }
    let mut steps =
        vec![step("list", true, format!("it can be listed; the first {} files are looked at", files.len()))];
    if let Some(index) = files.iter().find(|entry| medium::is_directory_file(&entry.key)).cloned() {
        match named(source, &index).await {
            Ok((medium, named)) => {
                steps.push(medium);
                // What comes first on a medium is often a program.
                files.extend(named);
            }
            Err(error) => steps.push(step("medium", false, format!("its DICOMDIR can't be read: {error}"))),
        }
    }
    steps.push(sample(source, &files).await);
    steps
}

/// What the index of a medium names, and some of it.
async fn named(source: &ArchiveSource, index: &Entry) -> Result<(TestStep, Vec<Entry>), StoreError> {
    let directory = medium::read(&source.store, index).await?.map_err(StoreError::Rule)?;
    let files = medium::files(&source.store, &index.key).await?.unwrap_or_default();
    let (total, missing) = (directory.files.len(), directory.missing(&files));
    let (patients, studies, series) = (directory.patients, directory.studies, directory.series);
    let mut text = format!("a DICOMDIR names {total} files ({patients} patients, {studies} studies, {series} series)");
    if missing > 0 {
        text.push_str(&format!("; {missing} of them are not there: was the medium copied whole?"));
    }
    let mut some = Vec::new();
    for key in directory.files.iter().filter_map(|file| files.get(file)).take(SAMPLE) {
        some.push(source.store.look(key).await?);
    }
    Ok((step("medium", missing == 0, text), some))
}

async fn sample(source: &ArchiveSource, files: &[Entry]) -> TestStep {
    let mut objects = 0;
    for entry in files {
        match look_at(source, entry).await {
            Ok(Outcome::Object(_)) => objects += 1,
            Ok(Outcome::Denied) => {
                return step("read", false, "a file can be listed and not read: give this service the right to read");
            }
            Ok(_) => {}
            Err(error) => return step("read", false, format!("a file can't be read: {error}")),
        }
    }
    if objects == 0 {
        return step(
            "read",
            false,
            "none of them is a DICOM file (PS3.10): check the path, or the prefix of the bucket",
        );
    }
    step("read", true, format!("{objects} of {} are, or hold, DICOM files", files.len()))
}

/// A file, or the first member of a ZIP file that is a DICOM file.
async fn look_at(source: &ArchiveSource, entry: &Entry) -> Result<Outcome, StoreError> {
    if !zip::is_zip(&entry.key) {
        return listed(&source.store, &source.options, entry).await;
    }
    let members = zip::members(&source.store, &entry.key, entry.size_bytes).await?;
    for member in members.map_err(|refused| StoreError::Rule(refused.0))?.iter().take(SAMPLE) {
        if let Outcome::Object(object) = zip::whole(&source.store, &source.options, entry, member).await? {
            return Ok(Outcome::Object(object));
        }
    }
    Ok(Outcome::NotDicom)
}

fn unlisted(store: &Store, error: &StoreError) -> String {
    let place = match store {
        Store::Folder(_) => "folder",
        Store::Bucket(_) => "bucket",
    };
    match (store, error) {
        (Store::Bucket(_), StoreError::Denied) => {
            return "the bucket may not be listed by whom this service is: correct AWS_ACCESS_KEY_ID and \
                    AWS_SECRET_ACCESS_KEY, or give that key the right to list and read"
                .into();
        }
        (Store::Bucket(_), StoreError::Failed(cause)) => {
            return format!(
                "the bucket can't be listed: {cause}; check AWS_ENDPOINT and AWS_REGION, the network, and that the store runs"
            );
        }
        _ => {}
    }
    match error {
        StoreError::NotFound => {
            format!("the {place} does not exist: check its name, and that it is mounted or reachable here")
        }
        StoreError::Denied => format!("the {place} may not be listed: give this service the right to list and read"),
        StoreError::Rule(rule) => format!("the {place} breaks {rule}"),
        StoreError::Failed(cause) => format!("the {place} can't be listed: {cause}"),
    }
}
