//! What no column has: attributes and matching keys that are answered from the headers of instances, within bounds.

use std::io::{BufReader, Read};
use std::sync::Arc;

use access::Permit;
use flate2::read::GzDecoder;
use futures::{StreamExt, TryStreamExt};
use index_query::{Attribute, Level, Match, Page, Query, Rule, Tag, is_of_objects, level_of};
use index_store::{Found, SearchFilter, SeriesRow, StudyRow};
use serde_json::{Map, Value};

use super::Answer;
use super::classes::{MOST_COMPARED, is_classes, wants_classes};
use crate::manifest::UNPACKED_BYTES;
use crate::open::OpenedStudy;
use crate::{Registry, RegistryError};

/// The header of one instance, DICOM JSON.
pub type Header = Map<String, Value>;

/// Studies or series whose headers one search looks into for keys that no column has; of more, such keys are ignored and told.
pub const MOST_EXAMINED: u32 = 500;
/// Rows of an answer that get attributes from their headers.
pub const MOST_DESCRIBED: usize = 200;
/// Series of a study that are tried for a header.
const MOST_TRIED: usize = 5;
/// Headers that are read at the same time.
const AT_ONCE: usize = 8;

/// Attributes that rows of studies have. OtherPatientIDsSequence has more in headers.
const STUDY_COLUMNS: &[(u16, &[u16])] = &[
    (0x0008, &[0x0005, 0x0020, 0x0030, 0x0050, 0x0051, 0x0054, 0x0056, 0x0061, 0x0080, 0x0090, 0x0201, 0x1030, 0x1190]),
    (0x0010, &[0x0010, 0x0020, 0x0021, 0x0024, 0x0030, 0x0040]),
    (0x0020, &[0x000D, 0x0010, 0x1206, 0x1208]),
    (0x0040, &[0xE011]),
];
/// Attributes that rows of series have beside their study's. RequestAttributesSequence has more in headers.
const SERIES_COLUMNS: &[(u16, &[u16])] = &[
    (0x0008, &[0x0060, 0x103E]),
    (0x0018, &[0x0015]),
    (0x0020, &[0x000E, 0x0011, 0x1209]),
    (0x0040, &[0x0244, 0x0245]),
];

/// Whether an answer at this level has attributes that only headers have: of `includefield`, or of matching keys.
fn needs_headers(query: &Query, level: Level) -> bool {
    let is_in = |table: &[(u16, &[u16])], tag: Tag| {
        table.iter().any(|(group, elements)| *group == tag.0 && elements.contains(&tag.1))
    };
    let is_column = |attribute: &Attribute| {
        attribute.path.first().is_none_or(|tag| is_in(STUDY_COLUMNS, *tag) || is_in(SERIES_COLUMNS, *tag))
    };
    let mut wanted = query.include.attributes.iter().chain(query.matches.iter().map(|one| &one.attribute));
    query.include.all || wanted.any(|one| level_of(one) <= level && !is_column(one))
}

/// Conditions on attributes of this level or above that no column has.
fn of_headers<'q>(query: &'q Query, unsupported: &[Attribute], level: Level) -> Vec<&'q Match> {
    let is_one = |one: &&Match| {
        let is_applied = unsupported.contains(&one.attribute) || is_of_their_item(&one.attribute, unsupported);
        let is_gathered = level == Level::Study && is_classes(&one.attribute);
        is_applied && level_of(&one.attribute) <= level && (is_gathered || is_of_objects(&one.attribute))
    };
    query.matches.iter().filter(is_one).collect()
}

/// Whether an attribute of RequestAttributesSequence has a column and another key does not: both must be met by one item, which only
/// headers know whole.
pub(super) fn is_of_their_item(attribute: &Attribute, unsupported: &[Attribute]) -> bool {
    let is_within = |one: &Attribute| matches!(one.path[..], [Tag(0x0040, 0x0275), _, ..]);
    is_within(attribute) && unsupported.iter().any(is_within)
}

/// Whether one study or one series is named: then its repositories may be asked for headers.
pub(super) fn is_narrow(query: &Query) -> bool {
    query.matches.iter().any(|one| {
        matches!(one.attribute.path[..], [Tag(0x0020, 0x000D | 0x000E)]) && matches!(one.rule, Rule::Equals(_))
    })
}

/// The page of all matches, and how many remain after it.
fn page_of<T>(rows: Vec<T>, page: Page) -> (Vec<T>, u64) {
    let (offset, limit) = (page.offset as usize, page.limit as usize);
    let remaining = rows.len().saturating_sub(offset.saturating_add(limit));
    (rows.into_iter().skip(offset).take(limit).collect(), remaining as u64)
}

impl Registry {
    /// Applies conditions on studies that no column has, where few enough studies are left to look at.
    pub(super) async fn examine_studies(
        &self,
        query: &Query,
        filter: &SearchFilter,
        found: Found<StudyRow>,
    ) -> Result<Found<StudyRow>, RegistryError> {
        let applied = of_headers(query, &found.unsupported, Level::Study);
        if applied.is_empty() {
            return Ok(found);
        }
        let most = if applied.iter().any(|one| is_classes(&one.attribute)) { MOST_COMPARED } else { MOST_EXAMINED };
        let all = Query { page: Page::first(most), ..query.clone() };
        let all = self.0.store.search_studies(&all, filter).await?;
        if all.remaining > 0 {
            return Ok(found);
        }
        let headers = self.headers_of_studies(query, &all.rows).await?;
        let kept = all.rows.into_iter().zip(headers).filter(|(_, header)| all_match(&applied, header.as_deref()));
        let (rows, remaining) = page_of(kept.map(|(row, _)| row).collect(), query.page);
        let unsupported = left_over(&found.unsupported, &applied);
        Ok(Found { rows, remaining, undated: 0, unsupported })
    }

    /// The same for series. Of a study or series that is named, repositories are asked for headers that are not known yet.
    pub(super) async fn examine_series(
        &self,
        permit: &Permit,
        query: &Query,
        filter: &SearchFilter,
        found: Found<SeriesRow>,
    ) -> Result<Found<SeriesRow>, RegistryError> {
        let applied = of_headers(query, &found.unsupported, Level::Series);
        if applied.is_empty() {
            return Ok(found);
        }
        let all = self.0.store.instances_scope(query, filter, Page::first(MOST_EXAMINED)).await?;
        if all.remaining > 0 {
            return Ok(found);
        }
        if is_narrow(query) {
            self.read_headers(permit, &all.rows).await?;
        }
        let headers = self.headers_of_series(&all.rows).await?;
        let kept = all.rows.into_iter().zip(headers).filter(|(_, header)| all_match(&applied, header.as_deref()));
        let (rows, remaining) = page_of(kept.map(|(row, _)| row).collect(), query.page);
        let unsupported = left_over(&found.unsupported, &applied);
        Ok(Found { rows, remaining, undated: 0, unsupported })
    }

    /// Gives the rows of an answer their headers, where attributes were asked for that only headers have.
    pub(super) async fn describe_studies(
        &self,
        query: &Query,
        answer: &mut Answer<StudyRow>,
    ) -> Result<(), RegistryError> {
        if needs_headers(query, Level::Study) {
            let described = answer.rows.len().min(MOST_DESCRIBED);
            answer.headers = self.headers_of_studies(query, &answer.rows[..described]).await?;
            answer.undescribed = answer.rows.len() - described;
        }
        Ok(())
    }

    pub(super) async fn describe_series(
        &self,
        query: &Query,
        answer: &mut Answer<SeriesRow>,
    ) -> Result<(), RegistryError> {
        if needs_headers(query, Level::Series) {
            let described = answer.rows.len().min(MOST_DESCRIBED);
            answer.headers = self.headers_of_series(&answer.rows[..described]).await?;
            answer.undescribed = answer.rows.len() - described;
        }
        Ok(())
    }

    async fn headers_of_studies(
        &self,
        query: &Query,
        rows: &[StudyRow],
    ) -> Result<Vec<Option<Arc<Header>>>, RegistryError> {
        let with_classes = wants_classes(query);
        let of = |study_key: i64| async move {
            let all = self.0.store.series_of_study(study_key).await?;
            for series in all.iter().take(MOST_TRIED) {
                match self.first_header(series.series_key).await? {
                    Some(header) if with_classes => return self.with_classes(&all, header).await.map(Some),
                    Some(header) => return Ok(Some(header)),
                    None => {}
                }
            }
            Ok(None)
        };
        let keys: Vec<i64> = rows.iter().map(|row| row.study_key).collect();
        futures::stream::iter(keys).map(of).buffered(AT_ONCE).try_collect().await
    }

    async fn headers_of_series(&self, rows: &[SeriesRow]) -> Result<Vec<Option<Arc<Header>>>, RegistryError> {
        let keys: Vec<i64> = rows.iter().map(|row| row.series_key).collect();
        futures::stream::iter(keys).map(|key| self.first_header(key)).buffered(AT_ONCE).try_collect().await
    }

    /// Reads headers that are not known yet; who does not answer leaves them unknown.
    async fn read_headers(&self, permit: &Permit, rows: &[SeriesRow]) -> Result<(), RegistryError> {
        let read = |series: SeriesRow| async move {
            let opened = OpenedStudy::of_series(permit, &series);
            self.ensure_headers(&opened, &series).await.map(drop)
        };
        futures::stream::iter(rows.to_vec()).map(read).buffered(AT_ONCE).try_collect().await
    }

    /// The header of one instance of a series, as far as it is known here: what is of the series is the same in all.
    async fn first_header(&self, series_key: i64) -> Result<Option<Arc<Header>>, RegistryError> {
        if let Some(manifest) = self.cached_manifest(series_key).await? {
            let first = manifest.entries.first();
            return Ok(first.and_then(|entry| serde_json::from_str(entry.metadata.get()).ok()).map(Arc::new));
        }
        let Some(state) = self.0.store.manifest_state(series_key).await? else { return Ok(None) };
        let header = match &state.base_object {
            Some(name) => {
                let array = self.0.objects.get(name).await?;
                self.0.cpu.run(move || first_of(&array)).await?
            }
            None => {
                let pending = self.0.store.pending_entries(series_key).await?;
                pending.first().and_then(|pending| serde_json::from_str(pending.entry.metadata.get()).ok())
            }
        };
        Ok(header.map(Arc::new))
    }
}

/// The first element of a packed array, without unpacking the rest.
fn first_of(array: &[u8]) -> Option<Header> {
    let mut text = BufReader::new(GzDecoder::new(array).take(UNPACKED_BYTES));
    let mut bracket = [0];
    text.read_exact(&mut bracket).ok()?;
    serde_json::Deserializer::from_reader(text).into_iter().next()?.ok()
}

fn all_match(applied: &[&Match], header: Option<&Header>) -> bool {
    header.is_some_and(|header| index_query::matches(applied.iter().copied(), header))
}

fn left_over(unsupported: &[Attribute], applied: &[&Match]) -> Vec<Attribute> {
    unsupported.iter().filter(|one| !applied.iter().any(|applied| applied.attribute == **one)).cloned().collect()
}
