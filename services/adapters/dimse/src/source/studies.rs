//! Every study of a range, also of an archive that stops its answers at a number of its own.
//!
//! Some say so by a status, some only stop and call it success: who asks for a year gets the same five hundred as who asks for a day. A list that is
//! or may be cut off is asked for again in smaller ranges, down to a minute; what is cut off even there is told at the end.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use adapter_api::{SourceError, StudyFilter};
use chrono::NaiveDate;
use dicom_dictionary_std::tags;
use dimse::identifier::{Level, Received};
use dimse::message::Status;
use index_model::StudyRecord;
use runtime::Ctx;

use super::find::{Next, Query};
use super::limit::{Verdict, may_be_limit};
use super::slices::Slice;
use super::{DimseSource, date_range};

/// Ranges of one list, after which it counts as cut off.
const MOST_SLICES: u32 = 50_000;
/// So many studies that a whole range did not show, and its parts did, prove that it was cut off; a few may have come meanwhile.
const PROOF: u32 = 5;
/// A slice that is being asked for.
#[derive(Debug)]
struct Asking {
    slice: Slice,
    query: Query,
    matches: u64,
    /// Where its matches lie.
    places: Vec<i32>,
    /// Whether all that say where they lie were asked for.
    keeps_to_range: bool,
}

/// A list of studies under way.
#[derive(Debug)]
pub(super) struct Studies<'a> {
    source: &'a DimseSource,
    filter: &'a StudyFilter,
    /// The last is asked for next.
    todo: Vec<Slice>,
    asking: Option<Asking>,
    seen: HashSet<u128>,
    hashers: [RandomState; 2],
    asked: u32,
    /// Length of the answer that is suspected to be cut off, and how many studies its parts brought that it did not show.
    suspect: Option<(u64, u32)>,
    /// Answers that are cut off and can't be parted.
    cut: u32,
    over: bool,
}

impl<'a> Studies<'a> {
    pub(super) fn new(source: &'a DimseSource, filter: &'a StudyFilter) -> Self {
        let (hashers, seen) = ([RandomState::new(), RandomState::new()], HashSet::new());
        let (todo, asking, asked, suspect, cut, over) = (Vec::new(), None, 0, None, 0, false);
        let mut studies = Self { source, filter, todo, asking, seen, hashers, asked, suspect, cut, over };
        match Slice::of(&filter.study_date).filter(|_| filter.study_instance_uid.is_none()) {
            Some(slice) => studies.todo.push(slice),
            None => studies.asking = Some(studies.ask_once()),
        }
        studies
    }

    /// One study by its UID, or a range that is none of ours to part.
    fn ask_once(&self) -> Asking {
        let uid = self.filter.study_instance_uid.as_ref().map_or(String::new(), |uid| uid.as_str().to_owned());
        let keys = vec![(tags::STUDY_DATE, date_range(&self.filter.study_date)), (tags::STUDY_INSTANCE_UID, uid)];
        let query = self.source.query(Level::Study, keys);
        Asking { slice: Slice::NoDate, query, matches: 0, places: Vec::new(), keeps_to_range: true }
    }

    fn ask(&self, slice: Slice) -> Asking {
        let mut keys = slice.keys();
        keys.push((tags::STUDY_INSTANCE_UID, String::new()));
        let query = self.source.query(Level::Study, keys);
        Asking { slice, query, matches: 0, places: Vec::new(), keeps_to_range: true }
    }

    /// The next study that was not given yet; `None` after the last. A match that can't be read is an error, after which the list goes on; any other is the last.
    pub(super) async fn next(&mut self, ctx: &Ctx) -> Result<Option<StudyRecord>, SourceError> {
        while !self.over {
            let Some(mut asking) = self.asking.take().or_else(|| self.todo.pop().map(|slice| self.ask(slice))) else {
                self.over = true;
                return self.told();
            };
            match asking.query.step(ctx, &self.source.understood).await {
                Ok(Next::Match(received)) => {
                    let study = self.read(&mut asking, &received);
                    self.asking = Some(asking);
                    match study {
                        Ok(None) => {}
                        other => return other,
                    }
                }
                Ok(Next::Unreadable(error)) => {
                    asking.matches += 1;
                    self.asking = Some(asking);
                    return Err(error);
                }
                Ok(Next::End) => self.ended(asking),
                Ok(Next::Failed(status)) => self.failed(asking, status)?,
                Err(error) if asking.slice.is_unvalued() && self.is_part() => self.not_understood(error)?,
                Err(error) => {
                    self.over = true;
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Whether something else was asked for before.
    const fn is_part(&self) -> bool {
        self.asked > 0
    }

    fn read(&mut self, asking: &mut Asking, received: &Received) -> Result<Option<StudyRecord>, SourceError> {
        asking.matches += 1;
        let study = self.source.read_study(received, self.filter)?;
        if let Some(place) = asking.slice.place(&study) {
            asking.places.push(place);
            asking.keeps_to_range &= asking.slice.holds(place);
        }
        let hash = |hasher: &RandomState| u128::from(hasher.hash_one(study.listed_as()));
        let is_new = self.seen.insert(hash(&self.hashers[0]) << 64 | hash(&self.hashers[1]));
        if !is_new {
            return Ok(None);
        }
        if self.seen.len() as u64 > self.source.link.options.most_matches {
            self.over = true;
            return Err(self.source.link.malformed("an endless answer to C-FIND"));
        }
        if let Some((length, new)) = &mut self.suspect {
            *new += 1;
            if *new == PROOF {
                tracing::info!(repository.code = %self.source.link.code, limit = length, "a repository cuts its lists off without a word");
                self.source.limit.known().proved = Some(*length);
            }
        }
        Ok(Some(study))
    }

    /// An answer that the peer calls complete.
    fn ended(&mut self, asking: Asking) {
        self.asked += 1;
        let verdict = match self.filter.study_instance_uid {
            Some(_) => Verdict::Whole,
            None => self.source.limit.verdict(asking.slice, asking.matches),
        };
        if verdict == Verdict::Suspect && self.suspect.is_none_or(|(length, _)| length != asking.matches) {
            self.suspect = Some((asking.matches, 0));
        }
        if verdict != Verdict::Whole {
            let is_parted = self.part(asking);
            self.cut += u32::from(verdict == Verdict::Cut && !is_parted);
        }
    }

    /// An answer that ends with a status. Of a limit there is a way around; every other one is the end.
    fn failed(&mut self, asking: Asking, status: Status) -> Result<(), SourceError> {
        let (matches, slice) = (asking.matches, asking.slice);
        let error = self.source.status("C-FIND", status);
        if slice.is_unvalued() && self.is_part() {
            return self.not_understood(error);
        }
        self.asked += 1;
        // Without a single match it may be a peer in need: it is not asked for a thousand minutes.
        let is_worth_it = matches > 0 || matches!(slice, Slice::Days(from, to) if from.is_none() || from != to);
        let is_limit = may_be_limit(status, matches) && self.filter.study_instance_uid.is_none();
        if is_limit && is_worth_it && self.part(asking) {
            return Ok(());
        }
        if is_limit && matches > 0 {
            self.cut += 1;
            return Ok(());
        }
        self.over = true;
        Err(error)
    }

    /// Puts the parts of a slice on the list; false when there are none that would help.
    fn part(&mut self, mut asking: Asking) -> bool {
        if self.asked >= MOST_SLICES || !asking.keeps_to_range {
            return false;
        }
        let Some(parts) = asking.slice.parted(&mut asking.places, self.today()) else { return false };
        let ask_for_unvalued = !self.source.limit.known().knows_only_values;
        self.todo.extend(parts.into_iter().rev().filter(|part| ask_for_unvalued || !part.is_unvalued()));
        true
    }

    fn today(&self) -> NaiveDate {
        let now_ms = self.source.link.options.clock.now_ms();
        chrono::DateTime::from_timestamp_millis(now_ms).unwrap_or_default().date_naive()
    }

    /// A peer that does not know what `""` means is not asked again, and nothing else is lost by it.
    fn not_understood(&mut self, error: SourceError) -> Result<(), SourceError> {
        if let SourceError::Stopped(_) = error {
            self.over = true;
            return Err(error);
        }
        tracing::info!(repository.code = %self.source.link.code, "a repository that cuts its lists off can't be asked for studies without a date");
        self.source.limit.known().knows_only_values = true;
        self.todo.retain(|slice| !slice.is_unvalued());
        Ok(())
    }

    /// What is cut off is never taken for everything.
    fn told(&self) -> Result<Option<StudyRecord>, SourceError> {
        if self.cut == 0 {
            return Ok(None);
        }
        let rule = format!("{} of its lists are cut off, and could not be asked for in smaller parts", self.cut);
        Err(SourceError::Incomplete { repository: self.source.link.code.clone(), rule })
    }
}
