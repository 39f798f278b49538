//! Search transactions (PS3.18 §10.6), page by page.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use adapter_api::{InstanceKey, SourceError, StudyFilter};
use futures::Stream;
use index_model::{RepositoryDefinition, SeriesRecord, StudyRecord, Uid};
use runtime::Ctx;

use crate::client::Client;
use crate::failure::malformed;
use crate::json::{Match, uid};

/// Attributes of a study that a server may leave out unless it is asked for them (PS3.18 Table 10.6.3-3 and our own).
const STUDY_FIELDS: &str = "00080051,00080061,00080080,00080090,00080201,00081030,00100021,00100024,00100030,00100040,00101002,\
    00200010,00201206,00201208";
const SERIES_FIELDS: &str = "0008103E,00180015,00201209,00400244,00400245,00400275";
/// StudyInstanceUID and SeriesInstanceUID.
const STUDY: &str = "0020000D";
const SERIES: &str = "0020000E";
/// Series and instances asked for at a time.
const LOWER_PAGE: usize = 1000;

/// One search and how far it is.
pub(crate) struct Pages<'a, T> {
    client: &'a Client,
    ctx: &'a Ctx,
    definition: &'a RepositoryDefinition,
    /// Path and query without paging.
    search: String,
    /// What every match that names them belongs to.
    within: Vec<(&'static str, Uid)>,
    size: usize,
    offset: usize,
    /// What came, in few bytes each: a region has millions of studies.
    seen: HashSet<u128>,
    hashers: [RandomState; 2],
    over: bool,
    page: std::marker::PhantomData<fn() -> T>,
}

impl<'a, T: Match> Pages<'a, T> {
    fn new(
        client: &'a Client,
        ctx: &'a Ctx,
        definition: &'a RepositoryDefinition,
        search: String,
        within: Vec<(&'static str, Uid)>,
        size: usize,
    ) -> Self {
        let (offset, seen, over, page) = (0, HashSet::new(), false, std::marker::PhantomData);
        let hashers = [RandomState::new(), RandomState::new()];
        Self { client, ctx, definition, search, within, size: size.max(1), offset, seen, hashers, over, page }
    }

    /// The next matches that no page before had; `None` after the last page.
    ///
    /// A page that is shorter than asked for is the last, unless the server warns that more remain, or its length is a round number: some
    /// servers have a limit of their own and do not say so. A longer one comes from a server
    /// that ignores `limit`; it is believed to be everything once the next page brings nothing new. A full page without anything new
    /// comes from a server that ignores `offset`, whose further matches can't be reached: an error, not an end.
    pub(crate) async fn next_page(&mut self) -> Result<Option<Vec<T>>, SourceError> {
        if self.over {
            return Ok(None);
        }
        let joint = if self.search.contains('?') { '&' } else { '?' };
        let path = format!("{}{joint}limit={}&offset={}", self.search, self.size, self.offset);
        let found = self.client.json(self.ctx, &path, self.client.options.search_limit_bytes).await?;
        let count = found.objects.len();
        let is_another =
            |object| self.within.iter().any(|(tag, asked)| uid(object, tag).is_some_and(|uid| uid != *asked));
        if found.objects.iter().any(is_another) {
            let rule = "PS3.18 §10.6.1: a match belongs to another study or series than was asked for";
            return Err(malformed(&self.client.repository, rule));
        }
        let records: Vec<T> = found.objects.iter().filter_map(|object| T::read(object, self.definition)).collect();
        self.report_unreadable(count, records.len())?;
        let hash = |hasher: &RandomState, record: &T| u128::from(hasher.hash_one(record.listed_as()));
        let [first, second] = &self.hashers;
        let short = |record: &T| hash(first, record) << 64 | hash(second, record);
        let fresh: Vec<T> = records.into_iter().filter(|record| self.seen.insert(short(record))).collect();
        if fresh.is_empty() && self.offset > 0 && count == self.size {
            return Err(malformed(
                &self.client.repository,
                "PS3.18 §8.3.4.4: offset is ignored, so that further matches can't be reached",
            ));
        }
        if self.seen.len() > self.client.options.match_limit {
            return Err(malformed(
                &self.client.repository,
                format!("the limit of {} matches for one search", self.client.options.match_limit),
            ));
        }
        self.offset += count;
        self.over = fresh.is_empty() || (count < self.size && !found.more && !is_round(count));
        Ok(Some(fresh))
    }

    /// A match without a UID is passed over and counted; a page of nothing else is no answer.
    fn report_unreadable(&self, count: usize, read: usize) -> Result<(), SourceError> {
        if count > 0 && read == 0 {
            return Err(malformed(&self.client.repository, "PS3.18 §10.6.3.3: no match has the UID of its level"));
        }
        if read < count {
            tracing::warn!(repository.code = %self.client.repository, skipped = count - read, "matches without a UID were passed over");
        }
        Ok(())
    }

    async fn all(mut self) -> Result<Vec<T>, SourceError> {
        let mut all = Vec::new();
        while let Some(page) = self.next_page().await? {
            all.extend(page);
        }
        Ok(all)
    }
}

/// Whether this many matches may be a server's own limit.
fn is_round(count: usize) -> bool {
    count > 0 && count.is_multiple_of(25)
}

/// Studies, one after the other, a page ahead at most.
pub(crate) fn studies<'a>(
    client: &'a Client,
    ctx: &'a Ctx,
    definition: &'a RepositoryDefinition,
    filter: &StudyFilter,
) -> impl Stream<Item = Result<StudyRecord, SourceError>> + use<'a> {
    let pages =
        Pages::<StudyRecord>::new(client, ctx, definition, study_search(filter), Vec::new(), client.options.page_size);
    futures::stream::try_unfold((pages, VecDeque::new()), |(mut pages, mut ready)| async move {
        loop {
            if let Some(study) = ready.pop_front() {
                return Ok(Some((study, (pages, ready))));
            }
            match pages.next_page().await? {
                Some(page) => ready.extend(page),
                None => return Ok(None),
            }
        }
    })
}

fn study_search(filter: &StudyFilter) -> String {
    let mut search = format!("studies?includefield={STUDY_FIELDS}");
    if filter.study_date != (None, None) {
        let digits = |end: &Option<String>| {
            end.iter().flat_map(|date| date.chars()).filter(char::is_ascii_digit).collect::<String>()
        };
        search.push_str(&format!("&StudyDate={}-{}", digits(&filter.study_date.0), digits(&filter.study_date.1)));
    }
    if let Some(uid) = &filter.study_instance_uid {
        search.push_str(&format!("&StudyInstanceUID={uid}"));
    }
    search
}

pub(crate) async fn series(
    client: &Client,
    ctx: &Ctx,
    definition: &RepositoryDefinition,
    study: &Uid,
) -> Result<Vec<SeriesRecord>, SourceError> {
    let search = format!("studies/{study}/series?includefield={SERIES_FIELDS}");
    Pages::new(client, ctx, definition, search, vec![(STUDY, study.clone())], LOWER_PAGE).all().await
}

pub(crate) async fn instances(
    client: &Client,
    ctx: &Ctx,
    definition: &RepositoryDefinition,
    study: &Uid,
    series: &Uid,
) -> Result<Vec<InstanceKey>, SourceError> {
    let search = format!("studies/{study}/series/{series}/instances");
    let within = vec![(STUDY, study.clone()), (SERIES, series.clone())];
    Pages::new(client, ctx, definition, search, within, LOWER_PAGE).all().await
}

#[cfg(test)]
mod tests {
    use super::study_search;
    use adapter_api::StudyFilter;

    #[test]
    fn dates_stand_in_the_query_as_they_are() {
        let query = |from: Option<&str>, to: Option<&str>| {
            let study_date = (from.map(str::to_owned), to.map(str::to_owned));
            study_search(&StudyFilter { study_date, ..StudyFilter::default() })
                .split_once('&')
                .map(|(_, query)| query.to_owned())
        };
        assert_eq!(query(None, None), None);
        assert_eq!(query(Some("20240101"), Some("20240131")).as_deref(), Some("StudyDate=20240101-20240131"));
        assert_eq!(query(Some("20240101"), None).as_deref(), Some("StudyDate=20240101-"));
        assert_eq!(query(None, Some("2024&x=1")).as_deref(), Some("StudyDate=-20241"));
    }
}
