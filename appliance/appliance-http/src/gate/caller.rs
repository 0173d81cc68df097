//! Who sent a request, as handlers see it.

use std::sync::Arc;

use appliance_core::access::Principal;
use appliance_core::audit::Actor;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

use crate::dto::access::Via;
use crate::problem::{Problem, ProblemResult, Slug};

/// The session cookie's name. The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
pub(crate) const COOKIE: &str = "__Host-anya_session";

/// The request's id.
pub(crate) type RequestId = Arc<str>;

/// Who sent the request, and its id. There is one wherever the gate asked for a sign-in.
pub(crate) struct Caller {
    pub(crate) principal: Arc<Principal>,
    pub(crate) request_id: RequestId,
}

impl Caller {
    /// The caller as the audit log names it.
    pub(crate) fn actor(&self) -> Actor {
        self.principal.actor(&self.request_id)
    }

    /// How the caller is signed in.
    pub(crate) fn via(&self) -> Via {
        (&self.principal.via).into()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ProblemResult<Self> {
        let principal = parts.extensions.get::<Arc<Principal>>().cloned();
        let request_id = parts.extensions.get::<RequestId>().cloned();
        match (principal, request_id) {
            (Some(principal), Some(request_id)) => Ok(Self { principal, request_id }),
            _ => Err(Problem::new(Slug::Unauthorized, "Nobody is signed in.")),
        }
    }
}

/// The secret of the session that the request came with.
#[derive(Clone)]
pub(crate) struct SessionCookie(pub(crate) Arc<str>);

impl SessionCookie {
    /// The header that gives a browser its session until `expires_at`.
    pub(crate) fn set(secret: &str, expires_at: Timestamp) -> Option<HeaderValue> {
        let seconds = expires_at.duration_since(Timestamp::now()).as_secs().max(0);
        header(&format!("{COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}"))
    }

    /// The header that takes it away.
    pub(crate) fn remove() -> Option<HeaderValue> {
        header(&format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"))
    }
}

fn header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The session's secret among the cookies of a request (RFC 6265, section 4.2.1).
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE && !value.is_empty()).then_some(value)
    })
}
