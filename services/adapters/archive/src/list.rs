//! A walk over the archive: what changed since a mark, and further marks.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use adapter_api::{Part, SourceError};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use runtime::Ctx;

use crate::mark::{Mark, Walk};
use crate::medium;
use crate::read::{Outcome, listed};
use crate::source::{ArchiveSource, DAMAGED};
use crate::store::{Entry, StoreError};
use crate::zip::{self, Member};

/// Objects between two marks.
const MARK_OBJECTS: u32 = 100;
/// Files looked at between two marks, where nothing changed.
const MARK_FILES: u32 = 20_000;
/// Files that are remembered between walks.
const MEMORY_LIMIT: usize = 200_000;

/// What a source remembers between walks. All of it can be lost: the price is that some objects come twice.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// Given in walks whose end the caller has come back with.
    kept: HashMap<String, (i64, u64)>,
    /// Given in the last walk.
    given: HashMap<String, (i64, u64)>,
    /// The end of the last walk.
    end: Option<String>,
    /// Files that could not be read: looked at again in every walk.
    denied: HashSet<String>,
}

impl Memory {
    fn with<T>(&self, work: impl FnOnce(&mut Remembered) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A caller comes with a mark. What the last walk gave is kept only by a caller that has its end.
    fn begin(&self, mark: Option<&str>) {
        self.with(|memory| {
            if memory.end.is_some() && memory.end.as_deref() == mark {
                let given = std::mem::take(&mut memory.given);
                memory.kept.extend(given);
            } else {
                (memory.kept, memory.given) = Default::default();
            }
            memory.end = None;
        });
    }

    /// A walk is over: what lies before its mark needs no memory. A mark that is the one the walk began with would not tell a caller that
    /// kept everything from one that kept nothing, so that it counts for the latter.
    fn end(&self, begun: Option<&str>, mark: &Mark) {
        self.with(|memory| {
            memory.kept.retain(|_, (changed_ms, _)| *changed_ms > mark.since_ms);
            memory.given.retain(|_, (changed_ms, _)| *changed_ms > mark.since_ms);
            memory.end = Some(mark.to_string()).filter(|end| begun != Some(end));
        });
    }

    fn is_new(&self, entry: &Entry) -> bool {
        self.with(|memory| memory.kept.get(&entry.key) != Some(&(entry.changed_ms, entry.size_bytes)))
    }

    fn was_denied(&self, key: &str) -> bool {
        self.with(|memory| memory.denied.contains(key))
    }

    /// Only what lies within the overlap can come again.
    fn given(&self, entry: &Entry, overlap_from_ms: i64) {
        self.with(|memory| {
            memory.denied.remove(&entry.key);
            if entry.changed_ms > overlap_from_ms && memory.given.len() < MEMORY_LIMIT {
                memory.given.insert(entry.key.clone(), (entry.changed_ms, entry.size_bytes));
            }
        });
    }

    fn denied(&self, key: &str) {
        self.with(|memory| memory.denied.len() < MEMORY_LIMIT && memory.denied.insert(key.to_owned()));
    }
}

/// The bounds in time of one walk.
#[derive(Debug, Clone, Copy)]
struct Window {
    since_ms: i64,
    started_ms: i64,
    /// What changed later may still be changing.
    until_ms: i64,
    /// The time of day.
    now_ms: i64,
}

impl Window {
    fn holds(self, entry: &Entry) -> bool {
        entry.changed_ms > self.since_ms && entry.changed_ms <= self.until_ms
    }

    /// Whether it will be old enough soon. What is dated in the future is not: a wrong clock is no reason to walk all the time.
    fn will_hold(self, entry: &Entry) -> bool {
        entry.changed_ms > self.until_ms && entry.changed_ms <= self.now_ms
    }
}

/// A file that was passed, and the object that it gave.
struct Passed {
    key: String,
    part: Option<Part>,
    /// The members of a ZIP file, last first, which are read one after the other.
    inside: Vec<Member>,
    file: Option<Entry>,
    /// It is too young to be read.
    unsettled: bool,
    /// Files that the index of a medium names and that are not there.
    missing: usize,
}

impl Passed {
    fn over(key: String) -> Self {
        Self { key, part: None, inside: Vec::new(), file: None, unsettled: false, missing: 0 }
    }
}

/// Everything that changed after the mark, then the mark of the next walk.
pub(crate) fn parts<'a>(
    source: &'a ArchiveSource,
    ctx: &'a Ctx,
    mark: Option<&str>,
) -> impl Stream<Item = Result<Part, SourceError>> + 'a {
    source.memory.begin(mark);
    let begun = mark.map(str::to_owned);
    let mark = Mark::read(mark);
    let now_ms = source.options.clock.now_ms();
    let started_ms = mark.walk.as_ref().map_or(now_ms, |walk| walk.started_ms);
    let window = Window { since_ms: mark.since_ms, started_ms, until_ms: now_ms - source.options.settle_ms, now_ms };
    let files = source.store.walk(mark.walk.map(|walk| walk.key));
    let passed = files.map(move |entry| pass(source, window, entry)).buffered(source.concurrency).boxed();
    let progress = Progress {
        passed,
        window,
        begun,
        ready: VecDeque::new(),
        inside: None,
        objects: 0,
        files: 0,
        unsettled: false,
        missing: 0,
        over: false,
    };
    futures::stream::try_unfold(progress, move |mut progress| async move {
        let part = progress.next(source, ctx).await?;
        Ok(part.map(|part| (part, progress)))
    })
}

struct Progress<'a> {
    passed: BoxStream<'a, Result<Passed, StoreError>>,
    window: Window,
    /// The mark that the caller came with.
    begun: Option<String>,
    ready: VecDeque<Part>,
    /// A ZIP file whose members come now.
    inside: Option<(Entry, Vec<Member>)>,
    objects: u32,
    files: u32,
    unsettled: bool,
    missing: usize,
    over: bool,
}

impl Progress<'_> {
    async fn next(&mut self, source: &ArchiveSource, ctx: &Ctx) -> Result<Option<Part>, SourceError> {
        while self.ready.is_empty() && !self.over {
            if self.inside.is_some() {
                ctx.run(self.next_inside(source)).await?.map_err(|error| source.listing_error(error))?;
                continue;
            }
            match ctx.run(self.passed.next()).await? {
                Some(passed) => self.note(passed.map_err(|error| source.listing_error(error))?),
                None => self.end(source),
            }
        }
        let part = self.ready.pop_front();
        // After everything else, and after the mark: what is missing keeps nothing back.
        if part.is_none() && std::mem::take(&mut self.missing) > 0 {
            let rule =
                "the DICOMDIR of a medium names files that are not there: it was copied in part, or is damaged".into();
            return Err(SourceError::Incomplete { repository: source.repository.clone(), rule });
        }
        Ok(part)
    }

    fn note(&mut self, passed: Passed) {
        self.files += 1;
        self.unsettled |= passed.unsettled;
        self.missing += passed.missing;
        self.objects += u32::from(passed.part.is_some());
        self.ready.extend(passed.part);
        if let Some(file) = passed.file {
            self.objects += u32::try_from(passed.inside.len()).unwrap_or(u32::MAX);
            self.inside = Some((file, passed.inside));
            return;
        }
        self.mark_if_due(passed.key);
    }

    /// Reads one member; what of it can't be read keeps no other back.
    async fn next_inside(&mut self, source: &ArchiveSource) -> Result<(), StoreError> {
        let Some((file, members)) = &mut self.inside else { return Ok(()) };
        let Some(member) = members.pop() else {
            let key = std::mem::take(&mut file.key);
            self.inside = None;
            self.mark_if_due(key);
            return Ok(());
        };
        let told = |rule: &str| {
            tracing::warn!(repository.code = %source.repository, rule, "a member of a ZIP file is left out");
        };
        match zip::whole(&source.store, &source.options, file, &member).await {
            Ok(Outcome::Object(object)) => {
                let remote = Some(zip::member_key(&file.key, member.number));
                self.ready.push_back(Part::Object { object, remote });
            }
            Ok(Outcome::TooLarge) => told("the limit for the size of one object"),
            Ok(Outcome::Damaged) => told(DAMAGED),
            Ok(Outcome::NotDicom | Outcome::Unfinished | Outcome::Gone | Outcome::Denied) => {}
            Err(StoreError::Rule(rule)) => told(rule),
            // It was moved away since: what is left of it is not there.
            Err(StoreError::NotFound) => members.clear(),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn mark_if_due(&mut self, key: String) {
        if self.objects >= MARK_OBJECTS || self.files >= MARK_FILES {
            (self.objects, self.files) = (0, 0);
            let walk = Walk { started_ms: self.window.started_ms, key };
            let mark = Mark { since_ms: self.window.since_ms, walk: Some(walk) };
            self.ready.push_back(Part::Mark(mark.to_string()));
        }
    }

    /// The next walk looks back over the end of this one, for clocks that disagree and uploads that are dated by their beginning.
    fn end(&mut self, source: &ArchiveSource) {
        let since_ms = self.window.since_ms.max(self.window.started_ms - source.overlap_ms);
        let mark = Mark { since_ms, walk: None };
        source.memory.end(self.begun.as_deref(), &mark);
        self.ready.push_back(Part::Mark(mark.to_string()));
        if self.unsettled {
            let settle_ms = u64::try_from(source.options.settle_ms).unwrap_or_default();
            self.ready.push_back(Part::Unsettled(Duration::from_millis(settle_ms)));
        }
        self.over = true;
    }
}

/// Reads a file if it changed within the window and is new to the caller.
async fn pass(source: &ArchiveSource, window: Window, entry: Result<Entry, StoreError>) -> Result<Passed, StoreError> {
    let entry = entry?;
    let changed = window.holds(&entry) && source.memory.is_new(&entry);
    if !changed && !source.memory.was_denied(&entry.key) {
        return Ok(Passed { unsettled: window.will_hold(&entry), ..Passed::over(entry.key) });
    }
    if medium::is_directory_file(&entry.key) {
        return pass_index(source, window, entry).await;
    }
    if zip::is_zip(&entry.key) {
        return pass_zip(source, window, entry).await;
    }
    let part = match listed(&source.store, &source.options, &entry).await? {
        Outcome::Object(object) => {
            source.memory.given(&entry, window.started_ms - source.overlap_ms);
            Some(Part::Object { object, remote: Some(entry.key.clone()) })
        }
        Outcome::Denied => {
            tracing::warn!(repository.code = %source.repository, "a file of an archive may not be read; it is tried again in the next walk");
            source.memory.denied(&entry.key);
            None
        }
        Outcome::TooLarge => {
            tracing::warn!(repository.code = %source.repository, size_bytes = entry.size_bytes, "a file of an archive is larger than the limit");
            None
        }
        Outcome::Damaged => {
            tracing::error!(repository.code = %source.repository, size_bytes = entry.size_bytes, "an object is not what its checksum says: it is not indexed");
            None
        }
        Outcome::NotDicom | Outcome::Unfinished | Outcome::Gone => None,
    };
    Ok(Passed { part, ..Passed::over(entry.key) })
}

/// Compares the index of a medium with what is there. One that is not read keeps nothing back, for every file is looked at anyway; one that
/// lacks files is looked at again while it is young: they may be on their way.
async fn pass_index(source: &ArchiveSource, window: Window, entry: Entry) -> Result<Passed, StoreError> {
    let missing = match medium::read(&source.store, &entry).await {
        Ok(Ok(directory)) => {
            let files = medium::files(&source.store, &entry.key).await?;
            files.map_or(0, |files| directory.missing(&files))
        }
        Ok(Err(rule)) => {
            tracing::warn!(repository.code = %source.repository, rule, "the index of a medium is left out");
            0
        }
        Err(StoreError::Failed(cause)) => return Err(StoreError::Failed(cause)),
        Err(_) => 0,
    };
    if missing == 0 {
        source.memory.given(&entry, window.started_ms - source.overlap_ms);
    }
    Ok(Passed { missing, ..Passed::over(entry.key) })
}

/// Reads the list of a ZIP file that stays as it is meanwhile; its members come after it.
async fn pass_zip(source: &ArchiveSource, window: Window, entry: Entry) -> Result<Passed, StoreError> {
    let read = zip::members(&source.store, &entry.key, entry.size_bytes).await;
    let now = source.store.look(&entry.key).await;
    let same = now.as_ref().is_ok_and(|now| now.size_bytes == entry.size_bytes && now.changed_ms <= entry.changed_ms);
    let members = match (read, now) {
        (Err(StoreError::Denied), _) | (_, Err(StoreError::Denied)) => {
            tracing::warn!(repository.code = %source.repository, "a file of an archive may not be read; it is tried again in the next walk");
            source.memory.denied(&entry.key);
            return Ok(Passed::over(entry.key));
        }
        // It changes, or is gone: the next walk sees what it is then.
        _ if !same => return Ok(Passed::over(entry.key)),
        (Err(StoreError::Failed(cause)), _) => return Err(StoreError::Failed(cause)),
        (Err(_), _) => return Ok(Passed::over(entry.key)),
        (Ok(members), _) => members,
    };
    source.memory.given(&entry, window.started_ms - source.overlap_ms);
    match members {
        Ok(mut members) => {
            let missing = zip::missing(&source.store, &source.options, &entry, &members).await?.unwrap_or_else(|rule| {
                tracing::warn!(repository.code = %source.repository, rule, "the index of a zipped medium is left out");
                0
            });
            members.reverse();
            Ok(Passed { inside: members, file: Some(entry.clone()), missing, ..Passed::over(entry.key) })
        }
        Err(refused) => {
            tracing::warn!(repository.code = %source.repository, rule = refused.0, "a ZIP file of an archive is left out");
            Ok(Passed::over(entry.key))
        }
    }
}
