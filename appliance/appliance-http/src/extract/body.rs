//! Reading a body, with a bound on its size and on the time it takes.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::problem::{Problem, ProblemResult, Slug};

/// How long a body may take to arrive: long enough for 4 MiB over a bad radio link, short enough
/// that a client which sends a byte a second does not hold a connection for ever.
const ARRIVAL: Duration = Duration::from_secs(60);

/// Reads a body of at most `limit` bytes.
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> ProblemResult<Bytes> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let collected = tokio::time::timeout(ARRIVAL, Limited::new(body, limit).collect())
        .await
        .map_err(|_| {
            let seconds = ARRIVAL.as_secs();
            Problem::new(Slug::InvalidRequest, format!("The body did not arrive within {seconds} seconds."))
        })?
        .map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => too_large(limit),
            None => Problem::new(Slug::InvalidRequest, "The body could not be read to its end."),
        })?;
    Ok(collected.to_bytes())
}

fn too_large(limit: usize) -> Problem {
    let mebibytes = limit >> 20;
    Problem::new(
        Slug::PayloadTooLarge,
        format!("The body is larger than {limit} bytes ({mebibytes} MiB), the most that is taken here."),
    )
}
