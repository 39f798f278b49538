//! Who read it: one walk over the trail, line by line, for a breach assessment and its notices (a study that stood under the wrong patient,
//! a report that was opened before it was corrected or withdrawn).
//!
//! Memory is bounded by the rows that are asked for, whatever the length of the trail. Every line that is told is held against its hash.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use index_model::Uid;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::audit::{files, hex};
use crate::view::VIEW_MS;
use crate::{Action, AuditError, Face, Shown, Subject};

/// Longest line that is looked at; ours have a few hundred bytes.
const MOST_LINE_BYTES: u64 = 64 << 10;
const DAY_MS: i64 = 86_400_000;

/// What is asked of the trail. A study or report narrows, a patient narrows; one of them is needed.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// A study, with our keys of it for lines that do not name it yet.
    pub study: Option<(Uid, Vec<i64>)>,
    /// A report by its public ids, those that were joined to it too.
    pub reports: Vec<String>,
    /// Persons whose records were opened.
    pub person_keys: Vec<i64>,
    /// Source patients under whom it was shown. With a study or report: under these alone, and lines that do not tell.
    pub patient_keys: Vec<i64>,
    /// This version of the report alone, and lines that do not tell.
    pub version: Option<u32>,
    /// From this moment on, Unix milliseconds; what was under way then is told.
    pub from_ms: Option<i64>,
    /// Before this moment, Unix milliseconds.
    pub to_ms: Option<i64>,
    /// Rows at most.
    pub most: usize,
}

/// Somebody read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// When what was under way ended, and how much had gone out.
    pub concluded: Option<(i64, u64)>,
    /// Login id.
    pub user: String,
    /// The organisation on whose behalf.
    pub authority: String,
    /// Who got it, when that is somebody else (C-MOVE).
    pub recipient: Option<String>,
    /// By which face; older lines do not tell.
    pub face: Option<Face>,
    /// What was done.
    pub action: Action,
    /// To what.
    pub subject: Subject,
    /// What was shown; older lines do not tell.
    pub shown: Shown,
    /// The first later version of the report that the same user opened since.
    pub later_version: Option<u32>,
}

/// What the trail tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readings {
    /// The oldest first.
    pub rows: Vec<Reading>,
    /// Rows that found no place.
    pub not_shown: u64,
    /// Lines that speak of it and are not whole or not as they were written: `dics audit verify` says which.
    pub altered: u64,
}

/// A line as it is read; what an older service wrote has less.
#[derive(Deserialize)]
struct Line {
    at_ms: i64,
    user: String,
    authority: String,
    recipient: Option<String>,
    face: Option<Face>,
    action: Action,
    subject: Subject,
    #[serde(flatten)]
    shown: Shown,
    outcome: String,
    items: Option<u64>,
    began_ms: Option<i64>,
}

/// Walks over the trail in `folder`.
pub(crate) fn readings(folder: &Path, asked: &Asked) -> Result<Readings, AuditError> {
    let mut walk = Walk { asked, needles: needles(asked), found: Readings::default(), outdated: HashMap::new() };
    let mut line = Vec::with_capacity(1024);
    for path in files(folder)? {
        if !asked.may_be_in(&path) {
            continue;
        }
        let mut reader = BufReader::with_capacity(256 << 10, File::open(&path)?);
        while next_line(&mut reader, &mut line)? {
            walk.line(&line);
        }
    }
    Ok(walk.found)
}

impl Asked {
    /// Whether a day's file may hold what is asked for: a batch of lines begins in its day and may end after it.
    fn may_be_in(&self, path: &Path) -> bool {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(day) = name.strip_prefix("audit-").and_then(|day| day.parse::<i64>().ok()) else { return true };
        let begins = day.saturating_mul(DAY_MS);
        let is_early = self.from_ms.is_some_and(|from| begins.saturating_add(2 * DAY_MS) < from);
        // Whether a later version of a report was opened since is told by later days too.
        let is_late = self.reports.is_empty() && self.to_ms.is_some_and(|to| begins > to.saturating_add(DAY_MS));
        !is_early && !is_late
    }

    fn is_of(&self, line: &Line) -> bool {
        let subject = match (&self.study, &line.shown.study_instance_uid, &line.subject) {
            (Some((asked, _)), Some(shown), _) => asked == shown,
            (Some((_, keys)), None, Subject::Study(key)) => keys.contains(key),
            (None, _, Subject::Report(id)) if !self.reports.is_empty() => self.reports.contains(id),
            (None, _, Subject::Person(key)) if self.reports.is_empty() => return self.person_keys.contains(key),
            (None, ..) if self.reports.is_empty() => !self.patient_keys.is_empty(),
            _ => false,
        };
        // Of a study or report, lines that do not tell the patient may be meant.
        let untold = self.study.is_some() || !self.reports.is_empty();
        let of_patient = line.shown.patient_key.map_or(untold, |key| self.patient_keys.contains(&key));
        subject && (self.patient_keys.is_empty() || of_patient)
    }

    fn is_within(&self, line: &Line) -> bool {
        let lasts_ms = if line.action.is_shared() { VIEW_MS } else { 1 };
        self.from_ms.is_none_or(|from| line.at_ms.saturating_add(lasts_ms) > from)
            && self.to_ms.is_none_or(|to| line.at_ms < to)
            && self.version.is_none_or(|asked| line.shown.version.is_none_or(|version| version == asked))
    }
}

/// What a line that speaks of it has in it, so that of a long trail few lines are parsed.
fn needles(asked: &Asked) -> Vec<String> {
    let mut needles: Vec<String> = asked.reports.clone();
    if let Some((uid, keys)) = &asked.study {
        needles.push(uid.to_string());
        needles.extend(keys.iter().map(|key| format!("\"key\":{key}}}")));
    }
    if needles.is_empty() {
        needles.extend(asked.person_keys.iter().map(|key| format!("\"key\":{key}}}")));
        needles.extend(asked.patient_keys.iter().map(|key| format!("\"patient\":{key},")));
    }
    needles
}

struct Walk<'a> {
    asked: &'a Asked,
    needles: Vec<String>,
    found: Readings,
    /// By user, the rows after which no later version was opened yet.
    outdated: HashMap<String, Vec<usize>>,
}

impl Walk<'_> {
    fn line(&mut self, line: &[u8]) {
        let Ok(line) = std::str::from_utf8(line) else { return };
        if !self.needles.iter().any(|needle| line.contains(needle.as_str())) {
            return;
        }
        let Some((hash, json)) = line.split_once(' ') else { return };
        let Ok(parsed) = serde_json::from_str::<Line>(json) else {
            self.found.altered += 1;
            return;
        };
        // A search within one study tells of that study.
        let is_within = parsed.action == Action::Search && parsed.shown.study_instance_uid.is_some();
        if !(parsed.action.is_reading() || is_within) || !self.asked.is_of(&parsed) {
            return;
        }
        if hash != hex(&Sha256::digest(json.as_bytes())) {
            self.found.altered += 1;
        }
        match parsed.outcome.as_str() {
            "concluded" => self.conclude(&parsed),
            _ => self.begin(parsed),
        }
    }

    fn begin(&mut self, line: Line) {
        self.supersede(&line);
        if !self.asked.is_within(&line) {
            return;
        }
        if self.found.rows.len() >= self.asked.most {
            self.found.not_shown += 1;
            return;
        }
        if line.action == Action::ReadReport && line.shown.version.is_some() && !line.shown.withheld {
            self.outdated.entry(line.user.clone()).or_default().push(self.found.rows.len());
        }
        self.found.rows.push(Reading {
            at_ms: line.at_ms,
            concluded: None,
            user: line.user,
            authority: line.authority,
            recipient: line.recipient,
            face: line.face,
            action: line.action,
            subject: line.subject,
            shown: line.shown,
            later_version: None,
        });
    }

    /// Who opens a later version has seen that what they read before is not current.
    fn supersede(&mut self, line: &Line) {
        let (Some(version), Some(waiting)) = (line.shown.version, self.outdated.get_mut(&line.user)) else { return };
        let rows = &mut self.found.rows;
        waiting.retain(|at| match rows.get_mut(*at) {
            Some(row) if row.subject == line.subject && row.shown.version < Some(version) => {
                row.later_version = Some(version);
                false
            }
            _ => true,
        });
    }

    fn conclude(&mut self, line: &Line) {
        let Some(began_ms) = line.began_ms else { return };
        let is_begun = |row: &&mut Reading| {
            row.at_ms == began_ms
                && (row.action, &row.subject, &row.shown) == (line.action, &line.subject, &line.shown)
                && (&row.user, &row.authority, &row.recipient) == (&line.user, &line.authority, &line.recipient)
        };
        if let Some(row) = self.found.rows.iter_mut().rev().find(is_begun) {
            row.concluded = Some((line.at_ms, line.items.unwrap_or_default()));
        }
    }
}

/// The next whole line without its end; what is longer than any of ours is passed over. A last line without an end is still being written.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        line.clear();
        reader.by_ref().take(MOST_LINE_BYTES).read_until(b'\n', line)?;
        if line.last() == Some(&b'\n') {
            line.pop();
            return Ok(true);
        }
        if line.len() as u64 != MOST_LINE_BYTES {
            return Ok(false);
        }
        reader.skip_until(b'\n')?;
    }
}
