//! A body on its way in: one spool at a time, several objects on their way into the registry, memory bounded.

use access::Permit;
use axum::body::Body;
use bytes::Bytes;
use face::Problem;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use http::StatusCode;
use index_model::Uid;
use registry::{Object, RegistryError, Spool, StoreAnswer, StoredInstance};

use super::Shape;
use crate::Face;
use crate::multipart::{Event, Malformed, Reader};

/// Objects on their way into the registry hold no more memory than this.
const MOST_BYTES_AT_ONCE: u64 = 64 << 20;

/// FailureReason (0008,1197), PS3.18 table I.2-2 and PS3.4 table B.2-1.
pub(super) mod reason {
    pub(in crate::store) const PROCESSING_FAILURE: u16 = 0x0110;
    pub(in crate::store) const NOT_AUTHORISED: u16 = 0x0124;
    pub(in crate::store) const OUT_OF_RESOURCES: u16 = 0xA700;
    pub(in crate::store) const DOES_NOT_MATCH: u16 = 0xA900;
    pub(in crate::store) const CANNOT_UNDERSTAND: u16 = 0xC000;
}

/// What became of one part.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Its place in the body.
    pub(super) at: usize,
    /// What it was, where that could be read.
    pub(super) keys: Option<StoredInstance>,
    /// `None` when it is stored.
    pub(super) failure: Option<u16>,
    /// In words: attribute and rule, never a value.
    pub(super) comment: Option<String>,
}

impl Outcome {
    fn failed(at: usize, failure: u16, comment: impl Into<String>) -> Self {
        Self { at, keys: None, failure: Some(failure), comment: Some(comment.into()) }
    }
}

/// Takes one body in.
pub(super) struct Intake<'a> {
    face: &'a Face,
    permit: &'a Permit,
    study: Option<Uid>,
    /// The part that arrives now: its spool, or why it is skipped.
    current: Option<Result<Spool, Outcome>>,
    parts: usize,
    bytes_at_once: u64,
    going_on: FuturesUnordered<BoxFuture<'a, (u64, Outcome)>>,
    outcomes: Vec<Outcome>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(face: &'a Face, permit: &'a Permit, study: Option<Uid>) -> Self {
        Self {
            face,
            permit,
            study,
            current: None,
            parts: 0,
            bytes_at_once: 0,
            going_on: FuturesUnordered::new(),
            outcomes: Vec::new(),
        }
    }

    /// Reads to the end and gives every part's outcome, in the body's order.
    pub(super) async fn run(mut self, shape: Shape, body: Body) -> Result<Vec<Outcome>, Problem> {
        let ended = match shape {
            Shape::Parts(boundary) => self.parts(&boundary, body).await,
            Shape::Alone => self.alone(body).await,
        };
        while let Some(done) = self.going_on.next().await {
            self.done(done);
        }
        if let Err(ended) = ended {
            self.broken_off(ended)?;
        }
        self.outcomes.sort_by_key(|outcome| outcome.at);
        Ok(self.outcomes)
    }

    async fn parts(&mut self, boundary: &str, body: Body) -> Result<(), Ended> {
        let mut reader = Reader::new(boundary)?;
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = self.next_chunk(&mut chunks).await? {
            reader.feed(chunk);
            while let Some(event) = reader.next()? {
                match event {
                    Event::Begin(headers) => self.begin(&headers)?,
                    Event::Data(bytes) => self.data(&bytes),
                    Event::End => self.end().await,
                }
            }
        }
        Ok(reader.finish()?)
    }

    async fn alone(&mut self, body: Body) -> Result<(), Ended> {
        let mut chunks = body.into_data_stream();
        self.begin(&[])?;
        while let Some(chunk) = self.next_chunk(&mut chunks).await? {
            self.data(&chunk);
        }
        self.end().await;
        Ok(())
    }

    /// The next piece of the body; meanwhile what is being stored goes on.
    async fn next_chunk(&mut self, chunks: &mut axum::body::BodyDataStream) -> Result<Option<Bytes>, Ended> {
        loop {
            tokio::select! {
                biased;
                Some(done) = self.going_on.next(), if !self.going_on.is_empty() => self.done(done),
                chunk = chunks.next() => return chunk.transpose().map_err(|_| Ended::Gone),
            }
        }
    }

    fn begin(&mut self, headers: &[(String, String)]) -> Result<(), Ended> {
        if self.parts >= self.face.options.store_instances {
            return Err(Ended::TooMany);
        }
        let at = self.parts;
        self.parts += 1;
        let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
        let essence =
            content_type.map_or("application/dicom", |value| value.split(';').next().unwrap_or_default().trim());
        let fits =
            ["application/dicom", "application/octet-stream"].iter().any(|known| essence.eq_ignore_ascii_case(known));
        let wrong =
            || Outcome::failed(at, reason::CANNOT_UNDERSTAND, "Content-Type of the part: application/dicom is wanted");
        self.current = Some(if fits { Ok(self.face.registry.spool()) } else { Err(wrong()) });
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) {
        let at = self.parts.saturating_sub(1);
        if let Some(Ok(spool)) = &mut self.current
            && let Err(error) = spool.write(bytes)
        {
            tracing::warn!(error = %error, "an object could not be taken in");
            // The rest of the part is read and dropped.
            self.current =
                Some(Err(Outcome::failed(at, reason::OUT_OF_RESOURCES, "there is no room for an object of this size")));
        }
    }

    async fn end(&mut self) {
        let at = self.parts.saturating_sub(1);
        let size = |spool: &Spool| spool.len();
        match self.current.take() {
            None => {}
            Some(Err(outcome)) => self.outcomes.push(outcome),
            Some(Ok(spool)) => {
                let size = size(&spool);
                match spool.finish() {
                    Ok(object) => self.store(at, size, object).await,
                    Err(error) => {
                        tracing::error!(error = %error, "an object could not be taken in");
                        self.outcomes.push(Outcome::failed(at, reason::OUT_OF_RESOURCES, "there is no room"));
                    }
                }
            }
        }
    }

    /// Starts to store; waits while too much is on its way.
    async fn store(&mut self, at: usize, size: u64, object: Object) {
        while self.going_on.len() >= self.face.options.store_at_once.max(1) || self.bytes_at_once > MOST_BYTES_AT_ONCE {
            match self.going_on.next().await {
                Some(done) => self.done(done),
                None => break,
            }
        }
        self.bytes_at_once += size;
        let (registry, permit) = (&self.face.registry, self.permit);
        let study = self.study.clone();
        let storing = async move {
            let stored = match misplaced(&object, study).await {
                Some(misplaced) => Ok(misplaced),
                None => registry.store(permit, object).await,
            };
            (size, outcome(at, stored))
        };
        self.going_on.push(storing.boxed());
    }

    fn done(&mut self, (size, outcome): (u64, Outcome)) {
        self.bytes_at_once = self.bytes_at_once.saturating_sub(size);
        self.outcomes.push(outcome);
    }

    /// The body ended wrongly. What was stored before is told; nothing stored is the caller's mistake alone.
    fn broken_off(&mut self, ended: Ended) -> Result<(), Problem> {
        let (status, words) = ended.words();
        if self.outcomes.is_empty() {
            return Err(Problem::new(status, words));
        }
        let at = self.parts.max(self.outcomes.len());
        self.outcomes.push(Outcome::failed(at, reason::CANNOT_UNDERSTAND, words));
        Ok(())
    }
}

/// The keys of an object that belongs to another study than the one named.
async fn misplaced(object: &Object, study: Option<Uid>) -> Option<StoredInstance> {
    let (object, study) = (object.clone(), study?);
    // The object may be in a file, which is read here for the first time.
    tokio::task::spawn_blocking(move || super::peek::of_another_study(&object, &study)).await.ok().flatten()
}

fn outcome(at: usize, stored: Result<StoredInstance, RegistryError>) -> Outcome {
    let stored = match stored {
        Ok(stored) => stored,
        Err(RegistryError::Overloaded) => return Outcome::failed(at, reason::OUT_OF_RESOURCES, "too much at once"),
        Err(RegistryError::Refused(_)) => return Outcome::failed(at, reason::NOT_AUTHORISED, "not permitted"),
        Err(error) => {
            tracing::error!(error = %error, "an object could not be stored");
            return Outcome::failed(at, reason::PROCESSING_FAILURE, "the service failed");
        }
    };
    let (failure, comment) = match &stored.answer {
        StoreAnswer::Stored => (None, None),
        StoreAnswer::Quarantined { attribute, rule } => {
            let misplaced = stored.study_instance_uid.is_some() && attribute == "StudyInstanceUID";
            let reason = if misplaced { reason::DOES_NOT_MATCH } else { reason::CANNOT_UNDERSTAND };
            (Some(reason), Some(format!("{attribute}: {rule}")))
        }
        StoreAnswer::NotAuthorised => (Some(reason::NOT_AUTHORISED), None),
        StoreAnswer::OutOfResources => (Some(reason::OUT_OF_RESOURCES), None),
    };
    Outcome { at, keys: Some(stored), failure, comment }
}

/// Why a body ended before its end.
#[derive(Debug)]
enum Ended {
    Malformed(Malformed),
    TooMany,
    Gone,
}

impl From<Malformed> for Ended {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl Ended {
    fn words(&self) -> (StatusCode, String) {
        match self {
            Self::Malformed(malformed) => (StatusCode::BAD_REQUEST, malformed.to_string()),
            Self::TooMany => (StatusCode::PAYLOAD_TOO_LARGE, "more instances than one request may bring".to_owned()),
            Self::Gone => (StatusCode::BAD_REQUEST, "the body broke off".to_owned()),
        }
    }
}
