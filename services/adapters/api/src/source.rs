//! What we pull from.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use index_model::{RepositoryCode, SeriesRecord, StudyRecord, Uid};
use runtime::Ctx;

use crate::{Object, SourceError};

/// What a source can do, so that a caller plans instead of tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// `metadata` gives headers without pixels.
    pub metadata: bool,
    /// One instance can be asked for alone.
    pub single_instance: bool,
    /// `search_studies` gives whole objects to index (`Part::Object`), because nothing else tells what is there.
    pub listing_only: bool,
}

/// Which studies a synchronisation asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StudyFilter {
    /// StudyDate range, `YYYYMMDD`, both ends belong to it; `None` is open.
    pub study_date: (Option<String>, Option<String>),
    /// One study only.
    pub study_instance_uid: Option<Uid>,
    /// For sources that list: only what changed after this mark, as the source itself gave it.
    pub changed_after: Option<String>,
}

/// An instance that a source says it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceKey {
    /// SOPInstanceUID (0008,0018).
    pub sop_instance_uid: Uid,
    /// SOPClassUID (0008,0016), where told.
    pub sop_class_uid: Option<Uid>,
    /// InstanceNumber (0020,0013), where told.
    pub instance_number: Option<i64>,
}

/// What to retrieve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retrieve {
    /// StudyInstanceUID.
    pub study_instance_uid: Uid,
    /// SeriesInstanceUID.
    pub series_instance_uid: Uid,
    /// One instance, or the whole series.
    pub sop_instance_uid: Option<Uid>,
    /// The repository's own name of that instance, where it has one.
    pub remote: Option<String>,
}

/// A part of a retrieval.
#[derive(Debug)]
pub enum Part {
    /// One whole object.
    Object {
        /// The object.
        object: Object,
        /// The repository's own name for it, where it has one.
        remote: Option<String>,
    },
    /// So many objects came another way: by C-STORE to our `Inbox`.
    Delivered {
        /// Completed sub-operations.
        completed: u32,
        /// Failed sub-operations.
        failed: u32,
    },
    /// A listing source has nothing older than this mark left to say.
    Mark(String),
    /// A listing source left something that was still being written; it is worth a look after so long.
    Unsettled(Duration),
}

/// One step of a connection test, in words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TestStep {
    /// `connect`, `verify`, `search`, …
    pub step: &'static str,
    /// Whether it went well.
    pub ok: bool,
    /// What was seen, and the remedy when it did not.
    pub text: String,
}

/// One place that holds images: a regional PACS, an archive, a peer registry.
#[async_trait]
pub trait ImagingSource: std::fmt::Debug + Send + Sync + 'static {
    /// Which repository this is.
    fn repository(&self) -> &RepositoryCode;

    /// What this source can do.
    fn capabilities(&self) -> Capabilities;

    /// By how many milliseconds the source's clock was ahead of ours when it answered last, behind where it is negative; `None` where its
    /// protocol does not tell.
    fn clock_ahead_ms(&self) -> Option<i64> {
        None
    }

    /// Verification service (C-ECHO, the Capabilities transaction, or a look at the folder) and a sample query, step by step.
    async fn verify(&self, ctx: &Ctx) -> Vec<TestStep>;

    /// Studies in the source's own order. Dropping the stream ends the search. Sources that only list give an empty stream.
    fn search_studies<'a>(
        &'a self,
        ctx: &'a Ctx,
        filter: &'a StudyFilter,
    ) -> BoxStream<'a, Result<StudyRecord, SourceError>>;

    /// The series of one study.
    async fn search_series(&self, ctx: &Ctx, study: &Uid) -> Result<Vec<SeriesRecord>, SourceError>;

    /// The instances of one series: what a retrieval is checked against.
    async fn search_instances(&self, ctx: &Ctx, study: &Uid, series: &Uid) -> Result<Vec<InstanceKey>, SourceError>;

    /// Which of these instances, each with the repository's own name for it, the source has still, asked of it now: what we hold of them can
    /// be had again.
    async fn holds(
        &self,
        ctx: &Ctx,
        study: &Uid,
        series: &Uid,
        instances: &[(Uid, Option<String>)],
    ) -> Result<BTreeSet<Uid>, SourceError> {
        let listed: BTreeSet<Uid> =
            self.search_instances(ctx, study, series).await?.into_iter().map(|key| key.sop_instance_uid).collect();
        Ok(instances.iter().map(|(uid, _)| uid).filter(|uid| listed.contains(uid)).cloned().collect())
    }

    /// Headers of one series as DICOM JSON objects, for sources that give them without pixels; else `None`.
    async fn metadata(
        &self,
        ctx: &Ctx,
        study: &Uid,
        series: &Uid,
    ) -> Result<Option<Vec<serde_json::Map<String, serde_json::Value>>>, SourceError>;

    /// Instances as the source stores them, undecoded, one after the other as they arrive.
    fn retrieve<'a>(&'a self, ctx: &'a Ctx, what: &'a Retrieve) -> BoxStream<'a, Result<Part, SourceError>>;

    /// For sources that only list: every object changed after `filter.changed_after`, then a `Part::Mark`, and a
    /// `Part::Unsettled` when something was too young to be read. Others give an empty stream.
    fn list<'a>(&'a self, ctx: &'a Ctx, filter: &'a StudyFilter) -> BoxStream<'a, Result<Part, SourceError>>;

    /// For sources that only list: what it keeps under this name, which an event of its storage told of. None is no error: the next walk
    /// has it. Others give an empty stream.
    fn named<'a>(&'a self, ctx: &'a Ctx, name: &'a str) -> BoxStream<'a, Result<Part, SourceError>> {
        let _ = (ctx, name);
        futures::stream::empty().boxed()
    }

    /// For sources that only list: its names of all objects, nothing read. Others give an empty stream.
    fn names<'a>(&'a self, ctx: &'a Ctx) -> BoxStream<'a, Result<String, SourceError>> {
        let _ = ctx;
        futures::stream::empty().boxed()
    }
}
