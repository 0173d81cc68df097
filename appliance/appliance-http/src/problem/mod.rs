//! Problems: how every failure is told to a client (RFC 9457).
//!
//! # Design
//!
//! - A handler fails with a [`Problem`]. As a response it is a status with an empty body and the
//!   problem beside it; the outermost middleware, which knows the request id and the path, writes
//!   the document (see [`document`]). So there is one place that does, whoever failed.
//! - What went wrong inside the box is logged where the problem is made ([`Problem::internal`]) and
//!   never told to the client.

mod document;
mod from_access;
mod from_inference;
mod from_keys;
mod from_node;
mod from_storage;
mod from_update;
mod from_volume;
mod slug;

use std::error::Error;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

pub use document::{FieldError, OpenAiError, ProblemDocument};
pub(crate) use document::{openai_error, render};
pub use slug::Slug;

/// A failure, as it is told to a client.
#[derive(Clone, Debug)]
pub struct Problem {
    slug: Slug,
    detail: String,
    next: Option<Box<str>>,
    errors: Vec<FieldError>,
    code: Option<&'static str>,
    reason: Option<Box<str>>,
    retry_after_seconds: Option<u64>,
}

/// What handlers return.
pub(crate) type ProblemResult<T> = Result<T, Problem>;

impl Problem {
    /// A problem; `detail` says in plain words what happened, and is shown to the client.
    pub fn new(slug: Slug, detail: impl Into<String>) -> Self {
        Self {
            slug,
            detail: detail.into(),
            next: None,
            errors: Vec::new(),
            code: None,
            reason: None,
            retry_after_seconds: None,
        }
    }

    /// A field that is wrong, and why: `reason` continues the field's name, as in “`label` is empty”.
    pub fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        let (field, reason) = (field.into(), reason.into());
        Self::new(Slug::InvalidRequest, format!("`{field}` {reason}.")).with_error(field, reason)
    }

    /// A field whose value is not offered.
    pub fn unsupported_field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        let (field, reason) = (field.into(), reason.into());
        Self::new(Slug::Unsupported, format!("`{field}` {reason}.")).with_error(field, reason)
    }

    /// A fault of the box: the cause goes to the log, with the request's id, and never to the client.
    pub fn internal(operation: &str, error: &(dyn Error + 'static)) -> Self {
        tracing::error!(operation, error = %chain(error), "a request failed inside the box");
        Self::new(Slug::Internal, "Something in the box failed; its log says what.")
    }

    /// The same with another cure than the kind's usual one.
    #[must_use]
    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into().into_boxed_str());
        self
    }

    /// The same with one more wrong field.
    #[must_use]
    pub fn with_error(mut self, field: impl Into<String>, reason: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), reason: reason.into() });
        self
    }

    /// The same with the `code` that OpenAI's clients look for.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The same with its particular reason in one stable word, for programs.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into().into_boxed_str());
        self
    }

    /// The same with a `Retry-After` header.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Its kind.
    pub fn slug(&self) -> Slug {
        self.slug
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.slug.status().into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.slug == Slug::Unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// An error and all that is beneath it, in one line, for the log.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
