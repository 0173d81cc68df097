//! Doing a request once, however often it is sent (`Idempotency-Key`).

use std::sync::Arc;

use appliance_core::audit::Who;
use appliance_core::keys::{Begun, Idempotency, IdempotentRequest, StoredAnswer};
use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use crate::blocking;
use crate::problem::{Problem, ProblemResult, Slug, chain};
use crate::router::Api;

const NAME: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key, bytes.
const MAX: usize = 128;

/// A request, and the key it carries when it is to be done once.
pub(super) struct Once(Option<IdempotentRequest>);

impl Once {
    /// Reads the key. `route` is the request's method and path; the same key with another `body` or route
    /// is refused later.
    pub(super) fn new(
        headers: &HeaderMap,
        who: &Who,
        route: &str,
        body: &impl Serialize,
    ) -> ProblemResult<Self> {
        let Some(value) = headers.get(NAME) else { return Ok(Self(None)) };
        let key = value.to_str().ok().filter(|key| is_sane(key)).ok_or_else(|| {
            Problem::field("Idempotency-Key", format!("has to have 1 to {MAX} visible ASCII characters"))
        })?;
        // Hashed as read and written again, so that spaces and the order of fields make no difference.
        let body = serde_json::to_vec(body).map_err(|error| Problem::internal("write a request", &error))?;
        let mut body_hash = [0; 32];
        body_hash.copy_from_slice(digest(&SHA256, &body).as_ref());
        Ok(Self(Some(IdempotentRequest {
            actor: who.to_string(),
            key: key.to_owned(),
            route: route.to_owned(),
            body_hash,
        })))
    }

    /// Does the request, unless it was done already: then its answer is given again.
    pub(super) async fn run(
        self,
        api: Arc<Api>,
        act: impl FnOnce(&Api) -> ProblemResult<StoredAnswer> + Send + 'static,
    ) -> ProblemResult<Response> {
        let answer = blocking::run(move || match self.0 {
            None => act(&api),
            Some(request) => once(&*api.services.idempotency, request, || act(&api)),
        });
        respond(answer.await??)
    }
}

fn is_sane(key: &str) -> bool {
    (1..=MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

fn once(
    idempotency: &dyn Idempotency,
    request: IdempotentRequest,
    act: impl FnOnce() -> ProblemResult<StoredAnswer>,
) -> ProblemResult<StoredAnswer> {
    match idempotency.begin(&request, Timestamp::now())? {
        Begun::Done(answer) => Ok(answer),
        Begun::InProgress => {
            let detail = "The same request, with the same `Idempotency-Key`, is being done.";
            let next = "Send it again in a moment for its answer.";
            Err(Problem::new(Slug::Conflict, detail).with_next(next).with_retry_after(1))
        }
        Begun::Reused => {
            let detail = "This `Idempotency-Key` came with another request before.";
            Err(Problem::new(Slug::IdempotencyKeyReused, detail))
        }
        Begun::New => {
            let mut progress = Progress { idempotency, request, finished: false };
            let answer = act()?;
            progress.finish(&answer);
            Ok(answer)
        }
    }
}

/// A request in progress; forgotten when it ends without an answer, by a failure or a panic.
struct Progress<'a> {
    idempotency: &'a dyn Idempotency,
    request: IdempotentRequest,
    finished: bool,
}

impl Progress<'_> {
    /// Keeps the answer. What was done is done: a failure here is only logged, and a repetition is told
    /// that the request is in progress.
    fn finish(&mut self, answer: &StoredAnswer) {
        self.finished = true;
        if let Err(error) = self.idempotency.finish(&self.request, answer) {
            tracing::error!(error = %chain(&error), "an answer cannot be kept for repetitions");
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if !self.finished
            && let Err(error) = self.idempotency.abandon(&self.request)
        {
            tracing::error!(error = %chain(&error), "a failed request cannot be forgotten");
        }
    }
}

fn respond(answer: StoredAnswer) -> ProblemResult<Response> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response =
        (status, [(header::CONTENT_TYPE, answer.content_type)], Body::from(answer.body)).into_response();
    if let Some(location) = answer.location {
        let value = location.parse().map_err(|error| Problem::internal("name the new address", &error))?;
        response.headers_mut().insert(header::LOCATION, value);
    }
    Ok(response)
}
