//! The source itself: the trait's methods, each in its own module.

use adapter_api::{Capabilities, ImagingSource, InstanceKey, Part, Retrieve, SourceError, StudyFilter, TestStep};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use index_model::{RepositoryCode, RepositoryDefinition, SeriesRecord, StudyRecord, Uid};
use runtime::Ctx;

use crate::client::Client;
use crate::{DicomwebOptions, InvalidSource, retrieve, search, verify};

/// A repository that is searched and read over DICOMweb.
#[derive(Debug)]
pub struct DicomwebSource {
    client: Client,
    definition: RepositoryDefinition,
}

impl DicomwebSource {
    /// A source of this definition. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`InvalidSource`] when the address is not usable, or credentials would go there in the clear.
    pub fn new(definition: &RepositoryDefinition, options: DicomwebOptions) -> Result<Self, InvalidSource> {
        Ok(Self { client: Client::new(definition, options)?, definition: definition.clone() })
    }
}

#[async_trait]
impl ImagingSource for DicomwebSource {
    fn repository(&self) -> &RepositoryCode {
        &self.client.repository
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { metadata: true, single_instance: true, listing_only: false }
    }

    fn clock_ahead_ms(&self) -> Option<i64> {
        self.client.clock_ahead_ms()
    }

    async fn verify(&self, ctx: &Ctx) -> Vec<TestStep> {
        verify::steps(&self.client, ctx).await
    }

    fn search_studies<'a>(
        &'a self,
        ctx: &'a Ctx,
        filter: &'a StudyFilter,
    ) -> BoxStream<'a, Result<StudyRecord, SourceError>> {
        search::studies(&self.client, ctx, &self.definition, filter).boxed()
    }

    async fn search_series(&self, ctx: &Ctx, study: &Uid) -> Result<Vec<SeriesRecord>, SourceError> {
        search::series(&self.client, ctx, &self.definition, study).await
    }

    async fn search_instances(&self, ctx: &Ctx, study: &Uid, series: &Uid) -> Result<Vec<InstanceKey>, SourceError> {
        search::instances(&self.client, ctx, &self.definition, study, series).await
    }

    async fn metadata(
        &self,
        ctx: &Ctx,
        study: &Uid,
        series: &Uid,
    ) -> Result<Option<Vec<serde_json::Map<String, serde_json::Value>>>, SourceError> {
        let path = format!("studies/{study}/series/{series}/metadata");
        let found = self.client.json(ctx, &path, self.client.options.metadata_limit_bytes).await?;
        Ok(Some(found.objects))
    }

    fn retrieve<'a>(&'a self, ctx: &'a Ctx, what: &'a Retrieve) -> BoxStream<'a, Result<Part, SourceError>> {
        retrieve::objects(&self.client, ctx, what).boxed()
    }

    fn list<'a>(&'a self, _: &'a Ctx, _: &'a StudyFilter) -> BoxStream<'a, Result<Part, SourceError>> {
        futures::stream::empty().boxed()
    }
}
