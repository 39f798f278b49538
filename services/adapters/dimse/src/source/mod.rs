//! A repository that speaks DIMSE, as an [`ImagingSource`].

mod error;
mod exchange;
mod find;
mod keys;
mod limit;
mod link;
mod records;
mod retrieve;
mod slices;
mod studies;
mod verify;

use std::collections::HashSet;
use std::sync::Arc;

use adapter_api::{Capabilities, ImagingSource, InstanceKey, Part, Retrieve, SourceError, StudyFilter, TestStep};
use async_trait::async_trait;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use index_model::{AeTitle, RepositoryCode, RepositoryDefinition, RetrieveBy, SeriesRecord, StudyRecord, Uid};
use runtime::Ctx;

pub use error::FailedStatus;

use crate::options::DimseOptions;
use dimse::identifier::{Item, Level, Received};
use find::{Query, Understood};
use limit::Limit;
use link::Link;
use retrieve::{Expected, Retrieval};
use studies::Studies;

/// Series of one study, and instances of one series, beyond which an answer counts as broken.
const MOST_BELOW: usize = 200_000;

/// The definition has no `dimse` section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the repository's definition has no dimse section")]
pub struct NoAddress;

/// One DIMSE archive: searched with C-FIND in the Study Root model, retrieved from by C-MOVE or C-GET.
///
/// Each operation has an association of its own, of which the definition's `concurrency` may be open at a time, so that one slow
/// repository can't use up what others need. Work that is dropped is cancelled at the peer.
#[derive(Debug)]
pub struct DimseSource {
    definition: RepositoryDefinition,
    link: Arc<Link>,
    understood: Understood,
    limit: Limit,
}

impl DimseSource {
    /// A source for `definition`; `own_ae` is our calling AE title and the destination of C-MOVE.
    ///
    /// # Errors
    /// [`NoAddress`] when the definition is of another protocol.
    pub fn new(definition: RepositoryDefinition, own_ae: AeTitle, options: DimseOptions) -> Result<Self, NoAddress> {
        let address = definition.dimse.clone().ok_or(NoAddress)?;
        let limit = Limit::new(address.most_matches);
        let link = Link::new(definition.code.clone(), address, own_ae, options, definition.concurrency);
        Ok(Self { definition, link: Arc::new(link), understood: Understood::default(), limit })
    }

    fn query(&self, level: Level, keys: Vec<(Tag, String)>) -> Query {
        Query::new(&self.link, &self.understood, level, keys, self.definition.character_set.as_deref())
    }

    /// All matches of a query below a study. One that can't be used makes the whole answer unusable: half a list is no list.
    async fn all<T>(
        &self,
        ctx: &Ctx,
        level: Level,
        keys: Vec<(Tag, String)>,
        read: impl Fn(Item<'_>) -> Result<T, &'static str> + Send,
    ) -> Result<Vec<T>, SourceError>
    where
        T: Send,
    {
        let mut query = self.query(level, keys);
        let mut all = Vec::new();
        while let Some(received) = query.next(ctx, &self.understood).await? {
            if all.len() == MOST_BELOW {
                return Err(self.link.malformed("an endless answer to C-FIND"));
            }
            all.push(read(received.root()).map_err(|keyword| self.unusable(keyword))?);
        }
        Ok(all)
    }

    fn status(&self, operation: &'static str, status: dimse::message::Status) -> SourceError {
        error::of_status(&self.link.code, operation, status)
    }

    fn unusable(&self, keyword: &'static str) -> SourceError {
        self.link.malformed(format!("{keyword} in a C-FIND response is missing, no UID, or not what was asked for"))
    }

    fn read_study(&self, received: &Received, filter: &StudyFilter) -> Result<StudyRecord, SourceError> {
        let record = records::study(received.root(), &self.definition).map_err(|keyword| self.unusable(keyword))?;
        match &filter.study_instance_uid {
            Some(asked) if *asked != record.study_instance_uid => Err(self.unusable("StudyInstanceUID")),
            _ => Ok(record),
        }
    }

    /// What the series holds, for a C-GET; a peer that can't say is not asked to.
    async fn expected(&self, ctx: &Ctx, what: &Retrieve) -> Result<Expected, SourceError> {
        if self.link.address.retrieve == RetrieveBy::Move {
            return Ok(Expected::default());
        }
        match self.search_instances(ctx, &what.study_instance_uid, &what.series_instance_uid).await {
            Ok(instances) => {
                let wanted =
                    |key: &&InstanceKey| what.sop_instance_uid.as_ref().is_none_or(|uid| key.sop_instance_uid == *uid);
                let wanted: Vec<_> = instances.iter().filter(wanted).collect();
                let classes: HashSet<_> = wanted.iter().filter_map(|key| key.sop_class_uid.clone()).collect();
                let told_all = wanted.iter().all(|key| key.sop_class_uid.is_some());
                Ok(Expected {
                    classes: if told_all { classes } else { HashSet::new() },
                    instances: u32::try_from(wanted.len()).ok(),
                })
            }
            Err(error @ (SourceError::Stopped(_) | SourceError::Unavailable { .. })) => Err(error),
            Err(_) => Ok(Expected::default()),
        }
    }
}

/// Values that begin and end a range of dates (PS3.4 §C.2.2.2.5.1); empty for all.
fn date_range((from, to): &(Option<String>, Option<String>)) -> String {
    match (from, to) {
        (None, None) => String::new(),
        (Some(from), Some(to)) if from == to => from.clone(),
        (from, to) => format!("{}-{}", from.as_deref().unwrap_or(""), to.as_deref().unwrap_or("")),
    }
}

#[async_trait]
impl ImagingSource for DimseSource {
    fn repository(&self) -> &RepositoryCode {
        &self.definition.code
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { metadata: false, single_instance: true, listing_only: false }
    }

    async fn verify(&self, ctx: &Ctx) -> Vec<TestStep> {
        verify::verify(&self.link, &self.definition, ctx).await
    }

    fn search_studies<'a>(
        &'a self,
        ctx: &'a Ctx,
        filter: &'a StudyFilter,
    ) -> BoxStream<'a, Result<StudyRecord, SourceError>> {
        stream::unfold(Studies::new(self, filter), move |mut studies| async move {
            let next = studies.next(ctx).await.transpose()?;
            Some((next, studies))
        })
        .boxed()
    }

    async fn search_series(&self, ctx: &Ctx, study: &Uid) -> Result<Vec<SeriesRecord>, SourceError> {
        let keys = vec![(tags::STUDY_INSTANCE_UID, study.as_str().to_owned())];
        self.all(ctx, Level::Series, keys, |item| records::series(item, study)).await
    }

    async fn search_instances(&self, ctx: &Ctx, study: &Uid, series: &Uid) -> Result<Vec<InstanceKey>, SourceError> {
        let keys = vec![
            (tags::STUDY_INSTANCE_UID, study.as_str().to_owned()),
            (tags::SERIES_INSTANCE_UID, series.as_str().to_owned()),
        ];
        let read = |item: Item<'_>| {
            records::belongs(item, tags::STUDY_INSTANCE_UID, study, "StudyInstanceUID")?;
            records::belongs(item, tags::SERIES_INSTANCE_UID, series, "SeriesInstanceUID")?;
            Ok(InstanceKey {
                sop_instance_uid: item.uid(tags::SOP_INSTANCE_UID).ok_or("SOPInstanceUID")?,
                sop_class_uid: item.uid(tags::SOP_CLASS_UID),
                instance_number: item.number(tags::INSTANCE_NUMBER),
            })
        };
        self.all(ctx, Level::Instance, keys, read).await
    }

    async fn metadata(
        &self,
        _ctx: &Ctx,
        _study: &Uid,
        _series: &Uid,
    ) -> Result<Option<Vec<serde_json::Map<String, serde_json::Value>>>, SourceError> {
        Ok(None)
    }

    fn retrieve<'a>(&'a self, ctx: &'a Ctx, what: &'a Retrieve) -> BoxStream<'a, Result<Part, SourceError>> {
        enum State {
            Asked,
            Running(Box<Retrieval>),
            Over,
        }
        stream::unfold(State::Asked, move |state| async move {
            let mut retrieval = match state {
                State::Over => return None,
                State::Running(retrieval) => retrieval,
                State::Asked => {
                    let start =
                        async { Retrieval::start(&self.link, ctx, what, self.expected(ctx, what).await?).await };
                    match start.await {
                        Ok(retrieval) => Box::new(retrieval),
                        Err(error) => return Some((Err(error), State::Over)),
                    }
                }
            };
            let next = retrieval.next(ctx).await.transpose()?;
            Some((next, State::Running(retrieval)))
        })
        .boxed()
    }

    fn list<'a>(&'a self, _ctx: &'a Ctx, _filter: &'a StudyFilter) -> BoxStream<'a, Result<Part, SourceError>> {
        stream::empty().boxed()
    }
}
