//! The gate of fault mode: the same id, headers, problems and log line, and nobody to sign in.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;

use super::{RequestId, finish, method_name, origin, panicked, request_id};
use crate::problem::{Problem, Slug};

/// The routes that need no sign-in in fault mode, beside those that never do.
const WAYS_OUT: [&str; 3] = ["/api/v1/storage/unlock", "/api/v1/storage/erase", "/api/v1/system/restart"];

/// Whether this is a way out of a fault, which fault mode alone offers.
pub(crate) fn is_way_out(method: &Method, route: &str) -> bool {
    method == Method::POST && WAYS_OUT.contains(&route)
}

/// Serves one request.
pub(crate) async fn pass_in_fault(mut request: Request, next: Next) -> Response {
    let id = request_id::of(request.headers());
    let method = method_name(request.method());
    let path = request.uri().path().to_owned();
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let foreign = changes && !origin::is_not_foreign(request.uri(), request.headers());
    request.extensions_mut().insert(RequestId::clone(&id));
    let span = tracing::info_span!("request", request_id = %id);
    async {
        let mut response = if foreign {
            Problem::new(Slug::CrossOriginRequest, "The request comes from another site's page.")
                .into_response()
        } else {
            let served = AssertUnwindSafe(next.run(request)).catch_unwind().await;
            served.unwrap_or_else(|panic| panicked(&*panic))
        };
        finish(&mut response, &id, &path);
        tracing::info!(method, status = response.status().as_u16(), "answered in fault mode");
        response
    }
    .instrument(span)
    .await
}
