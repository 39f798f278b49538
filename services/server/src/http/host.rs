//! For whom a request is meant: one host, and in development mode one that is this machine.
//!
//! Development mode takes every caller on this machine for its user. A page of another site that has its own name point here (DNS rebinding)
//! calls from this machine too, and only the name tells it: it is the page's own.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::{Authority, Uri};
use axum::http::{StatusCode, Version};
use axum::response::Response;

use super::refused;
use crate::config::{Config, Mode};

/// Suffixes that no site of others can have: RFC 6761 §6.3, and what ICANN reserved for private use.
const OWN_SUFFIXES: [&str; 2] = [".localhost", ".internal"];

/// Which hosts this service is.
#[derive(Debug, Clone)]
pub(super) enum Hosts {
    /// This machine, and what `http.public_origin` names.
    Own(Option<String>),
}

impl Hosts {
    pub(super) fn of(config: &Config) -> Self {
        match config.access.mode {
            None | Some(Mode::Development) => {
                let origin = config.http.public_origin.as_deref().and_then(|origin| origin.parse::<Uri>().ok());
                Self::Own(origin.and_then(|origin| Some(name_of(origin.authority()?))))
            }
        }
    }

    /// A request of HTTP/1.1 names one host (RFC 9112 §3.2), and it is one of these (RFC 9110 §7.4).
    pub(super) fn refused(&self, request: &Request) -> Option<Response> {
        let hosts = request.headers().get_all(HOST);
        if request.version() == Version::HTTP_11 && hosts.iter().count() != 1 {
            return Some(refused(StatusCode::BAD_REQUEST, "Host: the header field is wanted once"));
        }
        let mut named = hosts.iter().map(|host| authority(host.as_bytes()));
        // A target in full says it instead of the field (RFC 9112 §3.2.2).
        let target = request.uri().authority().cloned().map(|authority| Ok(Some(authority)));
        let Ok(named) = named.by_ref().chain(target).collect::<Result<Vec<_>, NoHost>>() else {
            let detail = "Host: a host is wanted, and a port where it is not the usual one";
            return Some(refused(StatusCode::BAD_REQUEST, detail));
        };
        let is_foreign = named.iter().flatten().any(|host| !self.has(&name_of(host)));
        let detail = "Host: this service is not known by that name; http.public_origin in its configuration is the one by which callers know it";
        is_foreign.then(|| refused(StatusCode::MISDIRECTED_REQUEST, detail))
    }

    /// An address is no name that somebody could have point here, and neither is a name without a dot.
    fn has(&self, name: &str) -> bool {
        let Self::Own(public) = self;
        let is_address = name.parse::<IpAddr>().is_ok();
        let is_own = !name.contains('.') || OWN_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
        is_address || is_own || public.as_deref() == Some(name)
    }
}

/// What is there is no host.
struct NoHost;

/// `uri-host [ ":" port ]` of RFC 9110 §7.2; none where the target has no authority.
fn authority(host: &[u8]) -> Result<Option<Authority>, NoHost> {
    let text = std::str::from_utf8(host).map_err(|_| NoHost)?;
    let text = text.strip_suffix(':').unwrap_or(text);
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().ok().filter(|_| !text.contains('@')).map(Some).ok_or(NoHost)
}

/// The host of an authority: in small letters, without the dot of the root, an IPv6 address without its brackets.
fn name_of(authority: &Authority) -> String {
    let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    bare.filter(|bare| bare.parse::<Ipv6Addr>().is_ok()).map_or(host.clone(), str::to_owned)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;

    use super::Hosts;
    use crate::config::Config;

    fn status(hosts: &Hosts, uri: &str, host: Option<&str>) -> Option<u16> {
        let request = host.into_iter().fold(Request::get(uri), |request, host| request.header("host", host));
        hosts.refused(&request.body(Body::empty()).unwrap()).map(|response| response.status().as_u16())
    }

    #[test]
    fn a_name_that_others_could_have_point_here_is_not_answered() {
        let mut config = Config::default();
        let alone = Hosts::of(&config);
        config.http.public_origin = Some("https://DI.example:8443".into());
        let behind = Hosts::of(&config);
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "demo.localhost:5173",
            "127.0.0.1",
            "127.0.0.1:49152",
            "[::1]:8080",
            "192.0.2.7:8080",
            "dics",
            "dics:8080",
            "host.docker.internal:8080",
            "",
        ] {
            assert_eq!(status(&alone, "/dicom-web/studies", Some(host)), None, "{host}");
            assert_eq!(status(&behind, "/dicom-web/studies", Some(host)), None, "{host}");
        }
        for host in ["di.example", "di.example:8443", "Di.Example."] {
            assert_eq!(status(&alone, "/", Some(host)), Some(421), "{host}");
            assert_eq!(status(&behind, "/", Some(host)), None, "{host}");
        }
        for host in
            ["rebound.example:8080", "127.0.0.1.example", "localhost.example", "notlocalhost.com", "di.example.org"]
        {
            assert_eq!(status(&behind, "/", Some(host)), Some(421), "{host}");
        }
        // HTTP/2 names it in the target; both count where both are there.
        assert_eq!(status(&alone, "http://rebound.example/", Some("localhost")), Some(421));
        assert_eq!(status(&alone, "http://localhost:8080/", Some("localhost:8080")), None);
        assert_eq!(status(&alone, "/", Some("user@localhost")), Some(400));
        assert_eq!(status(&alone, "/", None), Some(400));
    }
}
