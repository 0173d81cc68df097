//! The gate that every request passes.
//!
//! # Design
//!
//! One middleware around the whole router, so that a request is boxed once: it names the request
//! ([`request_id`], [`trace`]), lets in who may come in ([`admission`]), catches panics, writes problem
//! documents and headers, logs one line and counts. Denial is the default: a route is public only when
//! it is on [`admission`]'s list.

mod admission;
mod caller;
mod headers;
mod in_fault;
mod origin;
mod presented;
mod request_id;
mod trace;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::problem::{Problem, Slug, render};
use crate::router::Api;
pub(crate) use admission::{is_api, is_public};
pub(crate) use caller::{Caller, RequestId};
pub(crate) use in_fault::{is_way_out, pass_in_fault};
pub(crate) use origin::is_same_origin;
pub(crate) use presented::{COOKIE, Presented, remove_cookie, set_cookie};

/// Serves one request.
pub(crate) async fn pass(State(api): State<Arc<Api>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id::of(request.headers());
    let trace = trace::of(request.headers());
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        trace_id = trace.as_ref().map(trace::TraceParent::trace_id)
    );
    request.extensions_mut().insert(RequestId::clone(&id));

    async {
        let mut principal = None;
        let served = AssertUnwindSafe(async {
            match admission::admit(&api, &mut request, route.as_ref(), &mut principal) {
                Ok(()) => next.run(request).await,
                Err(problem) => problem.into_response(),
            }
        })
        .catch_unwind()
        .await;
        let mut response = served.unwrap_or_else(|panic| panicked(&*panic));
        finish(&mut response, &id, &path);
        trace::answer(trace.as_ref(), response.headers_mut());
        let took = started.elapsed();
        let status = response.status().as_u16();
        let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
        api.metrics.request(method, route, status, took);
        tracing::info!(
            method,
            route,
            status,
            duration_ms = took.as_secs_f64() * 1e3,
            principal = principal.as_deref(),
            "answered"
        );
        response
    }
    .instrument(span)
    .await
}

/// Writes the problem document where there is a problem, and the headers.
fn finish(response: &mut Response, id: &str, path: &str) {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED && response.extensions().get::<Problem>().is_none()
    {
        let detail = "This address does not take that method.";
        response.extensions_mut().insert(Problem::new(Slug::MethodNotAllowed, detail));
    }
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        render(&problem, id, path, response);
    }
    headers::secure(response.headers_mut());
    request_id::answer(id, response.headers_mut());
}

/// A panic is a fault of the box: logged, and told as nothing but that.
fn panicked(panic: &(dyn std::any::Any + Send)) -> Response {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("without a text"), "a request's handler panicked");
    Problem::new(Slug::Internal, "Something in the box failed; its log says what.").into_response()
}

/// The method's name as a label; methods that HTTP does not define share one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
