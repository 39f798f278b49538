//! C-FIND: queries at the three levels (PS3.4 §C.4.1).

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use adapter_api::SourceError;
use dimse::association::ProposedContext;
use dimse::identifier::{Identifier, Level, Received};
use dimse::message::{Operation, Outcome, Request, Status};
use dimse::uids::{PLAIN_TRANSFER_SYNTAXES, STUDY_ROOT_FIND};
use runtime::Ctx;

use super::error::of_status;
use super::exchange::{Event, Exchange, MESSAGE_ID, Question};
use super::keys::{self, Tier};
use super::link::Link;

/// A query under way.
#[derive(Debug)]
pub(super) struct Find {
    link: Arc<Link>,
    exchange: Exchange,
    matches: u64,
}

impl Find {
    pub(super) async fn start(link: &Arc<Link>, ctx: &Ctx, identifier: Identifier) -> Result<Self, SourceError> {
        let question = Question {
            contexts: vec![ProposedContext::scu(STUDY_ROOT_FIND, &PLAIN_TRANSFER_SYNTAXES)],
            sop_class: STUDY_ROOT_FIND,
            operation: Operation::Find,
            request: Request::Find { message_id: MESSAGE_ID, sop_class: link.uid(STUDY_ROOT_FIND)? },
            identifier,
        };
        let exchange = Exchange::start(link, ctx, question).await?;
        Ok(Self { link: Arc::clone(link), exchange, matches: 0 })
    }

    async fn step(&mut self, ctx: &Ctx, charset: Option<&str>) -> Result<Step, SourceError> {
        let Event::Response(response, data) = self.exchange.next(ctx).await? else {
            return Err(self.link.malformed("C-STORE in answer to C-FIND"));
        };
        if response.status.outcome() != Outcome::Pending {
            return Ok(Step::End(response.status));
        }
        self.matches += 1;
        if self.matches > self.link.options.most_matches {
            return Err(self.link.malformed("an endless answer to C-FIND"));
        }
        let Some(data) = data else {
            let rule = "a pending C-FIND response without identifier (PS3.4 §C.4.1)";
            return Ok(Step::Unreadable(self.link.malformed(rule)));
        };
        Ok(match Received::scan(data, self.exchange.transfer_syntax(), charset) {
            Ok(received) => Step::Match(Box::new(received)),
            Err(violation) => Step::Unreadable(self.link.malformed(format!("an identifier: {violation}"))),
        })
    }
}

/// What a query comes to next.
#[derive(Debug)]
enum Step {
    Match(Box<Received>),
    /// A match that can't be read; others may follow.
    Unreadable(SourceError),
    /// The final status.
    End(Status),
}

/// What comes of a query.
#[derive(Debug)]
pub(super) enum Next {
    Match(Box<Received>),
    /// A match that can't be read; others may follow.
    Unreadable(SourceError),
    /// That was all.
    End,
    /// It ended with this status.
    Failed(Status),
}

/// A query that asks for less where the peer refuses what is optional.
#[derive(Debug)]
pub(super) struct Query {
    link: Arc<Link>,
    level: Level,
    keys: Vec<(dicom_core::Tag, String)>,
    charset: Option<String>,
    find: Option<Find>,
    tier: Tier,
    over: bool,
}

/// What each level of a repository has been found to understand.
#[derive(Debug, Default)]
pub(super) struct Understood([AtomicU8; Level::ALL.len()]);

impl Understood {
    fn of(&self, level: Level) -> &AtomicU8 {
        &self.0[level as usize]
    }
}

impl Query {
    pub(super) fn new(
        link: &Arc<Link>,
        understood: &Understood,
        level: Level,
        keys: Vec<(dicom_core::Tag, String)>,
        charset: Option<&str>,
    ) -> Self {
        Self {
            link: Arc::clone(link),
            level,
            keys,
            charset: charset.map(str::to_owned),
            find: None,
            tier: Tier::from_code(understood.of(level).load(Ordering::Relaxed)),
            over: false,
        }
    }

    /// The next match, `None` after the last. A match that can't be read is an error, after which the query goes on.
    pub(super) async fn next(&mut self, ctx: &Ctx, understood: &Understood) -> Result<Option<Received>, SourceError> {
        match self.step(ctx, understood).await? {
            Next::Match(received) => Ok(Some(*received)),
            Next::Unreadable(error) => Err(error),
            Next::End => Ok(None),
            Next::Failed(status) => Err(of_status(&self.link.code, "C-FIND", status)),
        }
    }

    /// What comes next. After an end, a failure or an error there is nothing more.
    pub(super) async fn step(&mut self, ctx: &Ctx, understood: &Understood) -> Result<Next, SourceError> {
        // Until a match says otherwise; so every other way out is the last.
        if std::mem::replace(&mut self.over, true) {
            return Ok(Next::End);
        }
        loop {
            let mut find = match self.find.take() {
                Some(find) => find,
                None => Find::start(&self.link, ctx, keys::identifier(self.level, self.tier, &self.keys)).await?,
            };
            let first = find.matches == 0;
            let answer = match find.step(ctx, self.charset.as_deref()).await? {
                Step::Match(received) => Next::Match(received),
                Step::Unreadable(error) => Next::Unreadable(error),
                Step::End(Status::SUCCESS) => return Ok(Next::End),
                Step::End(status) => {
                    let Some(tier) = self.tier.less().filter(|_| first && may_be_keys(status)) else {
                        return Ok(Next::Failed(status));
                    };
                    tracing::debug!(repository = %self.link.code, status = status.0, "asking again with fewer return keys");
                    self.tier = tier;
                    continue;
                }
            };
            if first {
                understood.of(self.level).store(self.tier.code(), Ordering::Relaxed);
            }
            self.find = Some(find);
            self.over = false;
            return Ok(answer);
        }
    }
}

/// Archives that choke on a return key say one of these.
fn may_be_keys(status: Status) -> bool {
    matches!(status.0, 0x0105 | 0x0106 | 0x0110 | 0x0114 | 0x0115 | 0x0212 | 0xA900..=0xA9FF | 0xC000..=0xCFFF)
}
