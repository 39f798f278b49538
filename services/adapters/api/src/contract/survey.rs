//! Everything that a source is asked, and what came of it.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use index_model::Uid;
use runtime::Ctx;

use super::{MOST, Peer};
use crate::{Part, Retrieve, SourceError, StudyFilter};

/// The call whose answer is objects.
pub(super) const RETRIEVE: &str = "retrieve";
/// The call that names no study.
pub(super) const SEARCH_STUDIES: &str = "search_studies";

/// What came of one call of each kind.
#[derive(Debug, Default)]
pub struct Survey {
    /// How often the study was listed.
    pub studies: usize,
    /// The instances that are listed.
    pub listed: BTreeSet<Uid>,
    /// The objects that came, each whole.
    pub objects: Vec<Uid>,
    /// Objects that came another way.
    pub delivered: Vec<Uid>,
    /// Objects that the source says did not come.
    pub failed: u32,
    ended: Vec<(&'static str, Option<SourceError>)>,
}

impl Survey {
    /// Calls with one deadline for all.
    pub async fn of(peer: &dyn Peer, ctx: &Ctx, guard: Duration) -> Self {
        Self::with(peer, guard, || ctx.clone()).await
    }

    /// Calls with a deadline for each.
    pub async fn each(peer: &dyn Peer, limit: Duration, guard: Duration) -> Self {
        Self::with(peer, guard, || Ctx::within(limit)).await
    }

    async fn with(peer: &dyn Peer, guard: Duration, ctx: impl Fn() -> Ctx) -> Self {
        let mut survey = Self::default();
        peer.delivered();
        let kept = async {
            if peer.source().capabilities().listing_only {
                let error = survey.list(peer, &ctx()).await.err();
                survey.ended.push(("list", error));
            } else {
                survey.search(peer, &ctx).await;
            }
            let error = survey.retrieve(peer, &ctx).await.err();
            survey.ended.push((RETRIEVE, error));
        };
        let in_time = tokio::time::timeout(guard.saturating_mul(3), kept).await;
        assert!(in_time.is_ok(), "no deadline is kept");
        survey.delivered = peer.delivered();
        survey
    }

    async fn search(&mut self, peer: &dyn Peer, ctx: &impl Fn() -> Ctx) {
        let (source, (study, series)) = (peer.source(), peer.series());
        let (context, filter) = (ctx(), StudyFilter::default());
        let mut studies = source.search_studies(&context, &filter);
        let (mut found, mut error) = (0, None);
        while let Some(next) = studies.next().await {
            match next {
                Ok(one) => {
                    found += 1;
                    self.studies += usize::from(one.study_instance_uid == *study);
                }
                Err(told) => error = Some(told),
            }
            assert!(found <= MOST, "a search is not bounded");
        }
        drop(studies);
        self.ended.push((SEARCH_STUDIES, error));
        let found = source.search_series(&ctx(), study).await;
        self.ended.push(("search_series", found.err()));
        match source.search_instances(&ctx(), study, series).await {
            Ok(instances) => {
                self.listed = instances.into_iter().map(|key| key.sop_instance_uid).collect();
                self.ended.push(("search_instances", None));
            }
            Err(error) => self.ended.push(("search_instances", Some(error))),
        }
    }

    async fn list(&mut self, peer: &dyn Peer, ctx: &Ctx) -> Result<(), SourceError> {
        let filter = StudyFilter::default();
        let mut listed = peer.source().list(ctx, &filter);
        let mut parts = 0;
        while let Some(part) = listed.next().await {
            if let Part::Object { object, .. } = part? {
                self.listed.extend(peer.recognise(&object));
            }
            parts += 1;
            assert!(parts <= MOST, "a list is not bounded");
        }
        Ok(())
    }

    /// The series, or each instance by the repository's own name for it.
    async fn retrieve(&mut self, peer: &dyn Peer, ctx: &impl Fn() -> Ctx) -> Result<(), SourceError> {
        let (study, series) = peer.series();
        let whole = Retrieve {
            study_instance_uid: study.clone(),
            series_instance_uid: series.clone(),
            sop_instance_uid: None,
            remote: None,
        };
        if !peer.source().capabilities().listing_only {
            return self.retrieve_one(peer, &ctx(), &whole).await;
        }
        for (instance, remote) in peer.instances() {
            let what = Retrieve { sop_instance_uid: Some(instance), remote, ..whole.clone() };
            self.retrieve_one(peer, &ctx(), &what).await?;
        }
        Ok(())
    }

    async fn retrieve_one(&mut self, peer: &dyn Peer, ctx: &Ctx, what: &Retrieve) -> Result<(), SourceError> {
        let mut parts = peer.source().retrieve(ctx, what);
        while let Some(part) = parts.next().await {
            match part? {
                Part::Object { object, .. } => {
                    let instance = peer.recognise(&object);
                    assert!(instance.is_some(), "an object came that is not whole, or none of the peer's");
                    self.objects.extend(instance);
                }
                Part::Delivered { failed, .. } => self.failed += failed,
                Part::Mark(_) | Part::Unsettled(_) => {}
            }
            assert!(self.objects.len() <= MOST, "a retrieval is not bounded");
        }
        Ok(())
    }

    /// The calls, each with the error that it ended with.
    pub(super) fn calls(&self) -> impl Iterator<Item = (&'static str, Option<&SourceError>)> {
        self.ended.iter().map(|(what, error)| (*what, error.as_ref()))
    }

    /// The errors.
    pub fn errors(&self) -> impl Iterator<Item = &SourceError> {
        self.ended.iter().filter_map(|(_, error)| error.as_ref())
    }

    /// How many instances came, whichever way.
    pub fn came(&self) -> usize {
        self.objects.iter().chain(&self.delivered).collect::<BTreeSet<_>>().len()
    }

    /// Everything is here.
    pub(super) fn is_whole(&self, peer: &dyn Peer, when: &str) {
        let all: BTreeSet<Uid> = peer.instances().into_iter().map(|(instance, _)| instance).collect();
        let came: BTreeSet<Uid> = self.objects.iter().chain(&self.delivered).cloned().collect();
        assert!(self.listed == all, "{when}: not everything is listed: {self:?}");
        assert!(came == all && self.failed == 0, "{when}: not everything came: {self:?}");
    }

    /// What ended without a word, and is what was listed, is all that there is; and no error says who the patient is.
    pub(super) fn is_honest(&self, peer: &dyn Peer) {
        let came: BTreeSet<&Uid> = self.objects.iter().chain(&self.delivered).collect();
        let is_short = self.listed.iter().any(|listed| !came.contains(listed));
        if self.errors().count() == 0 && self.failed == 0 && !came.is_empty() && !is_short {
            assert_eq!(came.len(), peer.instances().len(), "less than everything is taken for everything: {self:?}");
        }
        for error in self.errors() {
            let mut said = format!("{error} {error:?}");
            let mut cause = std::error::Error::source(error);
            while let Some(next) = cause {
                said.push_str(&next.to_string());
                cause = next.source();
            }
            for secret in peer.secrets() {
                assert!(!said.contains(&secret), "an error says who the patient is");
            }
        }
    }
}
