//! Who calls.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use http::StatusCode;
use http::request::Parts;
use registry::Registry;

use crate::Problem;

/// An authenticated caller; 401 when nobody is calling. Each face's router lays its own [`access::Face`] on requests, for the audit trail.
#[derive(Debug, Clone)]
pub struct Caller(pub access::Caller);

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Registry: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ConnectInfo(from) = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "not signed on"))?;
        let caller = Registry::from_ref(state).access().caller(from.ip())?;
        Ok(Self(match parts.extensions.get::<access::Face>() {
            Some(face) => caller.by(*face),
            None => caller,
        }))
    }
}

/// Put on a request by the listener when it came over TLS.
#[derive(Debug, Clone, Copy)]
pub struct Secure;

/// Put on a request by the listener: the port at which it came.
#[derive(Debug, Clone, Copy)]
pub struct LocalPort(pub u16);
