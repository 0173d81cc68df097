//! What a request shows to prove who sent it, and the cookie that a browser keeps for that.

use appliance_core::access::Credential;
use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

/// The session cookie's name. The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
pub(crate) const COOKIE: &str = "__Host-anya_session";

/// The secret that a request came with.
pub(crate) enum Presented {
    /// A session's, from the cookie.
    Session(String),
    /// An API key.
    ApiKey(String),
}

impl Presented {
    /// As the domain takes it.
    pub(crate) fn credential(&self) -> Credential<'_> {
        match self {
            Self::Session(secret) => Credential::Session(secret),
            Self::ApiKey(secret) => Credential::ApiKey(secret),
        }
    }

    /// What is said when it is not, or no longer, known.
    pub(super) fn refusal(&self) -> &'static str {
        match self {
            Self::Session(_) => "The session has ended.",
            Self::ApiKey(_) => "The API key is not one of this box, or has expired.",
        }
    }
}

/// The header that gives a browser its session until `expires_at`.
pub(crate) fn set_cookie(secret: &str, expires_at: Timestamp) -> Option<HeaderValue> {
    let seconds = expires_at.duration_since(Timestamp::now()).as_secs().max(0);
    value(&format!("{COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}"))
}

/// The header that takes it away.
pub(crate) fn remove_cookie() -> Option<HeaderValue> {
    value(&format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"))
}

fn value(text: &str) -> Option<HeaderValue> {
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
