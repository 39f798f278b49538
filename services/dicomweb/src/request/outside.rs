//! By which address the outside knows us: the request's own, or what a proxy on this machine says of it (RFC 7239 and its forerunners).

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::HeaderMap;
use http::header::{FORWARDED, HOST};
use http::request::Parts;

/// Scheme and host by which the request came, and the prefix that a proxy took away; none when the request does not say, and URLs are
/// then paths.
pub(super) fn origin(parts: &Parts) -> Option<String> {
    // A proxy on this machine may speak for the outside address; others may not.
    let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let near = from.is_some_and(|ConnectInfo(from)| from.ip().to_canonical().is_loopback());
    let told = if near { Told::by_proxy(&parts.headers) } else { Told::default() };
    let own = || header(&parts.headers, HOST.as_str()).map(str::to_owned);
    let named = || parts.uri.authority().map(ToString::to_string);
    let host = told.host.or_else(named).or_else(own).filter(|host| is_host(host))?;
    // An empty port is none (RFC 3986 §3.2.3).
    let host = host.strip_suffix(':').map_or_else(|| host.clone(), str::to_owned);
    let secure = parts.extensions.get::<face::Secure>().is_some() || parts.uri.scheme_str() == Some("https");
    let scheme = told.scheme.unwrap_or(if secure { "https" } else { "http" });
    // A host without a port means the scheme's own: the outside may be another port than ours. On one and the same machine, where a
    // widespread client leaves the port out, it is the one at which the request came.
    let here = near && is_loopback(&host) && is_direct(&parts.headers);
    let port = parts.extensions.get::<face::LocalPort>().filter(|port| port.0 > 0 && here);
    let host = with_port(host, port.map(|port| port.0.to_string()).as_deref(), Some(scheme));
    Some(format!("{scheme}://{host}{}", told.prefix.unwrap_or_default()))
}

/// What a proxy says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    scheme: Option<&'static str>,
    host: Option<String>,
    prefix: Option<String>,
}

impl Told {
    fn by_proxy(headers: &HeaderMap) -> Self {
        let forwarded = |name| header(headers, FORWARDED.as_str()).and_then(|value| element(value, name));
        let former = |name| header(headers, name).map(first);
        let host = forwarded("host").or_else(|| former("x-forwarded-host").map(str::to_owned));
        let scheme = forwarded("proto").or_else(|| former("x-forwarded-proto").map(str::to_owned));
        let port = former("x-forwarded-port").filter(|port| port.parse::<u16>().is_ok());
        let scheme = match scheme.map(|scheme| scheme.to_ascii_lowercase()).as_deref() {
            Some("https") => Some("https"),
            Some("http") => Some("http"),
            _ => None,
        };
        Self {
            host: host.filter(|host| is_host(host)).map(|host| with_port(host, port, scheme)),
            scheme,
            prefix: former("x-forwarded-prefix").and_then(prefix),
        }
    }
}

/// Whether a host is the machine itself.
fn is_loopback(host: &str) -> bool {
    let name = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether nothing in the request tells of a proxy.
fn is_direct(headers: &HeaderMap) -> bool {
    let tells =
        |name: &str| name == "forwarded" || name == "via" || name == "x-real-ip" || name.starts_with("x-forwarded-");
    !headers.keys().any(|name| tells(name.as_str()))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Of several proxies the outermost comes first.
fn first(list: &str) -> &str {
    list.split(',').next().unwrap_or_default().trim()
}

/// `host=…` of the first element of a `Forwarded` header.
fn element(value: &str, name: &str) -> Option<String> {
    let pairs = first(value).split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// The port, where the host does not say it and the scheme does not mean it.
fn with_port(host: String, port: Option<&str>, scheme: Option<&str>) -> String {
    let usual = matches!((scheme, port), (Some("https"), Some("443")) | (None | Some("http"), Some("80")) | (_, None));
    let said = host.rsplit_once(':').is_some_and(|(_, end)| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()));
    match port {
        Some(port) if !usual && !said => format!("{host}:{port}"),
        _ => host,
    }
}

/// `/imaging`, without a slash at its end.
fn prefix(text: &str) -> Option<String> {
    let text = text.trim_end_matches('/');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~".contains(&b);
    let fits = text.starts_with('/') && !text.starts_with("//") && text.bytes().all(plain);
    fits.then(|| text.to_owned())
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.len() <= 255 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;
    use http::Request;

    use super::origin;

    fn of(from: &str, headers: &[(&str, &str)]) -> String {
        let mut request = Request::builder().uri("/dicom-web/studies");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let from: SocketAddr = from.parse().unwrap();
        parts.extensions.insert(ConnectInfo(from));
        origin(&parts).unwrap_or_default()
    }

    #[test]
    fn a_proxy_on_this_machine_speaks_for_the_outside_and_no_other() {
        let host = ("host", "10.0.0.1:8080");
        let near = |headers: &[(&str, &str)]| of("127.0.0.1:1", &[&[host], headers].concat());
        assert_eq!(near(&[]), "http://10.0.0.1:8080");
        assert_eq!(near(&[("x-forwarded-host", "di.example"), ("x-forwarded-proto", "https")]), "https://di.example");
        assert_eq!(
            near(&[("forwarded", "for=192.0.2.1;host=\"di.example:444\";proto=https, host=b")]),
            "https://di.example:444"
        );
        assert_eq!(
            near(&[
                ("x-forwarded-host", "di.example, inner"),
                ("x-forwarded-proto", "https, http"),
                ("x-forwarded-port", "8443")
            ]),
            "https://di.example:8443"
        );
        assert_eq!(
            near(&[
                ("x-forwarded-host", "di.example"),
                ("x-forwarded-prefix", "/imaging/"),
                ("x-forwarded-port", "80")
            ]),
            "http://di.example/imaging"
        );
        assert_eq!(of("192.0.2.7:1", &[host, ("x-forwarded-host", "evil.example")]), "http://10.0.0.1:8080");
    }

    #[test]
    fn a_host_without_a_port_means_the_schemes_own_except_on_one_machine() {
        let of = |from: &str, host: &str, forwarded: Option<&str>| {
            let mut request = Request::builder().uri("/").header("host", host);
            if let Some(for_whom) = forwarded {
                request = request.header("x-forwarded-for", for_whom);
            }
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            parts.extensions.insert(face::LocalPort(8080));
            parts.extensions.insert(ConnectInfo(from.parse::<SocketAddr>().unwrap()));
            origin(&parts).unwrap()
        };
        let (near, far) = ("127.0.0.1:5", "192.0.2.9:5");
        for from in [near, far] {
            assert_eq!(of(from, "di.example", None), "http://di.example", "it may be mapped to ours");
            assert_eq!(of(from, "di.example:", None), "http://di.example");
            assert_eq!(of(from, "di.example:81", None), "http://di.example:81");
        }
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(of(near, host, None), format!("http://{host}:8080"));
            assert_eq!(of(far, host, None), format!("http://{host}"));
            assert_eq!(of(near, host, Some("192.0.2.1")), format!("http://{host}"), "a proxy stands between");
        }
    }

    #[test]
    fn what_is_no_host_is_not_repeated() {
        assert_eq!(of("127.0.0.1:1", &[("host", "a\"><script>")]), "");
        assert_eq!(of("127.0.0.1:1", &[("host", "h"), ("x-forwarded-prefix", "/a\"b")]), "http://h");
        assert_eq!(of("127.0.0.1:1", &[("host", "h"), ("x-forwarded-prefix", "//evil")]), "http://h");
        assert_eq!(of("127.0.0.1:1", &[]), "");
    }
}
