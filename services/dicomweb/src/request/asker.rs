//! Who asks, and how urgently: the `Priority` field of RFC 9218, or what is usual for the resource.

use std::net::SocketAddr;

use access::Action;
use axum::extract::{ConnectInfo, FromRequestParts};
use face::{Caller, Problem};
use http::HeaderMap;
use http::request::Parts;
use index_model::Uid;
use registry::{OpenedStudy, RegistryError};
use runtime::{Demand, Urgency};

use crate::Face;

/// A caller with a demand. Callers share evenly by user and address, so that one user at two machines has two shares, and many at one
/// gateway one each.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    caller: access::Caller,
    demand: Demand,
}

impl Asker {
    /// Opens a study for this demand.
    pub(crate) async fn open(&self, face: &Face, action: Action, study: &Uid) -> Result<OpenedStudy, RegistryError> {
        Ok(face.registry.open_study(&self.caller, action, study).await?.wanted(self.demand))
    }
}

impl FromRequestParts<Face> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        let Caller(caller) = Caller::from_request_parts(parts, face).await?;
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(from)| from.ip().to_canonical());
        let demand = Demand::of(urgency(parts.uri.path(), &parts.headers), (&caller.user().id, from));
        Ok(Self { caller, demand })
    }
}

/// A thumbnail is never more urgent than thumbnails are: browsers call every image in sight urgent, and can't be told otherwise.
fn urgency(path: &str, headers: &HeaderMap) -> Urgency {
    let asked = asked(headers);
    match path.ends_with("/thumbnail") {
        true => asked.unwrap_or(Urgency::THUMBNAIL).max(Urgency::THUMBNAIL),
        false => asked.unwrap_or(Urgency::NORMAL),
    }
}

/// Member `u` of the structured dictionary (RFC 8941 §3.2); what is no whole number from 0 to 7 is passed over (RFC 9218 §4).
fn asked(headers: &HeaderMap) -> Option<Urgency> {
    let lines = headers.get_all("priority").iter().filter_map(|line| line.to_str().ok());
    // The last of several of one name counts.
    let mut members = lines.flat_map(|line| line.split(',')).filter_map(|member| member.trim().strip_prefix("u="));
    let level = members.next_back()?.split(';').next()?.trim();
    level.parse().ok().and_then(Urgency::new)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{HeaderMap, Urgency, urgency};

    #[test]
    fn urgency_is_told_by_the_priority_field_or_by_the_resource() {
        let of = |path: &str, priority: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(priority) = priority {
                headers.insert("priority", priority.parse().unwrap());
            }
            urgency(path, &headers)
        };
        let level = |level| Urgency::new(level).unwrap();
        for (priority, expected) in [
            (None, Urgency::NORMAL),
            (Some("u=1"), Urgency::VISIBLE),
            (Some("i, u=6"), Urgency::AHEAD),
            (Some("u=0;x=1, i"), level(0)),
            (Some("u=5, u=2"), level(2)),
            (Some("u=9"), Urgency::NORMAL),
            (Some("u=-1"), Urgency::NORMAL),
            (Some("i"), Urgency::NORMAL),
            (Some("urgent"), Urgency::NORMAL),
        ] {
            assert_eq!(of("/studies/1/series/2/instances/3/frames/1", priority), expected, "{priority:?}");
        }
        for (priority, expected) in
            [(None, Urgency::THUMBNAIL), (Some("u=2, i"), Urgency::THUMBNAIL), (Some("u=7"), Urgency::BACKGROUND)]
        {
            assert_eq!(of("/studies/1/series/2/thumbnail", priority), expected, "{priority:?}");
        }
    }
}
