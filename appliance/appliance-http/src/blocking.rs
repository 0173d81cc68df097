//! Running the domain's blocking calls off the threads that serve connections.

use tracing::Span;

use crate::problem::{Problem, ProblemResult, Slug};

/// Runs a call on one of tokio's blocking threads, its log lines in the request's span. A panic in it is
/// an internal problem of this request only.
pub(crate) async fn run<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> ProblemResult<T> {
    let span = Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(call)).await.map_err(|error| {
        if error.is_panic() {
            Problem::internal("run a call", &error)
        } else {
            Problem::new(Slug::Unavailable, "The box is stopping.")
        }
    })
}
