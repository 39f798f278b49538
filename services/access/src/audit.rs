//! The audit trail: lines of JSON in `audit/`, each bound to the one before it by a SHA-256 chain.
//!
//! One writer thread collects what arrives while the disk is busy, writes it in one go and syncs once; a caller goes on only when its
//! own line is on disk. A file holds at most a day; the chain runs on through all files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::{Action, Asked, Face, Readings, Shown, Subject};

/// Lines that may wait for the disk.
const QUEUE: usize = 4096;
/// Lines that share one sync at the most.
const BATCH: usize = 512;
/// Room that a file holds beforehand, so that looking goes on, and is written down, when the disk is full.
const ROOM_BYTES: u64 = 16 << 20;
/// How long a writer before us may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a line is not in the trail.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    /// The disk said no.
    #[error("audit trail: {0}")]
    Io(String),
    /// The writer has ended.
    #[error("the audit trail is closed")]
    Closed,
    /// Two writers would bind their lines to one and the same line, and the chain would look as if lines had been taken out.
    #[error("another process writes this audit trail: end it first, or give this one a data folder of its own")]
    InUse,
}

impl From<io::Error> for AuditError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind().to_string())
    }
}

/// How it ended.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub(crate) enum Outcome {
    /// Leave was given.
    Permitted,
    /// A view ended: so much went out since it began.
    Concluded { items: u64, bytes: u64, began_ms: i64 },
}

/// What one line says, by our own keys.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    pub(crate) at_ms: i64,
    pub(crate) user: String,
    pub(crate) authority: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) face: Option<Face>,
    pub(crate) action: Action,
    pub(crate) subject: Subject,
    #[serde(flatten)]
    pub(crate) shown: Shown,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

#[derive(Serialize)]
struct Chained<'a> {
    seq: u64,
    #[serde(flatten)]
    line: &'a Line,
    previous: &'a str,
}

type Waiting = (Line, oneshot::Sender<Result<(), AuditError>>);

/// Appends to the trail. Cheap to clone; the writer ends with the last clone.
#[derive(Debug, Clone)]
pub struct AuditLog {
    lines: mpsc::Sender<Waiting>,
    folder: Arc<Path>,
    /// One walk over the trail at a time: it may be long.
    reading: Arc<Semaphore>,
}

impl AuditLog {
    /// Opens the trail in `folder`, finding the end of the chain in the newest file.
    ///
    /// # Errors
    /// When the folder can't be made or read; [`AuditError::InUse`] when another process still writes after ten seconds. A last line that was cut off by a power failure is closed with a line break and left.
    pub fn open(folder: &Path) -> Result<Self, AuditError> {
        fs::create_dir_all(folder)?;
        let lock = alone(folder)?;
        let (seq, previous) = last_link(folder)?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let mut writer = Writer { folder: folder.to_owned(), day: i64::MIN, file: None, room_until: 0, seq, previous };
        std::thread::Builder::new().name("audit".into()).spawn(move || {
            writer.run(receiver);
            drop(lock);
        })?;
        Ok(Self { lines: sender, folder: folder.into(), reading: Arc::new(Semaphore::new(1)) })
    }

    pub(crate) async fn append(&self, line: Line) -> Result<(), AuditError> {
        let (done, written) = oneshot::channel();
        self.lines.send((line, done)).await.map_err(|_| AuditError::Closed)?;
        written.await.map_err(|_| AuditError::Closed)?
    }

    /// Walks over the trail on a thread that may wait.
    pub(crate) async fn readings(&self, asked: Asked) -> Result<Readings, AuditError> {
        let turn = Arc::clone(&self.reading).acquire_owned().await.map_err(|_| AuditError::Closed)?;
        let folder = Arc::clone(&self.folder);
        let walk = tokio::task::spawn_blocking(move || {
            let found = crate::readers::readings(&folder, &asked);
            drop(turn);
            found
        });
        walk.await.map_err(|_| AuditError::Closed)?
    }
}

/// A lock that is held until the last line is written: a process that was told to end may still write when the next one starts.
fn alone(folder: &Path) -> Result<File, AuditError> {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    let begun = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20))
            }
            Err(TryLockError::WouldBlock) => return Err(AuditError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

struct Writer {
    folder: PathBuf,
    day: i64,
    file: Option<File>,
    /// The length up to which the file has room.
    room_until: u64,
    seq: u64,
    previous: String,
}

impl Writer {
    fn run(&mut self, mut lines: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        while lines.blocking_recv_many(&mut batch, BATCH) > 0 {
            let (lines, waiting): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
            let result = self.write(&lines).map_err(AuditError::from);
            if result.is_err() {
                // What did reach the file is unknown: begin again behind it.
                self.file = None;
                if let Ok((seq, previous)) = last_link(&self.folder) {
                    (self.seq, self.previous) = (seq, previous);
                }
            }
            for done in waiting {
                let _ = done.send(result.clone());
            }
        }
    }

    fn write(&mut self, lines: &[Line]) -> io::Result<()> {
        let mut text = Vec::new();
        let (mut seq, mut previous) = (self.seq, self.previous.clone());
        for line in lines {
            seq += 1;
            let json = serde_json::to_string(&Chained { seq, line, previous: &previous })?;
            previous = hex(&Sha256::digest(json.as_bytes()));
            writeln!(text, "{previous} {json}")?;
        }
        let day = lines.first().map_or(self.day, |line| line.at_ms.div_euclid(86_400_000));
        let file = self.file_of(day)?;
        let before = file.metadata()?.len();
        let written = file.write_all(&text).and_then(|()| file.sync_data());
        if written.is_err() && file.metadata()?.len() > before {
            // Half a line would be taken for one that somebody changed.
            file.set_len(before)?;
        }
        written?;
        (self.seq, self.previous) = (seq, previous);
        self.hold_room(before + text.len() as u64);
        Ok(())
    }

    /// Takes room ahead of the end. Where the file system can't, or has none left, the trail goes on without.
    fn hold_room(&mut self, end: u64) {
        use rustix::fs::{FallocateFlags, fallocate};
        let Some(file) = self.file.as_ref().filter(|_| self.room_until < end + ROOM_BYTES / 2) else { return };
        match fallocate(file, FallocateFlags::KEEP_SIZE, end, ROOM_BYTES) {
            Ok(()) => self.room_until = end + ROOM_BYTES,
            Err(error) => tracing::debug!(error = %error, "the audit trail has no room held beforehand"),
        }
    }

    fn file_of(&mut self, day: i64) -> io::Result<&mut File> {
        let (current, same_day) = (self.file.take(), self.day == day);
        let file = match current {
            Some(file) if same_day => file,
            earlier => {
                if let Some(earlier) = earlier {
                    // Gives back what it did not need.
                    earlier.set_len(earlier.metadata()?.len())?;
                }
                self.room_until = 0;
                let path = self.folder.join(format!("audit-{day:06}.jsonl"));
                let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
                if !ends_with_line_break(&path)? {
                    file.write_all(b"\n")?;
                }
                File::open(&self.folder)?.sync_all()?;
                file
            }
        };
        self.day = day;
        Ok(self.file.insert(file))
    }
}

fn ends_with_line_break(path: &Path) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[derive(Deserialize)]
struct Link {
    seq: u64,
    previous: String,
}

/// A line's own hash, its sequence number and the hash of the one before, if the line is whole.
fn link(line: &str) -> Option<(String, Link)> {
    let (hash, json) = line.split_once(' ')?;
    (hash == hex(&Sha256::digest(json.as_bytes()))).then_some(())?;
    Some((hash.to_owned(), serde_json::from_str(json).ok()?))
}

pub(crate) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    Ok(files)
}

fn last_link(folder: &Path) -> io::Result<(u64, String)> {
    for path in files(folder)?.iter().rev() {
        let lines = BufReader::new(File::open(path)?).lines();
        let last = lines.map_while(Result::ok).filter_map(|line| link(&line)).last();
        if let Some((hash, link)) = last {
            return Ok((link.seq, hash));
        }
    }
    Ok((0, String::new()))
}

/// What a verification of the trail found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whole lines.
    pub lines: u64,
    /// File and line number where the chain does not hold; empty for a sound trail.
    pub broken: Vec<String>,
    /// Lines that were cut off when the process or the power ended, and over which the chain goes on. Nobody was given leave by one.
    pub cut_off: Vec<String>,
}

/// Walks the whole chain and says where it does not hold.
///
/// # Errors
/// When a file can't be read.
pub fn verify(folder: &Path) -> Result<Verified, AuditError> {
    let (mut expected, mut seq) = (String::new(), 0);
    let mut verified = Verified { lines: 0, broken: Vec::new(), cut_off: Vec::new() };
    // What is no line is cut off if the next one follows on the one before it, for that can't be made of anything else.
    let mut unreadable: Vec<String> = Vec::new();
    for path in files(folder)? {
        for (number, line) in BufReader::new(File::open(&path)?).split(b'\n').enumerate() {
            let line = line?;
            let at = || format!("{}:{}", path.file_name().unwrap_or_default().to_string_lossy(), number + 1);
            let Some((hash, link)) = std::str::from_utf8(&line).ok().and_then(link) else {
                unreadable.push(at());
                continue;
            };
            if link.previous == expected && link.seq == seq + 1 {
                verified.lines += 1;
                verified.cut_off.append(&mut unreadable);
            } else {
                verified.broken.append(&mut unreadable);
                verified.broken.push(at());
            }
            (expected, seq) = (hash, link.seq);
        }
    }
    verified.broken.append(&mut unreadable);
    Ok(verified)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use std::fmt::Write;
        let _ = write!(text, "{byte:02x}");
        text
    })
}
