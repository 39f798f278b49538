//! Metadata accompanied by bulk data (PS3.18 §10.5.1.4): the body is spooled once, then each instance is composed of it and stored.

use std::ops::Range;
use std::sync::Arc;

use index_compose::from_json;
use multipart::{Event, Headers, Reader};
use registry::{Object, Spool};

use super::compose::{self, Text};
use super::incoming::{Ended, Incoming};
use super::links::{BulkPart, Links};
use super::outcome::{Failure, Outcome, reason};
use super::storing::Storing;
use crate::accept::MediaRange;

/// Text of one part of metadata.
const MOST_METADATA_BYTES: u64 = 32 << 20;
/// Locations and media types of all parts.
const MOST_LABEL_BYTES: usize = 16 << 20;

/// How metadata are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An array of DICOM JSON Model objects in one part.
    Json,
    /// The Native DICOM Model, one part for each instance.
    Xml,
}

impl Form {
    /// The form of this media type.
    pub(super) fn of(essence: &str) -> Option<Self> {
        match essence {
            "application/dicom+json" | "application/json" => Some(Self::Json),
            "application/dicom+xml" | "application/xml" | "text/xml" => Some(Self::Xml),
            _ => None,
        }
    }
}

/// A body that is being spooled.
struct Collected {
    spool: Spool,
    metadata: Vec<Range<u64>>,
    links: Links,
    parts: usize,
    labels: usize,
    open: Option<Open>,
}

/// The part that arrives now.
struct Open {
    metadata: bool,
    media_type: Option<MediaRange>,
    location: Option<String>,
    start: u64,
}

/// Stores what the parts of a body make together.
pub(super) async fn parts(
    storing: &mut Storing<'_>,
    form: Form,
    boundary: &str,
    base: &str,
    body: &mut Incoming,
) -> Result<(), Ended> {
    let mut reader = Reader::new(boundary)?;
    let mut collected = Collected::new(storing, base);
    'body: loop {
        let Some(chunk) = body.next().await? else {
            reader.finish()?;
            break;
        };
        reader.feed(chunk);
        while let Some(event) = reader.next()? {
            match event {
                Event::Begin(headers) => collected.begin(form, &headers, storing.face.options.store_instances)?,
                Event::Data(bytes) => collected.data(&bytes)?,
                Event::End => collected.end(),
                Event::Close => break 'body,
            }
        }
    }
    collected.store(storing, form).await
}

/// Stores what metadata alone make: bulk data are in them, or there are none.
pub(super) async fn alone(storing: &mut Storing<'_>, form: Form, base: &str, body: &mut Incoming) -> Result<(), Ended> {
    let mut collected = Collected::new(storing, base);
    collected.open = Some(Open { metadata: true, media_type: None, location: None, start: 0 });
    while let Some(chunk) = body.next().await? {
        collected.data(&chunk)?;
    }
    collected.end();
    collected.store(storing, form).await
}

impl Collected {
    fn new(storing: &Storing<'_>, base: &str) -> Self {
        let spool = storing.face.registry.spool();
        Self { spool, metadata: Vec::new(), links: Links::new(base), parts: 0, labels: 0, open: None }
    }

    fn begin(&mut self, form: Form, headers: &Headers, most: usize) -> Result<(), Ended> {
        let (content_type, location) = (headers.get("content-type"), headers.get("content-location"));
        self.parts += 1;
        self.labels += content_type.map_or(0, str::len) + location.map_or(0, str::len);
        if self.parts > most || self.labels > MOST_LABEL_BYTES {
            return Err(Ended::TooMany(most));
        }
        let media_type = content_type.and_then(MediaRange::parse);
        // The root comes first (RFC 2387 §3.1), and need not say what the message has said already.
        let metadata = match &media_type {
            Some(media_type) => Form::of(&media_type.essence) == Some(form),
            None => self.parts == 1,
        };
        // A document of the same media type as the metadata has an address; metadata have none.
        let metadata = metadata && (self.metadata.is_empty() || location.is_none());
        let location = location.map(str::to_owned);
        self.open = Some(Open { metadata, media_type, location, start: self.spool.len() });
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        self.spool.write(bytes).map_err(|error| {
            if error.kind() == std::io::ErrorKind::FileTooLarge {
                return Ended::TooLarge(self.spool.limit_bytes());
            }
            tracing::error!(error = %error, "a body could not be taken in");
            Ended::NoRoom
        })?;
        let metadata = self.open.as_ref().filter(|open| open.metadata);
        match metadata {
            Some(open) if self.spool.len() - open.start > MOST_METADATA_BYTES => {
                Err(Ended::MetadataTooLarge(MOST_METADATA_BYTES))
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self) {
        let Some(open) = self.open.take() else { return };
        let bytes = open.start..self.spool.len();
        match open.location {
            _ if open.metadata => self.metadata.push(bytes),
            Some(location) => self.links.add(&location, BulkPart { media_type: open.media_type, bytes }),
            // Nothing can refer to it.
            None => {}
        }
    }

    /// Composes and stores the instances one after the other.
    async fn store(self, storing: &mut Storing<'_>, form: Form) -> Result<(), Ended> {
        let Self { spool, metadata, links, .. } = self;
        if metadata.is_empty() {
            return Err(Ended::Unusable("the body has no metadata".to_owned()));
        }
        let body = spool.finish().map_err(|_| Ended::NoRoom)?;
        let texts = match form {
            Form::Xml => metadata,
            Form::Json => instances(body.clone(), metadata, storing.face.options.store_instances).await?,
        };
        let links = Arc::new(links);
        let (count, mut composed) = (texts.len(), 0);
        for (at, text) in texts.into_iter().enumerate() {
            let registry = storing.face.registry.clone();
            let text = Text { body: body.clone(), form, bytes: text };
            let links = Arc::clone(&links);
            // Reads and writes files.
            let composing = tokio::task::spawn_blocking(move || compose::compose(&text, &links, &|| registry.spool()));
            match storing.meanwhile(composing).await {
                Ok(Ok(object)) => {
                    composed += 1;
                    storing.store(at, object).await;
                }
                Ok(Err((keys, failure))) => storing.outcomes.push(Outcome { at, keys, result: Err(failure) }),
                Err(error) => {
                    tracing::error!(error = %error, "an instance could not be composed");
                    storing.fail(at, Failure::new(reason::PROCESSING_FAILURE, "the service failed"));
                }
            }
        }
        // Of an instance that could not be read the parts are not known.
        let lost = if composed == count { links.unwanted() } else { 0 };
        for at in count..count + lost {
            let comment = "a part of bulk data that no BulkDataURI of the metadata refers to: it is not kept";
            storing.fail(at, Failure::new(reason::CANNOT_UNDERSTAND, comment));
        }
        Ok(())
    }
}

/// The texts of the single instances in arrays of metadata.
async fn instances(body: Object, arrays: Vec<Range<u64>>, most: usize) -> Result<Vec<Range<u64>>, Ended> {
    let listing = tokio::task::spawn_blocking(move || {
        let mut texts = Vec::new();
        for array in arrays {
            let array = compose::slice(&body, &array);
            let found = from_json(array, most.saturating_sub(texts.len()));
            let found = found.map_err(|fault| Ended::Unusable(format!("{}: {}", fault.attribute, fault.rule)))?;
            // Where each lies in the body, to be read again when its turn comes.
            let place = |text: &str| (text.as_ptr().addr() - body.as_ptr().addr()) as u64;
            texts.extend(found.into_iter().map(|raw| place(raw.get())..place(raw.get()) + raw.get().len() as u64));
        }
        if texts.is_empty() { Err(Ended::Unusable("the metadata are of no instance".to_owned())) } else { Ok(texts) }
    });
    listing.await.unwrap_or_else(|_| Err(Ended::Unusable("the metadata can't be read".to_owned())))
}
