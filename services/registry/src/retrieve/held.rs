//! An instance whose bytes are here, fetched from whoever has them when they are not.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use index_model::{InstanceEntry, RepositoryCode, Uid};
use index_store::SeriesRow;

use crate::fetch::{Failed, told};
use crate::open::OpenedStudy;
use crate::{Manifest, Registry, RegistryError};

/// So long is waited for one repository before another that has the series too is asked beside it.
const PATIENCE: Duration = Duration::from_secs(4);

impl Registry {
    /// The entry of an instance whose bytes are here, and their name.
    pub(crate) async fn held(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
    ) -> Result<(Arc<InstanceEntry>, String), RegistryError> {
        let row = opened.series_by_uid(series).ok_or(RegistryError::NotFound)?;
        self.note_use(row.series_key);
        let known = self.known_manifest(row.series_key).await?;
        if let Some(held) = held_entry(&known, instance) {
            return Ok(held);
        }
        let (manifest, failed) = self.ensure_headers(opened, row).await?;
        if let Some(held) = held_entry(&manifest, instance) {
            return Ok(held);
        }
        let Some((from, entry)) = manifest.entry_of(instance) else {
            return Err(if failed.is_empty() { RegistryError::NotFound } else { nothing(failed) });
        };
        // Who gave the header may no longer have the object, not answer, or be much slower than another.
        let copies = self.copies(opened, row.series_key).await?;
        let turn: Vec<Asked> = self
            .in_turn(&copies, row.series_key, from)
            .into_iter()
            .map(|code| if code == *from { Asked::shown(code, entry) } else { Asked::other(code) })
            .collect();
        if turn.is_empty() {
            let repositories = vec![from.clone()];
            return Err(match copies.iter().any(|copy| copy.repository == *from) {
                true => RegistryError::Unavailable { repositories },
                false => RegistryError::Gone { repositories },
            });
        }
        let found = self.fetch_in_turn(opened, row, instance, &turn);
        let found = tokio::time::timeout(self.0.limits.first_image, found).await;
        let repositories = || turn.iter().map(|asked| asked.code.clone()).collect();
        found.unwrap_or_else(|_| Err(RegistryError::Unavailable { repositories: repositories() }))
    }

    /// Asks one repository after the other, the next when one gives nothing or keeps us waiting; the first object that comes counts.
    async fn fetch_in_turn(
        &self,
        opened: &OpenedStudy,
        row: &SeriesRow,
        instance: &Uid,
        turn: &[Asked],
    ) -> Result<(Arc<InstanceEntry>, String), RegistryError> {
        let mut waiting = turn.iter();
        let mut asked = FuturesUnordered::new();
        let mut failed = None;
        loop {
            if let Some(next) = waiting.next() {
                asked.push(self.fetch_and_find(opened, row, instance, next));
            }
            let patience = tokio::time::sleep(PATIENCE);
            tokio::pin!(patience);
            // Until somebody else is to be asked.
            loop {
                let found = tokio::select! {
                    found = asked.next() => found,
                    () = &mut patience, if waiting.len() > 0 => break,
                };
                match found {
                    Some(Ok(held)) => return Ok(held),
                    Some(Err(error)) => failed = Some(graver(failed.take(), error)),
                    None => return Err(failed.unwrap_or(RegistryError::NotFound)),
                }
                if waiting.len() > 0 {
                    break;
                }
            }
        }
    }

    async fn fetch_and_find(
        &self,
        opened: &OpenedStudy,
        row: &SeriesRow,
        instance: &Uid,
        asked: &Asked,
    ) -> Result<(Arc<InstanceEntry>, String), RegistryError> {
        self.ensure_held(opened, row, instance, asked.remote.clone(), &asked.code).await?;
        let manifest = self.known_manifest(row.series_key).await?;
        held_entry(&manifest, instance).ok_or_else(|| {
            if !asked.is_shown {
                self.0.others.note(row.series_key, &asked.code);
            }
            told(&asked.code, Failed::Incomplete("the instance did not come".to_owned()))
        })
    }
}

/// Who is asked for an instance.
struct Asked {
    code: RepositoryCode,
    /// Where it lies there, when that is known.
    remote: Option<String>,
    is_shown: bool,
}

impl Asked {
    fn shown(code: RepositoryCode, entry: &InstanceEntry) -> Self {
        Self { code, remote: entry.remote.clone(), is_shown: true }
    }

    fn other(code: RepositoryCode) -> Self {
        Self { code, remote: None, is_shown: false }
    }
}

/// What is told of several that gave nothing: that some do not answer now, because then it may be had later; else what the first said.
fn graver(before: Option<RegistryError>, now: RegistryError) -> RegistryError {
    use RegistryError::Unavailable;
    match (before, now) {
        (None, now) => now,
        (Some(Unavailable { mut repositories }), Unavailable { repositories: more }) => {
            repositories.extend(more);
            Unavailable { repositories }
        }
        (Some(_), now @ Unavailable { .. }) => now,
        (Some(before), _) => before,
    }
}

fn held_entry(manifest: &Manifest, instance: &Uid) -> Option<(Arc<InstanceEntry>, String)> {
    let entry = manifest.entry(instance)?;
    Some((Arc::clone(entry), entry.object.clone()?))
}

/// Nothing is known, and this is why.
pub(super) fn nothing(mut failed: Vec<(RepositoryCode, Failed)>) -> RegistryError {
    match failed.len() {
        0 => RegistryError::NotFound,
        1 => {
            let (code, why) = failed.remove(0);
            told(&code, why)
        }
        _ => RegistryError::Unavailable { repositories: failed.into_iter().map(|(code, _)| code).collect() },
    }
}
