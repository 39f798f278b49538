//! Whole instances, one in each part (PS3.18 §10.5.1.4): one spool at a time, stored while the next arrives.

use std::io;

use multipart::{Event, Headers, Reader};
use registry::Spool;

use super::incoming::{Ended, Incoming};
use super::outcome::{Failure, reason};
use super::storing::Storing;
use crate::accept::MediaRange;

/// The part that arrives now: its spool, or why it is skipped.
type Current = Option<Result<Spool, Failure>>;

struct Objects<'s, 'a> {
    storing: &'s mut Storing<'a>,
    current: Current,
    parts: usize,
}

/// Stores each part of a multipart body.
pub(super) async fn parts(storing: &mut Storing<'_>, boundary: &str, body: &mut Incoming) -> Result<(), Ended> {
    let mut reader = Reader::new(boundary)?;
    let mut objects = Objects { storing, current: None, parts: 0 };
    while let Some(chunk) = objects.storing.meanwhile(body.next()).await? {
        reader.feed(chunk);
        while let Some(event) = reader.next()? {
            match event {
                Event::Begin(headers) => objects.begin(&headers)?,
                Event::Data(bytes) => objects.data(&bytes),
                Event::End => objects.end().await,
                // What follows is nothing (RFC 2046 §5.1.1).
                Event::Close => return Ok(()),
            }
        }
    }
    Ok(reader.finish()?)
}

/// Stores a body that is one instance.
pub(super) async fn alone(storing: &mut Storing<'_>, body: &mut Incoming) -> Result<(), Ended> {
    let mut objects = Objects { storing, current: None, parts: 0 };
    objects.begin(&Headers::default())?;
    while let Some(chunk) = body.next().await? {
        objects.data(&chunk);
    }
    if matches!(&objects.current, Some(Ok(spool)) if spool.is_empty()) {
        return Err(Ended::Unusable("the body is empty".to_owned()));
    }
    objects.end().await;
    Ok(())
}

impl Objects<'_, '_> {
    /// Its place among the parts.
    fn at(&self) -> usize {
        self.parts.saturating_sub(1)
    }

    fn begin(&mut self, headers: &Headers) -> Result<(), Ended> {
        let most = self.storing.face.options.store_instances;
        if self.parts >= most {
            return Err(Ended::TooMany(most));
        }
        self.parts += 1;
        let media_type = headers.get("content-type").map(MediaRange::parse);
        let fits = media_type.is_none_or(|media_type| {
            let known = ["application/dicom", "application/octet-stream"];
            media_type.is_some_and(|media_type| known.contains(&media_type.essence.as_str()))
        });
        self.current = Some(if fits {
            Ok(self.storing.face.registry.spool())
        } else {
            Err(Failure::new(reason::CANNOT_UNDERSTAND, "Content-Type of the part: application/dicom is wanted"))
        });
        Ok(())
    }

    /// The rest of a part that can't be kept is read and dropped.
    fn data(&mut self, bytes: &[u8]) {
        if let Some(Ok(spool)) = &mut self.current
            && let Err(error) = spool.write(bytes)
        {
            self.current = Some(Err(no_room(&error, self.storing.face.registry.object_limit_bytes())));
        }
    }

    async fn end(&mut self) {
        let at = self.at();
        let object = match self.current.take() {
            None => return,
            Some(Err(failure)) => return self.storing.fail(at, failure),
            Some(Ok(spool)) => spool.finish(),
        };
        match object {
            Ok(object) => self.storing.store(at, object).await,
            Err(error) => self.storing.fail(at, no_room(&error, 0)),
        }
    }
}

/// Why an object can't be spooled.
pub(super) fn no_room(error: &io::Error, limit_bytes: u64) -> Failure {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return Failure::too_large(limit_bytes);
    }
    tracing::error!(error = %error, "an object could not be taken in");
    Failure::no_room()
}
