//! What every [`ImagingSource`] keeps to when its peer fails, is slow, lies or vanishes: the cases once, for every adapter's tests.
//!
//! An adapter brings a [`Peer`], a simulated repository that can be told to behave badly. Each case tells it how, calls everything that the source
//! has, and holds what came against what the peer has: what is told is the right kind of error and names nobody, no object comes
//! that is not whole, nothing short is taken for everything, the deadline is kept, nothing stays in the spool folder, and when the
//! peer is well again the next call has everything.

mod survey;
mod wire;

use std::path::Path;
use std::time::Duration;

use index_model::Uid;
use runtime::{Ctx, Stopped};

use crate::{ImagingSource, SourceError};
pub use survey::Survey;
pub use wire::{Wire, WireFault};

/// How a peer behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    /// As it should.
    Good,
    /// It answers that it failed: 500, A700 and its like, an I/O error.
    Fails,
    /// It declines: 401, a rejected association, no permission.
    Declines,
    /// It takes the question and says nothing.
    SaysNothing,
    /// It answers so slowly that it never comes to an end.
    Trickles,
    /// It answers with nothing.
    GivesNothing,
    /// It answers with what belongs to another study.
    GivesAnother,
    /// It gives fewer objects than it lists.
    GivesFewer,
    /// It ends an object before its end, and the answer in good order.
    Truncates,
    /// It gives everything twice.
    Repeats,
    /// Its answer has no end.
    Endless,
    /// It answers with a web page.
    GivesAPage,
    /// The connection breaks after so many bytes of the answer.
    Breaks(usize),
    /// It is not there.
    Gone,
}

/// What of a source a conduct concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched {
    /// What it lists.
    pub search: bool,
    /// The objects that it gives.
    pub retrieve: bool,
}

impl Touched {
    /// All of it.
    pub const ALL: Self = Self { search: true, retrieve: true };
    /// Lists alone.
    pub const SEARCH: Self = Self { search: true, retrieve: false };
    /// Objects alone.
    pub const RETRIEVE: Self = Self { search: false, retrieve: true };
}

/// A simulated repository with one series, and a source that asks it and is not patient.
pub trait Peer: Send + Sync {
    /// The source. Its own time limits are beyond [`SHORT`], and its bounds below [`MOST`].
    fn source(&self) -> &dyn ImagingSource;
    /// From now on it behaves so. `None` when a repository of this kind can't.
    fn behave(&self, conduct: Conduct) -> Option<Touched>;
    /// The study and the series that it has.
    fn series(&self) -> (&Uid, &Uid);
    /// The instances of the series, each with the repository's own name.
    fn instances(&self) -> Vec<(Uid, Option<String>)>;
    /// Which instance these bytes are, if they are all of it.
    fn recognise(&self, object: &[u8]) -> Option<Uid>;
    /// What came to an inbox since this was last asked.
    fn delivered(&self) -> Vec<Uid> {
        Vec::new()
    }
    /// Where objects lie on their way in.
    fn spool(&self) -> &Path;
    /// What no error may say: a patient's name and number.
    fn secrets(&self) -> Vec<String>;
}

/// The time that each call to a slow peer is given.
pub const SHORT: Duration = Duration::from_millis(300);
/// The time that all other calls are given, on a machine that is busy; and after this a call has not kept its deadline.
const LONG: Duration = Duration::from_secs(20);
/// Matches and objects of one call, beyond which it is not bounded.
pub const MOST: usize = 1_000;

/// A peer that fails, and one that declines.
pub async fn failing(peer: &dyn Peer) {
    case(peer, Conduct::Fails, LONG, |error| matches!(error, SourceError::Unavailable { .. })).await;
    case(peer, Conduct::Declines, LONG, |error| matches!(error, SourceError::Refused { .. })).await;
}

/// A peer that is slow: the deadline is kept, and so is the word of a caller who has gone.
pub async fn slow(peer: &dyn Peer) {
    for conduct in [Conduct::SaysNothing, Conduct::Trickles] {
        case(peer, conduct, SHORT, |error| matches!(error, SourceError::Unavailable { .. } | SourceError::Stopped(_)))
            .await;
    }
    if peer.behave(Conduct::SaysNothing).is_some() {
        let ctx = Ctx::within(LONG);
        let leaving = async {
            tokio::task::yield_now().await;
            ctx.cancel();
        };
        let (survey, ()) = tokio::join!(Survey::of(peer, &ctx, LONG), leaving);
        let is_cancelled = |error: &&SourceError| matches!(error, SourceError::Stopped(Stopped::Cancelled));
        assert!(survey.errors().filter(is_cancelled).count() > 0, "a caller that has gone: {survey:?}");
        is_well(peer, "after a caller has gone").await;
    }
}

/// A peer that lies.
pub async fn lying(peer: &dyn Peer) {
    let is_malformed = |error: &SourceError| matches!(error, SourceError::Malformed { .. });
    case(peer, Conduct::GivesAPage, LONG, is_malformed).await;
    case(peer, Conduct::GivesAnother, LONG, is_malformed).await;
    case(peer, Conduct::Endless, LONG, is_malformed).await;
    let is_cut = |error: &SourceError| is_malformed(error) || matches!(error, SourceError::Unavailable { .. });
    case(peer, Conduct::Truncates, LONG, is_cut).await;
    nothing_given(peer).await;
    fewer_given(peer).await;
    repeated(peer).await;
}

/// A peer that is not there, and one whose connection breaks, wherever it does.
pub async fn vanishing(peer: &dyn Peer) {
    let is_down = |error: &SourceError| matches!(error, SourceError::Unavailable { .. });
    case(peer, Conduct::Gone, LONG, is_down).await;
    for after in [0, 1, 100, 300, 700, 1_500, 4_000, 9_000, 15_000] {
        let Some(_) = peer.behave(Conduct::Breaks(after)) else { return };
        let survey = survey(peer).await;
        survey.is_honest(peer);
        let is_told = |error: &SourceError| is_down(error) || matches!(error, SourceError::Malformed { .. });
        assert!(survey.errors().all(is_told), "broken after {after} bytes: {survey:?}");
        is_well(peer, "after a connection that broke").await;
    }
}

async fn survey(peer: &dyn Peer) -> Survey {
    Survey::of(peer, &Ctx::within(LONG), LONG).await
}

/// Every call that the conduct concerns ends with such an error, and all others are as ever.
async fn case(peer: &dyn Peer, conduct: Conduct, limit: Duration, is_right: impl Fn(&SourceError) -> bool) {
    let Some(touched) = peer.behave(conduct) else { return };
    let survey = Survey::each(peer, limit, LONG).await;
    survey.is_honest(peer);
    for (what, error) in survey.calls() {
        // Nobody knows beforehand which studies there are.
        let is_free = conduct == Conduct::GivesAnother && what == survey::SEARCH_STUDIES;
        let concerned = !is_free && if what == survey::RETRIEVE { touched.retrieve } else { touched.search };
        match error {
            Some(error) if concerned => assert!(is_right(error), "{conduct:?}, {what}: {error:?}"),
            // Some look into a list first; and where little time is given, a busy machine may need more.
            Some(error) if (what == survey::RETRIEVE && touched.search) || limit == SHORT => {
                assert!(is_right(error), "{conduct:?}, {what}: {error:?}");
            }
            Some(error) => panic!("{conduct:?} does not concern {what}: {error:?}"),
            None => assert!(!concerned, "{conduct:?}: {what} says nothing of it: {survey:?}"),
        }
    }
    is_well(peer, "when it is well again").await;
}

/// Nothing is nothing, and no object.
async fn nothing_given(peer: &dyn Peer) {
    let Some(touched) = peer.behave(Conduct::GivesNothing) else { return };
    let survey = survey(peer).await;
    survey.is_honest(peer);
    if touched.retrieve {
        assert!(survey.objects.is_empty(), "{survey:?}");
    }
    let is_absent = |error: &SourceError| matches!(error, SourceError::NotFound { .. } | SourceError::Malformed { .. });
    assert!(survey.errors().all(is_absent), "{survey:?}");
    is_well(peer, "when it gives something again").await;
}

/// Who gives fewer than it lists does not pass for one that gave all: by what it says, or by its list.
async fn fewer_given(peer: &dyn Peer) {
    let Some(_) = peer.behave(Conduct::GivesFewer) else { return };
    let survey = survey(peer).await;
    survey.is_honest(peer);
    let is_seen = survey.failed > 0 || survey.errors().count() > 0 || survey.listed.len() > survey.came();
    assert!(survey.came() > 0 && survey.came() < peer.instances().len() && is_seen, "{survey:?}");
    is_well(peer, "when it gives all again").await;
}

/// What comes twice is there once.
async fn repeated(peer: &dyn Peer) {
    let Some(_) = peer.behave(Conduct::Repeats) else { return };
    let survey = survey(peer).await;
    survey.is_honest(peer);
    survey.is_whole(peer, "when everything comes twice");
    assert!(survey.studies <= 1, "{survey:?}");
    peer.behave(Conduct::Good);
}

async fn is_well(peer: &dyn Peer, when: &str) {
    peer.behave(Conduct::Good);
    let survey = Survey::of(peer, &Ctx::within(LONG), LONG).await;
    survey.is_honest(peer);
    assert_eq!(survey.errors().count(), 0, "{when}: {survey:?}");
    survey.is_whole(peer, when);
    let left = std::fs::read_dir(peer.spool()).map_or(0, Iterator::count);
    assert_eq!(left, 0, "{when}: something is left in the spool folder");
}
