//! Retrieve transaction (PS3.18 §10.4): objects as the server stores them, one after the other.

use adapter_api::{Part, Retrieve, SourceError, Spool};
use bytes::Bytes;
use futures::Stream;
use multipart::{Event, Malformed, Reader};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use runtime::Ctx;

use crate::client::{Answer, Client, header};
use crate::failure::{malformed, unavailable};
use crate::media_type::MediaType;

const AS_STORED: &str = r#"multipart/related; type="application/dicom"; transfer-syntax=*"#;
/// For servers that answer 406 to a wildcard.
const AS_OFFERED: &str = r#"multipart/related; type="application/dicom""#;
/// Objects of one answer.
const PART_LIMIT: usize = 200_000;

/// Where a retrieval stands.
enum State<'a> {
    Asking(&'a Retrieve),
    Parts(Box<Parts>),
    One(Box<Answer>),
    Over,
}

struct Parts {
    answer: Answer,
    reader: Reader,
    count: usize,
}

/// The objects of an answer. Each is yielded only when it is whole.
pub(crate) fn objects<'a>(
    client: &'a Client,
    ctx: &'a Ctx,
    what: &'a Retrieve,
) -> impl Stream<Item = Result<Part, SourceError>> + 'a {
    futures::stream::try_unfold(State::Asking(what), move |mut state| async move {
        loop {
            state = match state {
                State::Asking(what) => open(client, ctx, what).await?,
                State::Parts(mut parts) => match parts.next_object(client, ctx).await? {
                    Some(part) => return Ok(Some((part, State::Parts(parts)))),
                    None => State::Over,
                },
                State::One(answer) => return Ok(Some((single(client, ctx, *answer).await?, State::Over))),
                State::Over => return Ok(None),
            }
        }
    })
}

async fn open<'a>(client: &Client, ctx: &Ctx, what: &Retrieve) -> Result<State<'a>, SourceError> {
    let mut path = format!("studies/{}/series/{}", what.study_instance_uid, what.series_instance_uid);
    if let Some(instance) = &what.sop_instance_uid {
        path.push_str(&format!("/instances/{instance}"));
    }
    let mut answer = client.get(ctx, &path, AS_STORED).await;
    if matches!(&answer, Err(SourceError::Refused { reason, .. }) if reason.contains(StatusCode::NOT_ACCEPTABLE.as_str()))
    {
        answer = client.get(ctx, &path, AS_OFFERED).await;
    }
    let answer = answer?;
    if answer.response.status() == StatusCode::NO_CONTENT {
        return Ok(State::Over);
    }
    let content_type = header(answer.response.headers(), CONTENT_TYPE).unwrap_or_default();
    let media = MediaType::new(content_type);
    if media.is("application/dicom") {
        return Ok(State::One(Box::new(answer)));
    }
    if !media.is("multipart/related") {
        let rule = if media.is("text/html") {
            "PS3.18 §8.7.3: a page of HTML instead of objects"
        } else {
            "PS3.18 §8.7.3: no objects"
        };
        return Err(malformed(&client.repository, rule));
    }
    let reader =
        Reader::new(&media.parameter("boundary").unwrap_or_default()).map_err(|error| broken(client, error))?;
    Ok(State::Parts(Box::new(Parts { answer, reader, count: 0 })))
}

impl Parts {
    async fn next_object(&mut self, client: &Client, ctx: &Ctx) -> Result<Option<Part>, SourceError> {
        let mut spool = spool(client);
        loop {
            match self.reader.next().map_err(|error| broken(client, error))? {
                None => match client.chunk(ctx, &mut self.answer.response).await? {
                    Some(chunk) => self.reader.feed(chunk),
                    None => return Err(broken(client, Malformed::CutShort)),
                },
                Some(Event::Begin(headers)) => self.begin(client, headers.get("content-type"))?,
                Some(Event::Data(bytes)) => keep(client, &mut spool, &bytes)?,
                Some(Event::End) => return finish(client, spool).map(Some),
                Some(Event::Close) => return Ok(None),
            }
        }
    }

    fn begin(&mut self, client: &Client, content_type: Option<&str>) -> Result<(), SourceError> {
        self.count += 1;
        if self.count > PART_LIMIT {
            return Err(malformed(&client.repository, format!("the limit of {PART_LIMIT} objects for one answer")));
        }
        match content_type {
            Some(text) if !MediaType::new(text).is("application/dicom") => {
                Err(malformed(&client.repository, "PS3.18 §10.4.3.3: a part is no DICOM object"))
            }
            _ => Ok(()),
        }
    }
}

/// An answer that is one object and no multipart: some servers give it for a single instance. Its end is the body's, which the
/// transport vouches for by length or last chunk.
async fn single(client: &Client, ctx: &Ctx, mut answer: Answer) -> Result<Part, SourceError> {
    let mut spool = spool(client);
    while let Some(chunk) = client.chunk(ctx, &mut answer.response).await? {
        keep(client, &mut spool, &chunk)?;
    }
    finish(client, spool)
}

fn spool(client: &Client) -> Spool {
    Spool::new(&client.options.spool_folder, client.options.object_limit_bytes)
}

fn keep(client: &Client, spool: &mut Spool, bytes: &Bytes) -> Result<(), SourceError> {
    spool.write(bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::FileTooLarge => malformed(
            &client.repository,
            format!("the limit of {} bytes for one object", client.options.object_limit_bytes),
        ),
        _ => unavailable(&client.repository, error),
    })
}

/// A whole object, if it begins as one (PS3.10 §7.1).
fn finish(client: &Client, spool: Spool) -> Result<Part, SourceError> {
    let object = spool.finish().map_err(|error| unavailable(&client.repository, error))?;
    if object.get(128..132) != Some(b"DICM") {
        return Err(malformed(&client.repository, "PS3.10 §7.1: a part has no DICOM prefix"));
    }
    Ok(Part::Object { object, remote: None })
}

fn broken(client: &Client, error: Malformed) -> SourceError {
    malformed(&client.repository, error.to_string())
}
